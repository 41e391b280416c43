"""Numbers in names only where they tell something apart."""

import re
from collections.abc import Collection

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names


def renumber(
    function: gast.FunctionDef, candidates: Collection[str], taken: Collection[str]
) -> gast.FunctionDef:
    """Take `sqrt_t_1` down to `sqrt_t` where the statements that read another `sqrt_t` are gone.

    Parameters
    ----------
    function
        Generated code.
    candidates
        Names that the transform has made up.
    taken
        Names that it may not use.
    """
    used = Names.of(function).taken | set(taken)
    numbered = []
    for text in tree.names_written(function.body) & set(candidates):
        found = re.fullmatch(r"(\w+)_(\d+)", text)
        if found:
            numbered.append((found[1], int(found[2]), text))
    new: dict[str, str] = {}
    for base, number, text in sorted(numbered):
        lower = (base, *(f"{base}_{i}" for i in range(1, number)))
        free = next((name for name in lower if name not in used), None)
        if free is not None:
            new[text] = free
            used.add(free)
    return tree.rename(function, new) if new else function
