"""UnsupportedAliasError: `ys.sort(...)` changes `ys` in place
  list_sort.py:11, in f
   11 |     ys.sort()
      |     ^^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  ys = np.sort(ys), or np.sort(np.array(ys)) for a list
"""

def f(xs):
    ys = [x * x for x in xs]
    ys.sort()
    return ys[0]


ARGS = ([1.0, 2.0],)
