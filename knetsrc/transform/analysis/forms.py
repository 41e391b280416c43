"""Which arrays have shape and type of an array that stays at hand: zeros like the copy are zeros like what was copied.

un = u.copy()       un has the form of u
"""

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.normalize.scopes import parameters

_LIKE = frozenset({"copy", "zeros_like", "empty_like", "ones_like"})


def forms(function: gast.FunctionDef, numeric: frozenset[str]) -> dict[str, str]:
    """For a copy that is bound in a loop, the array that it is a copy of, if that one is bound once and stands before all loops.

    >>> code = "def f(u, n):\\n for i in range(n):\\n  un = u.copy()\\n  u[1:] = un[:-1]\\n return u"
    >>> (function,) = tree.parse(code)
    >>> forms(function, frozenset({"u", "un"}))
    {'un': 'u'}
    """
    bound = bound_values(function)
    given = set(parameters(function))
    steady = {n for n in given if n not in bound}
    steady |= {n for n, values in bound.items() if len(values) == 1 and n not in given}
    in_loops = [n for n in tree.walk(function.body) if isinstance(n, gast.For | gast.While)]
    inside = tree.names_written(in_loops)
    found: dict[str, str] = {}
    for text in sorted((bound.keys() - given) & inside & numeric):
        sources = {_copied(value) for value in bound[text]}
        source = sources.pop() if len(sources) == 1 else None
        if source in (steady - inside) & numeric:
            found[text] = str(source)
    return found


def _copied(value: tree.Node | None) -> str | None:
    """`u` for `u.copy()` and `np.zeros_like(u)`."""
    if not isinstance(value, gast.Call) or not isinstance(value.func, gast.Attribute):
        return None
    if value.func.attr not in _LIKE or value.keywords or len(value.args) > 1:
        return None
    of = value.args[0] if tree.is_name(value.func.value, "np") and value.args else value.func.value
    return of.id if isinstance(of, gast.Name) and of.id != "np" else None
