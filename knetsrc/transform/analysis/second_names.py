"""Names that stand for one and the same array from where they are bound to the end: what is put back through one is so in the other.

x = d
x[i] = x[i] - c[i] * x[i + 1]       puts x[i] back; `d` needs no copy of its own
"""

from collections.abc import Mapping

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.normalize.scopes import parameters


def second_names(function: gast.FunctionDef) -> Mapping[str, frozenset[str]]:
    """By name: the others that it is the same as, each bound once and outside of loops and branches.

    >>> (f,) = tree.parse("def f(a, n):\\n b = a\\n c = b\\n e = n\\n n = 1\\n return c")
    >>> sorted(second_names(f)["a"]), "n" in second_names(f)
    (['b', 'c'], False)
    """
    bound, given = bound_values(function), parameters(function)
    steady = {n for n, values in bound.items() if n not in given and len(values) == 1}
    top = {
        node.targets[0].id: node.value
        for node in function.body
        if isinstance(node, gast.Assign) and tree.is_name(node.targets[0])
    }
    steady = (steady & top.keys()) | (set(given) - bound.keys())
    groups = {n: {n} for n in steady}
    for text in top:
        value = top[text]
        if text in steady and isinstance(value, gast.Name) and value.id in steady:
            joined = groups[text] | groups[value.id]
            groups |= dict.fromkeys(joined, joined)
    return {n: frozenset(same - {n}) for n, same in groups.items() if len(same) > 1}
