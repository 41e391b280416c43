"""UnsupportedAliasError: `params.setdefault(...)` changes `params` in place
  dictionary_setdefault.py:11, in f
   11 |     return params.setdefault("b", x * 2.0)
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  build a new one: params = {k: ... for k, v in params.items()}, or write its entries out
"""

def f(x):
    params = {"a": x}
    return params.setdefault("b", x * 2.0)


ARGS = (1.0,)
