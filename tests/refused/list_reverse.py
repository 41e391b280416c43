"""UnsupportedAliasError: `ys.reverse(...)` changes `ys` in place
  list_reverse.py:11, in f
   11 |     ys.reverse()
      |     ^^^^^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  ys = ys[::-1]
"""

def f(xs):
    ys = [x * x for x in xs]
    ys.reverse()
    return ys[0]


ARGS = ([1.0, 2.0],)
