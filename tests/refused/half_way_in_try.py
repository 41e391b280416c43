"""UnsupportedSyntaxError: a failure may leave `s` half-way
  half_way_in_try.py:12, in f
   12 |     for i in range(4):
      |     ^^^^^^^^^^^^^^^^^^
  why:      how much of it has been done when it fails is not known
  instead:  compute the values inside the `try`, and assign them behind it
"""

def f(x):
    s = 0.0
    try:
        for i in range(4):
            s = s + x / i
    except ZeroDivisionError:
        s = s * 2.0
    return s


ARGS = (1.0,)
