"""UnsupportedSyntaxError: `del` in a differentiated function
  delete_name.py:12, in f
   12 |     del y
      |     ^^^^^
  why:      the backward sweep may need the value again
  instead:  leave the name alone, or build a container without the element
"""

def f(x):
    y = x * x
    z = y * 2.0
    del y
    return z


ARGS = (1.0,)
