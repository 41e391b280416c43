"""UnsupportedSyntaxError: `eval` in a differentiated function
  eval_call.py:10, in f
   10 |     return eval("x * 2.0")
      |            ^^^^^^^^^^^^^^^
  why:      what it evaluates is not known before the function runs
  instead:  write out what is computed
"""

def f(x):
    return eval("x * 2.0")


ARGS = (1.0,)
