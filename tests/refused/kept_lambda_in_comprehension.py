"""UnsupportedSyntaxError: a lambda that is kept, made in a comprehension
  kept_lambda_in_comprehension.py:10, in f
   10 |     steps = [lambda y: y * i for i in range(3)]
      |              ^^^^^^^^^^^^^^^
  why:      it reads a variable of the comprehension, which goes on changing
  instead:  write a function that makes the lambda, and call it in the comprehension
"""

def f(x):
    steps = [lambda y: y * i for i in range(3)]
    return steps[0](x)


ARGS = (1.0,)
