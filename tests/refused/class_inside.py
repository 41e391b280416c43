"""UnsupportedSyntaxError: a class defined inside a differentiated function
  class_inside.py:10, in f
   10 |     class Layer:
      |     ^^^^^^^^^^^^
  why:      the derivative of what its methods do cannot be followed
  instead:  define the class outside of the function
"""

def f(x):
    class Layer:
        weight = x

    return Layer.weight * 2.0


ARGS = (1.0,)
