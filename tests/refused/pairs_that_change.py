"""UnsupportedSyntaxError: a loop over `itertools.pairwise(x)` that changes what it may go through
  pairs_that_change.py:15, in f
   15 |     for a, b in itertools.pairwise(x):
      |                 ^^^^^^^^^^^^^^^^^^^^^
  why:      what it sees depends on when each of its elements is read
  instead:  loop over indices, and compute the elements in the loop
"""
import itertools

import numpy as np


def f(x):
    s = 0.0
    for a, b in itertools.pairwise(x):
        x[2] = a * b
        s = s + a * b
    return s


ARGS = (np.ones(4),)
