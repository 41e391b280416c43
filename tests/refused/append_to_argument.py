"""UnsupportedAliasError: `ys.append(...)` on a list that was not made in this function
  append_to_argument.py:10, in f
   10 |     ys.append(x * 2.0)
      |     ^^^^^^^^^^^^^^^^^^
  why:      other names may stand for the same list, and would see the change
  instead:  append to a copy: new = list(ys), then new.append(...)
"""

def f(x, ys):
    ys.append(x * 2.0)
    return sum(ys)


ARGS = (1.0, [2.0])
