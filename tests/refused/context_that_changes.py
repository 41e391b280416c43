"""UnsupportedSyntaxError: `with` of a context manager that may change what is differentiated
  context_that_changes.py:22, in f
   22 |     with damped:
      |          ^^^^^^
  why:      what happens where its block is entered and left is not followed
  instead:  call what makes the changes, before the block and after it
"""

class Damped:
    def __init__(self, c):
        self.c = c

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.c = self.c * 0.5


def f(x):
    damped = Damped(x)
    with damped:
        s = damped.c * x
    return s + damped.c


ARGS = (1.0,)
