"""UnsupportedSyntaxError: `try` around the differentiated value `y`
  active_value_in_try.py:10, in f
   10 |     try:
      |     ^^^^
  why:      which of its statements ran is not known to the backward part
  instead:  test for the failure with `if` before, or keep only code without derivative in the `try`
"""

def f(x):
    try:
        y = 1.0 / x
    except ZeroDivisionError:
        y = x
    return y * 2.0


ARGS = (1.0,)
