"""UnsupportedAliasError: `xs.pop(...)` changes `xs` in place
  list_pop.py:10, in f
   10 |     last = xs.pop()
      |            ^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  take the element and a shorter list: last, xs = xs[-1], xs[:-1]
"""

def f(xs):
    last = xs.pop()
    return last * last


ARGS = ([1.0, 2.0],)
