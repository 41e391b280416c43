"""UnsupportedSyntaxError: an iterator that is kept
  kept_iterator.py:10, in f
   10 |     pairs = zip([x, x * x], [2.0, 3.0])  # noqa: B905
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  why:      how far it has been gone through is not known where it is read
  instead:  make a list of it, with `list(...)`
"""

def f(x):
    pairs = zip([x, x * x], [2.0, 3.0])  # noqa: B905
    s = sum(a * b for a, b in pairs)
    return s + sum(a * b for a, b in pairs)


ARGS = (1.0,)
