"""NotDifferentiableError: a derivative with respect to `x`, which is an array of dtype int64
  integer_array.py:12, in f
   12 |     def f(x):
      |           ^
  why:      only floating-point numbers and NumPy or CuPy arrays of them have a gradient
  instead:  pass `x.astype(float)`
"""

import numpy as np


def f(x):
    return np.sum(x)


ARGS = (np.array([1, 2]),)
