"""UnsupportedAliasError: a call that writes into `y`
  call_that_writes.py:18, in f
   18 |     clear(y)
      |     ^^^^^^^^
  why:      the function writes into its argument, and what it writes is read after the call
  instead:  let the function copy its argument first, and return what it has written
"""

import numpy as np


def clear(y):
    y[0] = 0.0


def f(x):
    y = x * 2.0
    clear(y)
    return np.sum(y * x)


ARGS = (np.ones(3),)
