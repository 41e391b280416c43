"""SourceNotFoundError: no source for `f`
  why:      it was typed at a bare prompt or made by exec
  instead:  put it in a file and import it; a notebook or IPython keeps the source as well
"""

scope = {}
exec("def f(x):\n    return x * x", scope)
f = scope["f"]

ARGS = (1.0,)
