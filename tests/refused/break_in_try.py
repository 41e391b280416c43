"""UnsupportedSyntaxError: `break` inside `try`
  break_in_try.py:13, in f
   13 |     break
      |     ^^^^^
  why:      the backward sweep does not know which of its statements have run
  instead:  assign a name inside the `try`, and `break` behind it
"""

def f(x, names):
    for name in names:
        try:
            n = int(name)
            break
        except ValueError:
            n = 0
    return x * n


ARGS = (1.0, ["2"])
