"""Which names of a function may share memory, without regard to the order of the statements.

    v = d_a[1:]        {v, d_a}
    d_b = 2 * d_a      {d_b}
    xs.append(x)       {xs, x}

Arguments and globals are one class: the caller may pass the same array twice.
"""

from collections.abc import Iterable

import gast

from knetsrc.transform.simplify.edit import assigned_name, parameters, statements
from knetsrc.transform.simplify.effects import EXTERNAL, Effect, Effects, list_method
from knetsrc.transform.tree import Node

_LISTS = (gast.List, gast.Tuple, gast.ListComp, gast.Dict, gast.Set)
_LIST_MAKERS = {"list", "tuple", "sorted", "zip", "enumerate", "reversed"}


class Sharing:
    """Classes of names, merged as more becomes known."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self.mutated: set[str] = set()  # names through which something is changed in place
        self.returned: frozenset[str] = frozenset()
        self.private_lists: frozenset[str] = frozenset()  # only appended to, popped from, tested

    def class_of(self, name: str) -> str:
        """The representative of the class of `name`."""
        parent = self._parent
        while name in parent:
            name = parent[name]
        return name

    def classes(self, names: Iterable[str]) -> set[str]:
        """The representatives of the classes of `names`."""
        return {self.class_of(name) for name in names}

    def join(self, names: Iterable[str]) -> None:
        """Make one class of the classes of `names`."""
        first, *rest = self.classes(names)
        for other in rest:
            self._parent[other] = first

    def changed_by(self, effect: Effect) -> frozenset[str]:
        """Names through which an effect changes something in place that is not kept for the backward part alone."""
        return effect.mutates | (effect.pushes - self.private_lists)

    def is_external(self, names: Iterable[str]) -> bool:
        """Whether the caller may hold what one of `names` holds."""
        return self.class_of(EXTERNAL) in self.classes(names)


def sharing_of(function: gast.FunctionDef, effects: Effects) -> Sharing:
    """The classes of the names of `function`."""
    sharing = Sharing()
    every = list(statements(function.body))
    whole = [effects.own(statement) for statement in every]
    bound = frozenset[str]().union(*(effect.writes for effect in whole))
    read = {name for effect in whole for name in effect.reads}
    sharing.join([EXTERNAL, *parameters(function), *(read - bound)])
    sharing.private_lists = _private_lists(function, every, effects)
    lists = _names_of_lists(every)
    for statement, effect in zip(every, whole, strict=True):
        for names in effects.links(statement):
            sharing.join(names)
        joined = _operands_of_sum(statement) if lists else frozenset()
        if joined & lists:
            sharing.join(joined)
        sharing.mutated |= sharing.changed_by(effect)
        if isinstance(statement, gast.Return):
            sharing.returned |= effects.shared_with(statement.value)
    return sharing


def _names_of_lists(every: list[Node]) -> frozenset[str]:
    """Names that are bound to a list made here."""
    found = set()
    for statement in every:
        if isinstance(statement, gast.Assign) and _is_list(statement.value):
            found |= {target.id for target in statement.targets if isinstance(target, gast.Name)}
        listed = list_method(statement.value) if isinstance(statement, gast.Expr) else None
        if listed:
            found.add(listed[0])
    return frozenset(found)


def _is_list(value: Node) -> bool:
    if isinstance(value, gast.Call):
        return isinstance(value.func, gast.Name) and value.func.id in _LIST_MAKERS
    return isinstance(value, _LISTS)


def _operands_of_sum(statement: Node) -> frozenset[str]:
    """Target and operands of `x = a + b`, which may join two lists."""
    if not isinstance(statement, gast.Assign | gast.AugAssign):
        return frozenset()
    targets = [statement.target] if isinstance(statement, gast.AugAssign) else statement.targets
    stack, found = [statement.value, *targets], set()
    while stack:
        node = stack.pop()
        if isinstance(node, gast.BinOp) and isinstance(node.op, gast.Add | gast.Mult):
            stack += [node.left, node.right]
        elif isinstance(node, gast.Subscript):
            stack.append(node.value)
        elif isinstance(node, gast.Name):
            found.add(node.id)
    return frozenset(found)


def _private_lists(
    function: gast.FunctionDef, every: list[Node], effects: Effects
) -> frozenset[str]:
    """Names of lists that nothing else refers to: made by `[]`, pushed to, popped, tested."""
    made: set[str] = set()
    uses: dict[str, int] = {}
    known: dict[str, int] = {}  # uses that leave the list private, -1 for one that is not
    for statement in every:
        effect = effects.own(statement)
        for name in effect.hidden | (effect.writes if not _makes_list(statement) else frozenset()):
            known[name] = -1
        if _makes_list(statement):
            made |= effect.writes
        for name, times in effect.reads.items():
            uses[name] = uses.get(name, 0) + times
        if effect.pushes or isinstance(statement, gast.While | gast.If):
            for name in _harmless_uses(statement, effect.pushes):
                if known.get(name, 0) >= 0:
                    known[name] = known.get(name, 0) + 1
    made -= parameters(function)
    return frozenset(name for name in made if known.get(name, 0) == uses.get(name, 0))


def _makes_list(statement: Node) -> bool:
    return (
        assigned_name(statement) is not None
        and isinstance(statement.value, gast.List)
        and not statement.value.elts
    )


def _harmless_uses(statement: Node, pushed: frozenset[str]) -> list[str]:
    if isinstance(statement, gast.While | gast.If) and isinstance(statement.test, gast.Name):
        return [statement.test.id]
    return sorted(pushed)
