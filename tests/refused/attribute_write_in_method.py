"""MissingAdjointError: no derivative rule for `.scaled`
  attribute_write_in_method.py:26, in f
   26 |     return counter.scaled(x)
      |            ^^^^^^^^^^^^^^^^^
  why:      it has neither a rule nor Python source that could be differentiated, and a differentiated value goes into it
  instead:  give it a rule:
            @adjoint(.scaled)
            def scaled_adjoint(x, *, y, d_y):
                d_x = d_y * ...
                return d_x
"""

class Counter:
    def __init__(self):
        self.count = 0

    def scaled(self, x):
        self.count += 1
        return x * self.count


counter = Counter()


def f(x):
    return counter.scaled(x)


ARGS = (1.0,)
