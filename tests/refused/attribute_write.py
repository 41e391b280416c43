"""UnsupportedAliasError: a write to the attribute `model.state`
  attribute_write.py:17, in f
   17 |     model.state = x * 2.0
      |     ^^^^^^^^^^^
  why:      other names may stand for the same object, and would see the change
  instead:  keep the value in a name, and return it: state = ...
"""

class Model:
    state = 0.0


model = Model()


def f(x):
    model.state = x * 2.0
    return model.state * x


ARGS = (1.0,)
