"""NotDifferentiableError: wrt='weight' is not a parameter of `f`
  unknown_wrt.py:12, in f
   12 |     def f(weights, x):
      |         ^
  why:      its parameters are: 0 is `weights`, 1 is `x`
  instead:  count from 0, or give the name: wrt='weights'
"""

from knetsrc import grad


def f(weights, x):
    return weights * x


def run():
    grad(f, wrt="weight")(1.0, 2.0)
