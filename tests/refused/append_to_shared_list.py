"""UnsupportedAliasError: `ys.append(...)` on a list that has a second name
  append_to_shared_list.py:12, in f
   12 |     ys.append(x * 2.0)
      |     ^^^^^^^^^^^^^^^^^^
  why:      other names may stand for the same list, and would see the change
  instead:  copy it where it gets its second name: list(ys)
"""

def f(x):
    ys = [x]
    zs = ys
    ys.append(x * 2.0)
    return sum(zs)


ARGS = (1.0,)
