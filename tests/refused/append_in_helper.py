"""UnsupportedAliasError: `ys.append(...)` on a list that was not made in this function
  append_in_helper.py:10, in add
   10 |     ys.append(y)
      |     ^^^^^^^^^^^^
  why:      other names may stand for the same list, and would see the change
  instead:  append to a copy: new = list(ys), then new.append(...)
"""

def add(ys, y):
    ys.append(y)


def f(x):
    ys = []
    add(ys, x * 2.0)
    return ys[0]


ARGS = (1.0,)
