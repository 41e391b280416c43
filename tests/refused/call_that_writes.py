"""UnsupportedAliasError: a call that writes into `z`
  call_that_writes.py:22, in f
   22 |     clear(y)
      |     ^^^^^^^^
  why:      the function writes into its argument, and what it writes is read after the call
  instead:  let the function copy its argument first, and return what it has written
"""

import numpy as np


def clear(y):
    y[0] = 0.0


def f(x):
    y = x * 2.0
    if x[0] > 0.0:
        z = y[1:]
    else:
        z = y[:-1]
    clear(y)
    return np.sum(y * z)


ARGS = (np.ones(1),)
