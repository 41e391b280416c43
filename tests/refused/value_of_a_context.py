"""UnsupportedSyntaxError: `with` binds the differentiated value `y`
  value_of_a_context.py:21, in f
   21 |     with Scale(x) as y:
      |          ^^^^^^^^
  why:      what the context manager makes of it is not followed
  instead:  write the context manager as a generator with `contextlib.contextmanager`
"""

class Scale:
    def __init__(self, x):
        self.x = x

    def __enter__(self):
        return self.x * 3.0

    def __exit__(self, *error):
        return None


def f(x):
    with Scale(x) as y:
        z = y * x
    return z


ARGS = (1.0,)
