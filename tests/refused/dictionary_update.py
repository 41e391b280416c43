"""UnsupportedAliasError: `params.update(...)` changes `params` in place
  dictionary_update.py:11, in f
   11 |     params.update(b=x * 2.0)
      |     ^^^^^^^^^^^^^^^^^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  build a new dictionary: params = {**params, key: value}
"""

def f(x):
    params = {"a": x}
    params.update(b=x * 2.0)
    return params["a"] * params["b"]


ARGS = (1.0,)
