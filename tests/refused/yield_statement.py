"""UnsupportedSyntaxError: `yield` in a differentiated function
  yield_statement.py:11, in f
   11 |     yield x * i
      |     ^^^^^^^^^^^
  why:      a generator stops between values; the backward sweep needs the whole run
  instead:  append the values to a list and return the list
"""

def f(x):
    for i in range(3):
        yield x * i


ARGS = (1.0,)
