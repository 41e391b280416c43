"""NotDifferentiableError: argnums=1 is not a parameter of `f`
  star_parameter_by_position.py:12, in f
   12 |     def f(*xs):
      |         ^
  why:      its parameters are: 0 is `xs`
  instead:  count from 0, or give the name: wrt='xs'
"""

from knetsrc import grad


def f(*xs):
    return xs[0] * xs[1]


def run():
    grad(f, argnums=1)(1.0, 2.0)
