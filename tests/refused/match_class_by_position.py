"""UnsupportedSyntaxError: a class pattern with parts by position
  match_class_by_position.py:16, in f
   16 |     case Box(size):
      |          ^^^^^^^^^
  why:      which attributes they stand for is not known while transforming
  instead:  name the attributes: Point(x=x, y=y)
"""

class Box:
    def __init__(self, size):
        self.size = size


def f(x, box):
    match box:
        case Box(size):
            return x * size
    return x


ARGS = (1.0, Box(2.0))
