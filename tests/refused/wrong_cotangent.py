"""StructureError: `[0]` of the cotangent is an array of shape (2,), the value there is an array of shape (3,)
  why:      a cotangent has one number for each number of the value that it belongs to
  instead:  pass the structure that the function returned, with arrays of the same shapes
"""

import numpy as np

from knetsrc import vjp


def f(x):
    return x * 2.0, np.sum(x)


def run():
    vjp(f, np.ones(3))[1]((np.ones(2), 1.0))
