"""UnsupportedSyntaxError: `return` inside `finally`
  return_in_finally.py:13, in f
   13 |     return x
      |     ^^^^^^^^
  why:      it would swallow an exception that is on its way
  instead:  `return` behind the `try`
"""

def f(x):
    try:
        y = 1.0 / x
    finally:
        return x


ARGS = (1.0,)
