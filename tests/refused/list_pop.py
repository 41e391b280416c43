"""UnsupportedAliasError: `ys.pop(...)` changes `ys` in place
  list_pop.py:12, in f
   12 |     last = ys.pop()
      |            ^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  take the element and a shorter list: last, ys = ys[-1], ys[:-1]
"""

def f(xs):
    ys = [x * x for x in xs]
    table = {"ys": ys}
    last = ys.pop()
    return last * sum(table["ys"])


ARGS = ([1.0, 2.0],)
