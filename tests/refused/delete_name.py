"""UnsupportedSyntaxError: `y` may be read after `del y`
  delete_name.py:12, in f
   12 |     del y
      |     ^^^^^
  why:      whether it still has a value there is not known before the function runs
  instead:  leave out the `del`, or bind `y` again before it is read
"""

def f(x):
    y = x * x
    z = y * 2.0
    del y
    return z * y  # noqa: F821


ARGS = (1.0,)
