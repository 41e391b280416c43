"""MissingAdjointError: `len` has no derivative
  why:      its result does not change smoothly
  instead:  differentiate a function of real numbers
"""

f = len

ARGS = ([1.0],)
