"""UnsupportedSyntaxError: `return` inside `try`
  return_in_try.py:11, in f
   11 |     return x * int(n)
      |     ^^^^^^^^^^^^^^^^^
  why:      the backward sweep does not know which of its statements have run
  instead:  assign a name inside the `try`, and `return` behind it
"""

def f(x, n):
    try:
        return x * int(n)
    except ValueError:
        return x


ARGS = (1.0, "2")
