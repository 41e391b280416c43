"""Which names and expressions are lists, tuples or dicts for sure, and which are numbers: `+`, `*` and `|` mean other things for each.

zs = xs + [y]      a list if `xs` is one, an array if `xs` is an array
zs = 2.0 * xs      numbers
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.normalize.loop_keys import gone_through

SEQUENCES = ("list", "tuple")
_ANY = "any"  # of a name that is bound to nothing known yet
_NUMBER = "number"
_MADE: dict[Any, str] = {
    list: "list", sorted: "list", tuple: "tuple", dict: "dict", float: _NUMBER,
    str: "text", repr: "text", format: "text",
}  # fmt: skip
_CHECKED = {"check_own_list": "list", "check_own_dict": "dict", "check_own_array": _NUMBER}
_OF_NUMBERS = (gast.Sub, gast.Div, gast.Pow, gast.MatMult, gast.FloorDiv, gast.Mod)


@dataclass
class Kinds:
    """Kinds of expressions: "list", "tuple", "dict", "text", "number" (an array too), None for what is not known.

    Attributes
    ----------
    resolve
        The object that an outside name stands for.
    names
        Kinds of local names.
    returned
        The kind of what a call of a user's function returns.
    """

    resolve: Callable[[tree.Node], Any]
    names: dict[str, str | None] = field(default_factory=dict)
    returned: Callable[[gast.Call], str | None] = lambda call: None

    def of(self, node: tree.Node | None) -> str | None:
        """The kind of an expression."""
        if isinstance(node, gast.Name):
            return self.names.get(node.id)
        if isinstance(node, gast.List | gast.Tuple | gast.Dict):
            return type(node).__name__.lower()
        if _is_text(node):
            return "text"
        if isinstance(node, gast.Constant):
            is_number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
            return _NUMBER if is_number else None
        if isinstance(node, gast.BinOp):
            return self._of_operation(node)
        if isinstance(node, gast.UnaryOp | gast.Compare):
            return _NUMBER
        if isinstance(node, gast.Subscript) and isinstance(node.slice, gast.Slice):
            return self.of(node.value)
        return self._of_call(node) if isinstance(node, gast.Call) else None

    def _of_operation(self, node: gast.BinOp) -> str | None:
        if isinstance(node.op, gast.Mod) and (left := self.of(node.left)) in ("text", _ANY):
            return left
        if isinstance(node.op, _OF_NUMBERS):
            return _NUMBER
        sides = self.of(node.left), self.of(node.right)
        kinds = set(sides)
        if isinstance(node.op, gast.Mult):
            return self._of_product(node, sides)
        if isinstance(node.op, gast.BitOr) and "dict" in kinds:
            return "dict"
        if isinstance(node.op, gast.Add):
            for kind in ("text", _NUMBER):
                if kind in kinds:
                    return kind
        return _joined(kinds)

    def _of_product(self, node: gast.BinOp, sides: tuple[str | None, str | None]) -> str | None:
        for kind, count in zip(sides, (node.right, node.left), strict=True):
            is_count = tree.is_number(count) or tree.called_name(count) == "len"
            if kind in (*SEQUENCES, _ANY) and is_count:
                return kind
            if tree.is_number(count) and isinstance(count.value, float):
                return _NUMBER
        kinds = set(sides)
        return _NUMBER if kinds == {_NUMBER} else _joined(kinds - {_NUMBER, *SEQUENCES} or {None})

    def _of_call(self, node: gast.Call) -> str | None:
        if (copied := _copied(node)) is not None:
            return self.of(copied)
        method = node.func.attr if isinstance(node.func, gast.Attribute) else None
        if method in ("format", "join") and self.of(node.func.value) == "text":
            return "text"
        made = self.resolve(node.func)
        try:
            return _MADE.get(made) or self.returned(node)
        except TypeError:  # an object that cannot be looked up
            return None


def _copied(node: Any) -> tree.Node | None:
    """`xs` for `xs.copy()`."""
    is_method = isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute)
    return node.func.value if is_method and node.func.attr == "copy" else None


def _joined(kinds: set[str | None]) -> str | None:
    known = kinds - {_ANY}
    return next(iter(known)) if len(known) == 1 else (_ANY if not known else None)


def container_kinds(
    function: gast.FunctionDef,
    resolve: Callable[[tree.Node], Any],
    given: Mapping[str, str],
    returned: Callable[[gast.Call], str | None],
) -> Kinds:
    """Kinds of the expressions of a function in the core language.

    Parameters
    ----------
    function
        The function.
    resolve
        The object that an outside name stands for.
    given
        Kinds of parameters that are known.
    returned
        The kind of what a call of a user's function returns.
    """
    checked = {
        n.args[0].id: _CHECKED[n.func.id]
        for n in tree.walk(function.body)
        if tree.called_name(n) in _CHECKED
    }
    bound = {n: v for n, v in bound_values(function).items() if n not in checked}
    given = {**given, **checked}
    parameters = {n.id for n in tree.walk(function.args) if isinstance(n, gast.Name)}
    parameters |= checked.keys()
    names = bound.keys() | parameters
    kinds = Kinds(resolve, {n: given.get(n) if n in parameters else _ANY for n in names}, returned)
    while True:
        found = {
            n: _joined({k, *(kinds.of(v) for v in bound.get(n, ()))})
            for n, k in kinds.names.items()
        }
        if found == kinds.names:
            known = {n: None if k == _ANY else k for n, k in found.items()}
            return Kinds(resolve, known, returned)
        kinds.names = found


def asked_names(
    function: gast.FunctionDef, of_helper: Callable[[gast.Call], list[tree.Node]]
) -> set[str]:
    """Names of which a reversal would like to know whether they are containers: they are joined or copied.

    `of_helper` gives the arguments of which a helper would like to know that.
    """
    asked: list[tree.Node] = []
    for node in tree.walk(function.body):
        if isinstance(node, gast.BinOp) and isinstance(node.op, gast.Add | gast.Mult | gast.BitOr):
            asked += [node.left, node.right]
        elif isinstance(node, gast.Starred):
            asked.append(node.value)
        elif tree.called_name(node) in ("list", "tuple"):
            asked += node.args
        elif isinstance(node, gast.Call):
            asked += of_helper(node)
    found = {n.id for n in asked if isinstance(n, gast.Name)} | _maybe_dicts(function)
    bound, waiting = bound_values(function), [*found]
    while waiting:  # a copy is what it is a copy of
        copied = map(_copied, bound.get(waiting.pop(), ()))
        new = {v.id for v in copied if isinstance(v, gast.Name)} - found
        found |= new
        waiting += new
    return found


def _maybe_dicts(function: gast.FunctionDef) -> set[str]:
    """Names that a loop goes through, and that are indexed by what a loop takes out of a name: of dictionaries, or of lists."""
    loops = [n for n in tree.walk(function.body) if isinstance(n, gast.For)]
    loops = [n for n in loops if tree.is_name(gone_through(n.iter))]
    taken = tree.names_written([n.target for n in loops])
    indexed = {
        n.value.id
        for n in tree.walk(function.body)
        if isinstance(n, gast.Subscript) and tree.is_name(n.value) and tree.is_name(n.slice)
        if n.slice.id in taken
    }
    return indexed & {gone_through(n.iter).id for n in loops}


def _is_text(node: Any) -> bool:
    is_literal = isinstance(node, gast.Constant) and isinstance(node.value, str)
    return is_literal or isinstance(node, gast.JoinedStr)
