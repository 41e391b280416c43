"""Names of adjoints: what is added to an entry of one is not held by it, in a gradient that is differentiated once more.

d_w = zeros_like(w)
d_w[i] += d_p          a sum, whatever `d_w[i]` is: of arrays, numbers, or of adjoints of containers, entry by entry
"""

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.normalize.effects import path_of
from knetsrc.transform.normalize.scopes import parameters

# The helpers of generated source of which each result is an adjoint, down to the entries of entries.
_ADJOINTS = frozenset({"add", "adjoint_like", "owned", "zeros_like", "zeros_of_entry"})


def summed_names(function: gast.FunctionDef) -> frozenset[str]:
    """Names that only ever stand for adjoints in memory of their own.

    >>> (f,) = tree.parse("def f(w, g):\\n d = backends.zeros_like(w)\\n e = d\\n h = g\\n return e")
    >>> sorted(summed_names(f))
    ['d', 'e']
    """
    bound = bound_values(function)
    found = set(bound) - set(parameters(function))
    if "backends" in {*bound, *parameters(function)}:
        return frozenset()
    while True:
        kept = {n for n in found if all(_is_adjoint(v, found) for v in bound[n])}
        if kept == found:
            return frozenset(found)
        found = kept


def _is_adjoint(value: tree.Node | None, found: set[str]) -> bool:
    if isinstance(value, gast.Name):
        return value.id in found
    path = path_of(value.func) if isinstance(value, gast.Call) else []
    return path[:1] == ["backends"] and path[-1] in _ADJOINTS
