"""UnsupportedSyntaxError: `exec` in a differentiated function
  exec_call.py:10, in f
   10 |     exec("y = x * 2.0")
      |     ^^^^^^^^^^^^^^^^^^^
  why:      what it runs is not known before the function runs
  instead:  write out what is computed
"""

def f(x):
    exec("y = x * 2.0")
    return x


ARGS = (1.0,)
