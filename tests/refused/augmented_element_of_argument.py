"""UnsupportedAliasError: `w *= 2.0` changes in place a value (ndarray) that has another name
  why:      the other name sees the change, and the derivative would be wrong without any sign
  instead:  w = w * 2.0
"""

import numpy as np


def f(ws):
    w = ws[0]
    w *= 2.0
    return np.sum(w)


ARGS = ([np.ones(3)],)
