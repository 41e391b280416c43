"""SourceNotFoundError: no source for `Model`
  why:      it is a class
  instead:  write a function that makes the object and computes with it
"""

class Model:
    def __init__(self, x):
        self.x = x


f = Model

ARGS = (1.5,)
