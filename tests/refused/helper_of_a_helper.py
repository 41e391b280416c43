"""UnsupportedAliasError: a write into an element: `y[0]`
  helper_of_a_helper.py:13, in inner
   13 |     y[0] = 0.0
      |     ^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  build a new one: append to a list, or np.where(mask, value, y)
"""

import numpy as np


def inner(y):
    y[0] = 0.0
    return y


def outer(y):
    return inner(y * 2.0)


def f(x):
    return np.sum(outer(x))


ARGS = (np.ones(3),)
