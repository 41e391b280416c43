"""MissingAdjointError: a call of `net`, which is differentiated
  call_of_an_argument.py:14, in f
   14 |     return np.sum(net(x) ** 2)
      |                   ^^^^^^
  why:      what the call does is known when there is a value for `net`
  instead:  call the gradient first, and ask for its source then, or annotate: net: Model, a class from which no other is derived
"""

import numpy as np
from knetsrc import grad


def f(net, x):
    return np.sum(net(x) ** 2)


def run():
    return grad(f).source
