"""MissingAdjointError: `floor` has no derivative
  why:      its result does not change smoothly
  instead:  differentiate a function of real numbers
"""

import numpy as np

f = np.floor

ARGS = (1.5,)
