"""x
x
x
x
x
x
"""

def f(x):
    y = x * 2.0
    print(end="")


ARGS = (1.0,)
