"""Refuses complex numbers on the way of a derivative: the rules are those of real numbers.

z = x * np.exp(1j * t)      refused, where `x` is differentiated
r = abs(np.exp(1j * t))     a real number again
"""

from typing import Any

import gast
import numpy as np

from knetsrc.errors import complex_refused
from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import differentiable_names, stored_to
from knetsrc.transform.callee import Calls
from knetsrc.transform.resolve import UNKNOWN

_REAL = frozenset({"abs", "absolute", "real", "imag", "angle", "len", "isnan", "isfinite", "shape", "size", "ndim"})  # fmt: skip
_TYPES = (complex, np.complex64, np.complex128)


def refuse_complex(function: gast.FunctionDef, calls: Calls, active: frozenset[str]) -> None:
    """Raise an error for the first statement in which a differentiated value meets a complex one.

    Raises
    ------
    NotDifferentiableError
        With the two parts as the way out.
    """
    nodes = [n for n in tree.walk(function.body) if getattr(n, "value", None) is not None]
    statements = [n for n in nodes if isinstance(n, gast.Assign | gast.AugAssign | gast.Return)]
    tainted: set[str] = set()
    while True:
        found = {
            name
            for n in statements
            if _is_complex(n.value, calls, tainted)
            for name in (*tree.names_written(n), stored_to(n))
            if name is not None
        }
        if found <= tainted:
            break
        tainted |= found
    for node in statements:
        parts = [n for n in tree.walk(node.value) if isinstance(n, gast.expr)]
        complex_parts = (
            parts if stored_to(node) in tainted else _complex_parts(parts, calls, tainted)
        )
        if any(differentiable_names(n, calls) & active for n in complex_parts):
            raise complex_refused(node)


def _complex_parts(parts: list[tree.Node], calls: Calls, tainted: set[str]) -> list[tree.Node]:
    return [n for n in parts if _is_complex(n, calls, tainted)]


def _is_complex(node: Any, calls: Calls, tainted: set[str]) -> bool:
    """Whether the value of an expression may be complex, as far as its text tells."""
    if isinstance(node, gast.Constant):
        return isinstance(node.value, complex)
    if isinstance(node, gast.Slice | gast.Compare):
        return False
    if isinstance(node, gast.Name) and node.id in tainted:
        return True
    if isinstance(node, gast.Attribute) and node.attr in _REAL:
        return False
    function = getattr(node, "func", None)
    if getattr(function, "attr", getattr(function, "id", "")) in _REAL:
        return False
    value = calls.outside.resolve(node) if isinstance(node, gast.Name | gast.Attribute) else UNKNOWN
    if value is not UNKNOWN:
        is_type = any(value is kind for kind in _TYPES)
        return is_type or (isinstance(value, _TYPES) or _is_of_complex(value))
    return any(_is_complex(child, calls, tainted) for child in tree.children(node))


def _is_of_complex(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "kind", "") == "c"
