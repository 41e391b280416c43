"""UnsupportedAliasError: a write into an element: `params['w']`
  dictionary_write.py:10, in f
   10 |     params["w"] = params["w"] * 2.0
      |     ^^^^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  build a new one: append to a list, or np.where(mask, value, params)
"""

def f(params):
    params["w"] = params["w"] * 2.0
    return params["w"]


ARGS = ({"w": 1.0},)
