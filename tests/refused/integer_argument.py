"""NotDifferentiableError: a derivative with respect to `x`, which is the int 3
  integer_argument.py:9, in f
   9 |     def f(x):
     |           ^
  why:      only floating-point numbers and NumPy or CuPy arrays of them have a gradient
  instead:  pass the float 3.0
"""

def f(x):
    return x * 2.0


ARGS = (3,)
