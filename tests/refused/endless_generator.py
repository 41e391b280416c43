"""UnsupportedSyntaxError: a generator without an end
  endless_generator.py:9, in parts
   9 |     def parts(x):
     |     ^^^^^^^^^^^^^
  why:      its values do not make a list
  instead:  append the values to a list and return the list
"""

def parts(x):
    while True:
        yield x
        x = x * 0.5


def f(x):
    return sum(a for a, _ in zip(parts(x), range(3)))  # noqa: B905


ARGS = (1.0,)
