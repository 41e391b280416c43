"""Context managers that may swallow an exception: how much of the block ran would not be known to the backward part.

with Attempt():     ->     with check_reraises(Attempt()):
"""

import contextlib
import types
from collections.abc import Callable
from typing import Any

import gast

from knetsrc.errors import KnetsrcError
from knetsrc.transform import tree
from knetsrc.transform.analysis.stores import changed_names
from knetsrc.transform.normalize.scopes import own_nodes
from knetsrc.transform.resolve import UNKNOWN
from knetsrc.transform.source import read_source

_SWALLOWING = (contextlib.suppress, contextlib.ExitStack)


def guard_contexts(
    core: gast.FunctionDef, resolve: Callable[[tree.Node], Any], spell: Callable[..., tree.Node]
) -> gast.FunctionDef:
    """The function with a check of each context manager of which it is not known that it hands exceptions on.

    Parameters
    ----------
    core
        A function in the core language.
    resolve
        What an outside name stands for.
    spell
        How the generated module calls a function of `knetsrc.backends`.
    """

    def guarded(node: gast.With) -> gast.With:
        is_idle = not tree.names_written(node.body) | changed_names(node.body)
        for item in node.items:
            context = item.context_expr
            if not is_idle and not _hands_on(context, resolve):
                check = tree.call("check_reraises", context)
                check.func = spell("check_reraises", None)
                item.context_expr = tree.at(check, context)
        return node

    return tree.rewrite(core, {gast.With: guarded})  # type: ignore[no-any-return]


def _hands_on(context: Any, resolve: Callable[[tree.Node], Any]) -> bool:
    """Whether what a context manager does with an exception is known: it comes out of the block."""
    is_call = isinstance(context, gast.Call)
    found = resolve(context.func if is_call else context)
    if found is UNKNOWN:
        return False
    if isinstance(found, types.FunctionType) and is_call:
        return (
            found.__module__ in _OF_PYTHON
        )  # a generator was written out, or may catch what comes
    if isinstance(found, types.BuiltinFunctionType):  # `open`, `threading.Lock`
        return True
    owner = found if isinstance(found, type) else type(found)
    return not issubclass(owner, _SWALLOWING) and _returns_nothing(getattr(owner, "__exit__", None))


_OF_PYTHON = frozenset({"contextlib", "io", "numpy", "tempfile", "threading", "warnings"})


def _returns_nothing(leave: Any) -> bool:
    """Whether `__exit__` gives no true value; one that is not written in Python is taken to be of Python or NumPy."""
    if not isinstance(leave, types.FunctionType):
        return leave is not None
    if leave.__module__.split(".")[0] in _OF_PYTHON:
        return True
    try:
        body = read_source(leave).tree.body
    except KnetsrcError:
        return False
    values = [n.value for n in own_nodes(body) if isinstance(n, gast.Return)]
    return all(v is None or tree.is_constant(v, None, False) for v in values)
