"""x
x
x
x
x
x
"""

import functools


@functools.lru_cache
def square(x):
    return x * x


def f(x):
    return square(x)


ARGS = (1.0,)
