"""Which classes the objects are of that attributes hold, by annotations, by `__init__`, and by what a call has told.

self.rod = Rod(u)       `rod` of an assembly is a Rod
"""

import functools
from collections.abc import Mapping
from types import FunctionType
from typing import Any

import gast

from knetsrc.errors import KnetsrcError
from knetsrc.transform import tree
from knetsrc.transform.classes import annotated, defined_in, is_users_class
from knetsrc.transform.normalize.scopes import own_nodes, parameters
from knetsrc.transform.source import read_source


def part_class(owner: type, attr: str, told: Mapping[str, type]) -> type | None:
    """The class of what an attribute holds; None where it is not known, or not always the same.

    Parameters
    ----------
    owner
        The class of the object.
    attr
        The attribute.
    told
        What a call has told: classes by path, `net.l1`.
    """
    known = annotated(owner, attr).get("") or made_parts(owner).get(attr)
    if known is not None:
        return known
    paths = [path for path, kind in told.items() if kind is owner]
    kinds = {told.get(f"{path}.{attr}") for path in paths}
    return next(iter(kinds)) if len(kinds) == 1 else None


@functools.cache
def made_parts(owner: type) -> dict[str, type]:
    """Attributes to which `__init__` only assigns new objects of one class."""
    found = defined_in(owner, "__init__")
    if found is None or not isinstance(found[1], FunctionType):
        return {}
    try:
        source = read_source(found[1])
    except KnetsrcError:
        return {}
    first = next(iter(parameters(source.tree)), "")
    kinds: dict[str, set[Any]] = {}
    for node in own_nodes(source.tree.body):
        for target in node.targets if isinstance(node, gast.Assign) else ():
            if isinstance(target, gast.Attribute) and tree.is_name(target.value, first):
                call = node.value if isinstance(node.value, gast.Call) else None
                is_new = call is not None and is_users_class(source, call.func)
                kind = source.value_of(call.func) if is_new and call is not None else None
                kinds.setdefault(target.attr, set()).add(kind)
    single = {attr: next(iter(kind)) for attr, kind in kinds.items() if len(kind) == 1}
    return {attr: kind for attr, kind in single.items() if kind is not None}
