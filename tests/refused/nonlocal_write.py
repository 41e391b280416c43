"""UnsupportedSyntaxError: `nonlocal` in a differentiated function
  nonlocal_write.py:13, in f
   13 |     nonlocal total
      |     ^^^^^^^^^^^^^^
  why:      a write to a name of the function around it is not seen where that name is read
  instead:  return the value, and assign it in the function around
"""

def f(x):
    total = 0.0

    def add(y):
        nonlocal total
        total = total + y
        return total

    return add(x) + total


ARGS = (1.0,)
