"""x
x
x
x
x
x
"""

def f(x):
    return divmod(x, 2.0)[1]


ARGS = (1.0,)
