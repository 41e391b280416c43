"""NotDifferentiableError: argnums=1 is not a parameter of `f`
  argnums_out_of_range.py:12, in f
   12 |     def f(x):
      |         ^
  why:      its parameters are: 0 is `x`
  instead:  count from 0, or give the name: wrt='x'
"""

from knetsrc import grad


def f(x):
    return x * 2.0


def run():
    grad(f, argnums=1)(1.0)
