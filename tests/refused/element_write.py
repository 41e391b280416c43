"""UnsupportedAliasError: a write into `y[0]`, which `z` may see
  element_write.py:18, in f
   18 |     y[0] = x[1]
      |     ^^^^
  why:      `z` may share memory with `y`, and is read after the write
  instead:  give `z` a copy where it is bound: z = ....copy()
"""

import numpy as np


def f(x):
    y = x * 2.0
    if x[0] > 0.0:
        z = y[1:]
    else:
        z = y[:-1]
    y[0] = x[1]
    return np.sum(y * x) + np.sum(z)


ARGS = (np.ones(3),)
