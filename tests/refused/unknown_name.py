"""x
x
x
x
x
x
"""

def f(x):
    return x * scale


ARGS = (1.0,)
