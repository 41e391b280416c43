"""UnsupportedSyntaxError: a value taken from the exception `error`
  value_of_an_exception.py:15, in f
   15 |     y = error.args[0]
      |         ^^^^^
  why:      what an exception carries is not followed to where it was raised
  instead:  keep the value in a name before the exception is raised
"""

def f(x):
    try:
        if x > 0.0:
            raise ValueError(x * x)
        y = x
    except ValueError as error:
        y = error.args[0]
    return y


ARGS = (1.0,)
