"""UnsupportedAliasError: `rng.shuffle(...)` changes `rng` in place
  generator_shuffle.py:15, in f
   15 |     rng.shuffle(y)
      |     ^^^^^^^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  order = rng.permutation(len(x)), then x = x[order]
"""

import numpy as np


def f(x):
    rng = np.random.default_rng(0)
    y = x * 2.0
    rng.shuffle(y)
    return y[0]


ARGS = (np.ones(3),)
