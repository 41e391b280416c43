"""UnsupportedSyntaxError: `ys.append(...)` inside an expression
  append_in_expression.py:11, in f
   11 |     return x * 2.0 if ys.append(x) is None else x
      |                       ^^^^^^^^^^^^
  why:      it changes the list while the expression is being evaluated
  instead:  write it as a statement of its own
"""

def f(x):
    ys = []
    return x * 2.0 if ys.append(x) is None else x


ARGS = (1.0,)
