"""UnsupportedSyntaxError: `yield` in a differentiated function
  yield_from_in_helper.py:10, in parts
   10 |     yield from [x, x * 2.0]
      |     ^^^^^^^^^^^^^^^^^^^^^^^
  why:      a generator stops between values; the backward sweep needs the whole run
  instead:  append the values to a list and return the list
"""

def parts(x):
    yield from [x, x * 2.0]


def f(x):
    return sum(parts(x))


ARGS = (1.0,)
