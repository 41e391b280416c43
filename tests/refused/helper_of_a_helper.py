"""UnsupportedAliasError: `y.sort(...)` changes `y` in place
  helper_of_a_helper.py:13, in inner
   13 |     y.sort()
      |     ^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  y = np.sort(y), or np.sort(np.array(y)) for a list
"""

import numpy as np


def inner(y):
    y.sort()
    return y


def outer(y):
    return inner(y * 2.0)


def f(x):
    return np.sum(outer(x))


ARGS = (np.ones(3),)
