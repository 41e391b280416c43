"""UnsupportedAliasError: `out=` in a call of `np.multiply`
  out_argument.py:14, in f
   14 |     np.multiply(x, 2.0, out=y)
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^
  why:      other names may stand for the same array, and would see the change
  instead:  assign: y = np.multiply(...)
"""

import numpy as np


def f(x):
    y = np.empty(3)
    np.multiply(x, 2.0, out=y)
    return np.sum(y)


ARGS = (np.ones(3),)
