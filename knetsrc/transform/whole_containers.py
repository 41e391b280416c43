"""Gradients of containers of which a call has told every entry: `[d_w, d_b]` for `gradient_like(params, {0: d_w, 1: d_b})`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.told import Told


@dataclass(frozen=True)
class Whole:
    """The gradient of an argument, taken apart.

    Attributes
    ----------
    kind
        "list", "tuple" or "dict"; "" for what is no container, and its own only part.
    keys
        Of all entries, in the order of the container.
    parts
        The adjoint of each.
    are_arrays
        Which entries are arrays: adjoints of these are in memory of their own.
    """

    kind: str
    keys: Sequence[int | str]
    parts: Sequence[tree.Node]
    are_arrays: Sequence[bool]

    def put_together(self, parts: Sequence[tree.Node]) -> tree.Node:
        """The same of other parts."""
        if not self.kind:
            return parts[0]
        if self.kind == "dict":
            return tree.dict_of(map(tree.constant, self.keys), parts)
        return tree.list_of(parts) if self.kind == "list" else tree.tuple_of(parts)


def taken_apart(adjoint: tree.Node, told: Told) -> Whole | None:
    """The parts of a gradient; None where `adjoint` is none of a container of which all entries are told and have an adjoint."""
    if tree.called_name(adjoint) != "gradient_like" or not tree.is_name(adjoint.args[0]):
        return None
    name, entries = adjoint.args[0].id, _constant_keys(adjoint.args[1])
    found = next(((kind, keys) for text, kind, keys in told.containers if text == name), None)
    if found is None or len(entries) != len(found[1]) or entries.keys() != {*found[1]}:
        return None
    kind, keys = found
    are_arrays = [bool(told.shapes[f"{name}[{key!r}]"]) for key in keys]
    return Whole(kind, keys, [entries[key] for key in keys], are_arrays)


def _constant_keys(entries: gast.Dict) -> dict[Any, tree.Node]:
    pairs = zip(entries.keys, entries.values, strict=True)
    return {key.value: value for key, value in pairs if tree.is_constant(key)}
