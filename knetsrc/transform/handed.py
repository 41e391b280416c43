"""Functions that helpers are handed, as they stand in the copy of the helper that is made for them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.static import Statics, choice, elements, is_closure, is_missing


@dataclass
class Template:
    """A function handed to `parameter`, with parameters in the place of what it captures.

    `names` has what the helper calls something itself: a parameter of the same name would be taken for that.
    """

    parameter: str
    statics: Statics
    names: Names
    leaves: dict[str, tree.Node] = field(default_factory=dict)

    def of(self, node: tree.Node, wanted: str | None = None) -> tree.Node:
        wanted = wanted or self.parameter
        if is_closure(node) or self.statics.is_partial(node):
            new = tree.clone(node)
            new.args = [self.of(a, f"{wanted}_{i}") if i else a for i, a in enumerate(new.args)]
            for keyword in new.keywords:
                keyword.value = self.of(keyword.value, f"{wanted}_{keyword.arg}")
            return new
        if isinstance(node, gast.Tuple | gast.List | gast.Dict):
            new = tree.clone(node)
            held = new.values if isinstance(new, gast.Dict) else new.elts
            held[:] = [self.of(v, f"{wanted}_{k}") for k, v in zip(_keys(new), held, strict=True)]
            return new
        if isinstance(node, gast.IfExp) and self.statics.is_static(node):
            arms = (self.of(v, wanted) for v in (node.body, node.orelse))
            return choice(self.of(node.test, f"{wanted}_taken"), *arms)
        if is_missing(node):
            new = tree.clone(node)
            new.args[0].args = [self.of(a, f"{wanted}_key") for a in new.args[0].args]
            return new
        if isinstance(node, gast.Starred) or self.statics.is_leaf(node):
            known = (t for t, n in self.leaves.items() if tree.is_same(n, node))
            text = next(known, None) or self.names.fresh(wanted)
            self.leaves[text] = node
            return tree.name(text)
        return node


def names_around(core: gast.FunctionDef, given: Iterable[tree.Node], statics: Statics) -> Names:
    """Names that mean something in a helper, and in the functions that it is handed."""
    names = Names.of(core)
    read = [n for a in given for n in tree.walk(a) if isinstance(n, gast.Name)]
    names.taken |= {n.id for n in read if not statics.is_leaf(n)}
    return names


def _keys(node: tree.Node) -> list[object]:
    """What to call the elements of a container that is written out."""
    if not isinstance(node, gast.Dict):
        return list(range(len(node.elts)))
    return [k.value if tree.is_constant(k) else i for i, k in enumerate(node.keys)]


def described(node: tree.Node) -> str:
    """What to call a helper after that was made for a function."""
    if is_closure(node) or isinstance(node, gast.Call):
        return described(node.args[0])
    if isinstance(node, gast.Tuple | gast.List | gast.Dict):
        return "_".join(filter(None, map(described, elements(node))))
    if isinstance(node, gast.Subscript):
        return described(node.slice)
    if isinstance(node, gast.Constant):
        return str(node.value) if isinstance(node.value, str) else ""
    return tree.show(node).rpartition(".")[2]
