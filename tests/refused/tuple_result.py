"""NonScalarOutputError: `f` returns a tuple of length 2
  tuple_result.py:9, in f
   9 |     def f(x):
     |         ^
  why:      grad needs a scalar result: a single real number
  instead:  reduce the result to one number, or use vjp
"""

def f(x):
    return x * 2.0, x


ARGS = (1.0,)
