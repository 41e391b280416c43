"""UnsupportedSyntaxError: a loop over `parts(x)` that may end early
  generator_that_ends_early.py:16, in f
   16 |     for part in parts(x):
      |                 ^^^^^^^^
  why:      how far the generator has come is not known to the backward sweep
  instead:  append the values to a list and return the list
"""

def parts(x):
    for part in [x, x * 2.0]:
        yield part
    yield x * x


def f(x):
    for part in parts(x):
        if part > 1.0:
            return part
    return x


ARGS = (1.0,)
