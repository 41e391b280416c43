"""SourceNotFoundError: no source for `hidden`
  why:      it was typed at a prompt or made by exec
  instead:  put it in a file and import it
"""

scope = {}
exec("def hidden(x):\n    return x * x", scope)
hidden = scope["hidden"]


def f(x):
    return hidden(x) * 2.0


ARGS = (1.0,)
