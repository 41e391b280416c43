"""Adjoints by their keys: a name, or a constant entry of a container that is taken apart."""

from dataclasses import dataclass, field

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.kinds import is_entry
from knetsrc.transform.names import Names, adjoint_name


@dataclass(frozen=True)
class Contribution:
    """What one read adds to the adjoint of `key`: `value`, at `index` if there is one."""

    key: str
    value: tree.Node
    path: tuple[tree.Node, ...] = ()


@dataclass
class Keys:
    """Which adjoints have a name of their own: one for each active name, or one for each constant entry of a container.

    Entries that are `optional` may not be there.
    """

    names: Names
    exploded: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    adjoints: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, tree.Node] = field(default_factory=dict)

    def of(self, node: tree.Node) -> str | None:
        """The key of a name, or of an entry `w[0]` of a container that is taken apart; None for other expressions."""
        if isinstance(node, gast.Name):
            return self._enter(node.id, node)
        is_part = is_entry(node) or (isinstance(node, gast.Attribute) and tree.is_name(node.value))
        if not is_part or node.value.id not in self.exploded:
            return None
        return self._enter(tree.show(node), node)

    def _enter(self, key: str, node: tree.Node) -> str:
        self.nodes.setdefault(key, node)
        return key

    def adjoint(self, key: str) -> str:
        """The name of the adjoint of `key`."""
        if key not in self.adjoints:
            self.adjoints[key] = self.names.fresh(
                adjoint_name(key.replace("'", "").rstrip("]").replace("[", "_"))
            )
        return self.adjoints[key]


class NumericKeys(frozenset[str]):
    """Keys of arrays and numbers: names, and entries of containers that are used like them."""

    def __new__(cls, numeric: frozenset[str], core: gast.FunctionDef) -> "NumericKeys":
        """The numeric names of a function, and the entries of containers that are operands in it."""
        found = set(numeric)
        for node in tree.walk(core):
            parts = [node.left, node.right] if isinstance(node, gast.BinOp) else []
            found |= {tree.show(n) for n in parts if isinstance(n, gast.Subscript)}
        return super().__new__(cls, found)
