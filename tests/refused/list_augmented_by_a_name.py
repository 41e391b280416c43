"""UnsupportedSyntaxError: `ys += more` on a list
  list_augmented_by_a_name.py:11, in f
   11 |     ys += more
      |     ^^^^^^^^^^
  why:      the list is changed in place, by elements that are not written out here
  instead:  append them one by one: for x in ...: ys.append(x)
"""

def f(x, more):
    ys = [x]
    ys += more
    return sum(ys)


ARGS = (1.0, [2.0])
