"""UnsupportedSyntaxError: `global` in a differentiated function
  global_write.py:13, in f
   13 |     global total
      |     ^^^^^^^^^^^^
  why:      a write to a global name outlives the call, and its derivative would be lost
  instead:  return the value, and let the caller keep it
"""

total = 0.0


def f(x):
    global total
    total = x * x
    return total


ARGS = (1.0,)
