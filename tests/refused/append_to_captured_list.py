"""UnsupportedAliasError: `history.append(...)` on a list that was not made in this function
  append_to_captured_list.py:13, in f
   13 |     history.append(x)
      |     ^^^^^^^^^^^^^^^^^
  why:      other names may stand for the same list, and would see the change
  instead:  make a new list: history = [*history, x]
"""

history = []


def f(x):
    history.append(x)
    return x * x


ARGS = (1.0,)
