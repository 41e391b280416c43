"""Which classes the objects are of that attributes hold, by annotations, by `__init__`, and by what a call has told.

self.rod = Rod(u)       `rod` of an assembly is a Rod
"""

import functools
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

import gast

from knetsrc.errors import KnetsrcError
from knetsrc.transform import tree
from knetsrc.transform.classes import annotated, is_users_class
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
    """Attributes to which `__init__`, and those of base classes, only assign new objects of one class."""
    kinds: dict[str, set[Any]] = {}
    for base in owner.__mro__:
        init = vars(base).get("__init__")
        if isinstance(init, FunctionType):
            for attr, kind in _assigned_in(init):
                kinds.setdefault(attr, set()).add(kind)
    single = {attr: next(iter(kind)) for attr, kind in kinds.items() if len(kind) == 1}
    return {attr: kind for attr, kind in single.items() if kind is not None}


def _assigned_in(init: FunctionType) -> Iterator[tuple[str, type | None]]:
    """Attributes that `__init__` assigns, with the class of the new object, if it is one."""
    try:
        source = read_source(init)
    except KnetsrcError:
        return
    first = next(iter(parameters(source.tree)), "")
    for node in own_nodes(source.tree.body):
        for target in node.targets if isinstance(node, gast.Assign) else ():
            if isinstance(target, gast.Attribute) and tree.is_name(target.value, first):
                call = node.value if isinstance(node.value, gast.Call) else None
                is_new = call is not None and is_users_class(source, call.func)
                yield target.attr, source.value_of(call.func) if is_new else None  # type: ignore[union-attr]
