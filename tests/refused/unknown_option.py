"""UnsupportedSyntaxError: `np.var` with the argument `where`
  unknown_option.py:13, in f
   13 |     return np.var(x, where=[True, False, True])
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  why:      its derivative rule supports `a`, `axis`, `ddof`, `keepdims` only
  instead:  leave `where` out, or write what it does as an operation of its own
"""

import numpy as np


def f(x):
    return np.var(x, where=[True, False, True])


ARGS = (np.ones(3),)
