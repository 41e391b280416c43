"""SourceNotFoundError: no source for `fft`
  why:      it is not written in Python
  instead:  call it in a function of your own: `lambda x: f(x)`
"""

import numpy as np


def f(x):
    return np.sum(np.abs(np.fft.fft(x)))


ARGS = (np.ones(3),)
