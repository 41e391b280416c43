"""UnsupportedSyntaxError: `np.median` with the argument `overwrite_input`
  unknown_option.py:13, in f
   13 |     return np.median(x, overwrite_input=True)
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  why:      its derivative rule supports `a`, `axis`, `keepdims` only
  instead:  leave `overwrite_input` out, or write what it does as an operation of its own
"""

import numpy as np


def f(x):
    return np.median(x, overwrite_input=True)


ARGS = (np.ones(3),)
