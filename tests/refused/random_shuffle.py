"""UnsupportedAliasError: `np.random.shuffle` changes its argument in place
  random_shuffle.py:13, in f
   13 |     np.random.shuffle(x)
      |     ^^^^^^^^^^^^^^^^^^^^
  why:      other names may stand for the same array, and would see the change
  instead:  order = np.random.permutation(len(x)), then x = x[order]
"""

import numpy as np


def f(x):
    np.random.shuffle(x)
    return x[0]


ARGS = (np.ones(3),)
