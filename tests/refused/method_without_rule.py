"""MissingAdjointError: no derivative rule for `.tobytes`
  method_without_rule.py:17, in f
   17 |     return float(x.tobytes()[0]) + np.sum(x.tolist())
      |                  ^^^^^^^^^^^
  why:      it has neither a rule nor Python source that could be differentiated, and a differentiated value goes into it
  instead:  give it a rule:
            @adjoint(.tobytes)
            def tobytes_adjoint(x, *, y, d_y):
                d_x = d_y * ...
                return d_x
"""

import numpy as np


def f(x):
    return float(x.tobytes()[0]) + np.sum(x.tolist())


ARGS = (np.ones(3),)
