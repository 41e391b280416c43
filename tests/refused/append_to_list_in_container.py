"""UnsupportedAliasError: `store['ys'].append(...)` on a list that was not made in this function
  append_to_list_in_container.py:11, in f
   11 |     store["ys"].append(x * 2.0)
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^
  why:      other names may stand for the same list, and would see the change
  instead:  make a new list: store['ys'] = [*store['ys'], x * 2.0]
"""

def f(x):
    store = {"ys": []}
    store["ys"].append(x * 2.0)
    return store["ys"][0]


ARGS = (1.0,)
