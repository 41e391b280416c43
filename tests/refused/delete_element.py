"""UnsupportedSyntaxError: `del` in a differentiated function
  delete_element.py:10, in f
   10 |     del xs[0]
      |     ^^^^^^^^^
  why:      the backward sweep may need the value again
  instead:  leave the name alone, or build a container without the element
"""

def f(xs):
    del xs[0]
    return xs[0]


ARGS = ([1.0, 2.0],)
