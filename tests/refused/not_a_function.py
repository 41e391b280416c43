"""NotDifferentiableError: 3.0 cannot be differentiated
  why:      it is no function, its type is `float`
  instead:  pass a function, a method or an object with __call__
"""

f = 3.0

ARGS = (1.5,)
