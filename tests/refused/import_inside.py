"""UnsupportedSyntaxError: an `import` inside a differentiated function
  import_inside.py:10, in f
   10 |     import math
      |     ^^^^^^^^^^^
  why:      the derivative of what it brings is looked up before the function runs
  instead:  move the import to the top of the module
"""

def f(x):
    import math

    return math.sin(x)


ARGS = (1.0,)
