"""x
x
x
x
x
x
"""

def f(x):
    return int(x) * 2


ARGS = (1.0,)
