"""UnsupportedAliasError: `params.update(...)` changes `params` in place
  dictionary_update.py:12, in f
   12 |     params.update(b=x * 2.0)
      |     ^^^^^^^^^^^^^^^^^^^^^^^^
  why:      other names may stand for the same array or container, and would see the change
  instead:  build a new one: params = {k: ... for k, v in params.items()}, or write its entries out
"""

def f(x):
    params = {"a": x}
    history = [params]
    params.update(b=x * 2.0)
    return history[0]["b"]


ARGS = (1.0,)
