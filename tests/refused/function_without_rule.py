"""SourceNotFoundError: no source for `unwrap`
  why:      it is not written in Python
  instead:  call it in a function of your own: `lambda x: f(x)`
"""

import numpy as np


def f(x):
    return np.sum(np.unwrap(x))


ARGS = (np.ones(3),)
