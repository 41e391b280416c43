"""UnsupportedSyntaxError: `except*` in a differentiated function
  except_star.py:10, in f
   10 |     try:
      |     ^^^^
  why:      several of its handlers may run, one after the other
  instead:  write `except`
"""

def f(x):
    try:
        n = 2
    except* ValueError:
        n = 3
    return x * n


ARGS = (1.0,)
