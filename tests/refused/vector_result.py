"""NonScalarOutputError: `f` returns an array of shape (3,)
  vector_result.py:12, in f
   12 |     def f(x):
      |         ^
  why:      grad needs a scalar result: a single real number
  instead:  reduce the result to one number, or use vjp
"""

import numpy as np


def f(x):
    return x * 2.0


ARGS = (np.ones(3),)
