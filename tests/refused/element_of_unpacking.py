"""UnsupportedAliasError: a write into an element: `pair[0]`
  element_of_unpacking.py:11, in f
   11 |     pair[0], z = x * y, y
      |     ^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  build a new one: append to a list, or np.where(mask, value, pair)
"""

def f(x, y):
    pair = [0.0, 0.0]
    pair[0], z = x * y, y
    return pair[0] * z


ARGS = (1.0, 2.0)
