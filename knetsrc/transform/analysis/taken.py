"""Objects that are taken out of a list or dict, and put back to the same place when they have changed.

p = ps[i]
p = with_attributes(p, x=e)
ps[i] = p
"""

from typing import Any

import gast

from knetsrc.transform import tree


def taken_from(core: gast.FunctionDef) -> dict[str, gast.Subscript | gast.Attribute]:
    """Names of objects that are taken out of a list or an attribute, and the entries that they are put back to.

    >>> (f,) = tree.parse("def f(ps, i):\\n p = ps[i]\\n p_1 = with_attributes(p, x=1.0)\\n ps[i] = p_1")
    >>> {text: tree.show(entry) for text, entry in taken_from(f).items()}
    {'p': 'ps[i]', 'p_1': 'ps[i]'}
    """
    bound: dict[str, list[Any]] = {}
    for node in tree.walk(core.body):
        for target in node.targets if isinstance(node, gast.Assign) else ():
            last = target.elts[-1] if isinstance(target, gast.Tuple) else target
            for name in _names_in(target):
                value = _object_in(node.value) if name is last else None
                bound.setdefault(name.id, []).append(value)
        for name in _names_in(node.target) if isinstance(node, gast.For) else ():
            bound.setdefault(name.id, []).append(None)
    found = {text: _origins(text, bound, set()) for text in bound}
    return {
        text: entries[0]
        for text, entries in found.items()
        if entries and None not in entries and all(tree.is_same(e, entries[0]) for e in entries)
    }


def paths_to(text: str, taken: dict[str, gast.Subscript | gast.Attribute]) -> dict[str, str]:
    """Names of objects that an object was taken out of by attributes, with the way: `{"rod": "tip", "self": "rod.tip"}`.

    >>> (f,) = tree.parse("def f(self):\\n rod = self.rod\\n tip = rod.tip")
    >>> paths_to("tip", taken_from(f))
    {'rod': 'tip', 'self': 'rod.tip'}
    """
    found: dict[str, str] = {}
    way: list[str] = []
    while isinstance(entry := taken.get(text), gast.Attribute) and entry.value.id not in found:
        text = entry.value.id
        way.insert(0, entry.attr.removesuffix(tree.FIELD_MARK))
        found[text] = ".".join(way)
    return found


def _names_in(target: Any) -> list[gast.Name]:
    """The names that a target binds: not those in an entry that is written."""
    parts = target.elts if isinstance(target, gast.Tuple) else [target]
    return [part for part in parts if isinstance(part, gast.Name)]


def _origins(text: str, bound: dict[str, list[Any]], seen: set[str]) -> list[Any]:
    """Entries that a name, or what it was bound to before, may be; None among them for anything else."""
    if text in seen:
        return []
    seen.add(text)
    found = []
    for value in bound.get(text, [None]):
        found += _origins(value.id, bound, seen) if isinstance(value, gast.Name) else [value]
    return found


def _object_in(value: Any) -> Any:
    """`ps[i]`, or the name of the object that `with_attributes` or a method gives anew."""
    is_entry = isinstance(value, gast.Subscript) and not isinstance(value.slice, gast.Slice)
    if (is_entry or isinstance(value, gast.Attribute)) and tree.is_name(value.value):
        return value
    first = value.args[0] if isinstance(value, gast.Call) and value.args else None
    return first if isinstance(first, gast.Name) else None


def put_back(core: gast.FunctionDef) -> frozenset[int]:
    """Statements (`id` of the node) that put an object back: what was read of the old one does not change with them."""
    taken = taken_from(core)
    found = set()
    for node in tree.walk(core.body) if taken else ():
        if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Subscript):
            entry = taken.get(getattr(node.value, "id", ""))
            target = node.targets[0]
            is_own = isinstance(entry, gast.Subscript) and tree.is_name(
                target.value, entry.value.id
            )
            if is_own and tree.is_same(target.slice, entry.slice):  # type: ignore[union-attr]
                found.add(id(node))
    return frozenset(found)
