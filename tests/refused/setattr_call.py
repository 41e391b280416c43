"""UnsupportedSyntaxError: `setattr` in a differentiated function
  setattr_call.py:17, in f
   17 |     setattr(model, "state", x)
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^
  why:      other names may stand for the same object, and would see the change
  instead:  write out what is computed
"""

class Model:
    pass


model = Model()


def f(x):
    setattr(model, "state", x)
    return x * 2.0


ARGS = (1.0,)
