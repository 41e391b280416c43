"""The errors for expressions that nothing is known about."""

import os
import sys
from pathlib import Path
from typing import Any

import gast
import numpy as np

from knetsrc.adjoints.table import TABLE
from knetsrc.errors import KnetsrcError, MissingAdjointError, UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.callee import Helper, Unknown
from knetsrc.transform.resolve import public_path

_INSTEAD = {
    "getattr": "write the attribute: x.name",
    "functools.reduce": "write the loop: for x in xs: total = f(total, x)",
    "sorted": "np.sort of an array: np.sort(np.array(xs))",
    "map": "write a list comprehension: [f(x) for x in xs]",
    "np.random.normal": "draw without parameters: mu + sigma * np.random.standard_normal(size)",
    "np.random.uniform": "draw without parameters: low + (high - low) * np.random.random(size)",
    "filter": "write a list comprehension: [x for x in xs if ...]",
}

_DRAWS = {
    "normal": "mu + sigma * rng.standard_normal(size)",
    "lognormal": "np.exp(mu + sigma * rng.standard_normal(size))",
    "uniform": "low + (high - low) * rng.random(size)",
    "exponential": "scale * rng.standard_exponential(size)",
    "laplace": "loc + scale * rng.laplace(size=size)",
    "logistic": "loc + scale * rng.logistic(size=size)",
    "gumbel": "loc + scale * rng.gumbel(size=size)",
}


def refusal(node: tree.Node, callee: Any) -> Exception:
    """The error for an active expression that nothing is known about."""
    if isinstance(callee, Unknown) and callee.error is not None:
        return callee.error
    if isinstance(callee, Unknown) and not callee.is_there:
        return _not_there(node, *callee.name.rsplit(".", 1))
    if isinstance(callee, Unknown):
        return without_rule(node, callee.name)
    if isinstance(callee, Helper):
        return UnsupportedSyntaxError(
            f"the call of `{callee.name}` inside an expression",
            at=node,
            why="it must stand alone to be reversed",
            instead="bind its result to a name first",
        )
    return UnsupportedSyntaxError(
        f"`{tree.show(node)[:60]}` in a differentiated value",
        at=node,
        why="there is no rule for this kind of expression",
        instead="rewrite it with operators, NumPy functions or an `if` statement",
    )


def called_object(node: tree.Node) -> MissingAdjointError:
    """The error for a call of a differentiated argument, where nothing has been given for it yet."""
    name = tree.called_name(node)
    return MissingAdjointError(
        f"a call of `{name}`, which is differentiated",
        at=node,
        why=f"what the call does is known when there is a value for `{name}`",
        instead=f"call the gradient first, and ask for its source then, or annotate: {name}: Model, "
        "a class from which no other is derived",
    )


def refused_helper(call: tree.Node, callee: Helper, error: KnetsrcError) -> KnetsrcError:
    """The error for a call of a function that cannot be differentiated, placed at the call where its own source is none of the user's.

    Parameters
    ----------
    call
        The call.
    callee
        What it calls.
    error
        What is wrong with that.
    """
    if _is_of_library(callee.function):
        why = f"its own source cannot be differentiated: {error.message}"
        return without_rule(call, public_path(callee.function) or tree.show(call.func), why)
    if error.at is None and error.place is None:
        error.at = call
    return error


def _is_of_library(function: Any) -> bool:
    """Whether a function comes with Python, NumPy or SciPy: what its source says is of no help to the user."""
    root = (getattr(function, "__module__", None) or "").partition(".")[0]
    file = getattr(getattr(function, "__code__", None), "co_filename", "")
    folders = (os.path.dirname(os.__file__), str(Path(np.__file__).parents[1]))
    return root in sys.stdlib_module_names | {"numpy", "scipy"} and file.startswith(folders)


def without_rule(node: tree.Node, name: str, why: str = "") -> MissingAdjointError:
    """The error for a call of a function that has no rule, and no source that could be differentiated.

    Parameters
    ----------
    node
        The call.
    name
        The function as it is spelt there; `.name` for a method.
    why
        What is wrong with its source, if it has one.
    """
    last = name.rpartition(".")[2]
    near = TABLE.near_names(last) if last.isidentifier() else []
    hints = [f"near names with a rule: {', '.join(near)}"] if near else []
    if name in _INSTEAD:
        hints = [_INSTEAD[name]]
    elif all(part.isidentifier() for part in name.split(".")):
        hints += ["give it a rule:", *_example(name, last)]
    elif name.startswith(".") and isinstance(node, gast.Call):
        of_method, instead = _of_method(node.func, last, hints)
        why, hints = why or of_method, instead
    elif "grad(" in name:
        hints += ["a gradient of a function that calls it: grad(lambda x: model.energy(x))"]
    else:
        hints += ["call a function with a rule, or one whose source is at hand"]
    return MissingAdjointError(
        f"no derivative rule for `{name}`",
        at=node,
        why=why
        or "it has neither a rule nor Python source that could be differentiated, and a differentiated value goes into it",
        instead="\n".join(hints),
    )


def _of_method(function: Any, last: str, near: list[str]) -> tuple[str, list[str]]:
    """Why a method has no derivative, and what to write instead."""
    if last in _DRAWS:
        return (
            "how that which is drawn depends on the parameters is not in the result",
            [f"draw without parameters: {_DRAWS[last]}"],
        )
    return (
        f"which function `{tree.show(function)}` is cannot be told for all objects that may stand there",
        [
            *near,
            "for objects with different functions, or beside other things, under one name or in one list:",
            f"call each under a name of its own, outside of a loop: first.{last}(...), second.{last}(...)",
            "for objects of one class: annotate the parameter with it; a class from which others are derived",
            "does not tell which one it is",
        ],
    )


def _not_there(node: tree.Node, module: str, name: str) -> MissingAdjointError:
    """The error for a call of what a module does not have."""
    near = TABLE.near_names(name)
    return MissingAdjointError(
        f"the module `{module}` has no `{name}`",
        at=node,
        why="nothing with this name is in it",
        instead=f"near names with a rule: {', '.join(near)}" if near else "define it, or import it",
    )


def _example(name: str, last: str) -> list[str]:
    return [
        "from knetsrc import adjoint",
        f"@adjoint({name})",
        f"def {last}_adjoint(x, *, y, d_y):  # y is its result, d_y the adjoint of that",
        "    d_x = d_y * ...",
        "    return d_x",
    ]


def refuse_contexts(node: gast.With, active: frozenset[str]) -> None:
    """Refuse a `with` that binds a name to a differentiated value."""
    for item in node.items:
        bound = tree.names_written(item.optional_vars) if item.optional_vars is not None else set()
        for text in sorted(bound & active):
            raise UnsupportedSyntaxError(
                f"`with` binds the differentiated value `{text}`",
                at=item.context_expr,
                why="what the context manager makes of it is not followed",
                instead="write the context manager as a generator with `contextlib.contextmanager`",
            )
