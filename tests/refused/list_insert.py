"""UnsupportedAliasError: `ys.insert(...)` changes `ys` in place
  list_insert.py:11, in f
   11 |     ys.insert(0, x * 2.0)
      |     ^^^^^^^^^^^^^^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  append to a new list, in the order that is wanted: [first], then each of ys
"""

def f(x):
    ys = [x]
    ys.insert(0, x * 2.0)
    return ys[0]


ARGS = (1.0,)
