"""UnsupportedAliasError: `ys.extend(...)` changes `ys` in place
  list_extend.py:11, in f
   11 |     ys.extend([x * 2.0, x * 3.0])
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  append the elements one by one: for v in ...: ys.append(v)
"""

def f(x):
    ys = [x]
    ys.extend([x * 2.0, x * 3.0])
    return sum(ys)


ARGS = (1.0,)
