"""Which names, and which elements of lists, are single numbers for sure: these share no memory with anything.

a = [x, 2 * x]        numbers, where a call has told that `x` is one
c = list(a)           the same numbers, in a list that shares nothing with `a`
b[k] = a[1 - k] * 2   a number, and so is `b[k]` if nothing else is ever put into `b`
"""

from collections.abc import Collection
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to, stored_to
from knetsrc.transform.analysis.alias_statements import made_containers
from knetsrc.transform.analysis.assigned import bound_values
from knetsrc.transform.analysis.held import is_part
from knetsrc.transform.analysis.integers import is_number_expression
from knetsrc.transform.analysis.ranks import Ranks
from knetsrc.transform.analysis.stores import path_of, target_of
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.normalize.sharing import number_names

_NUMBERS = frozenset({"float", "int", "len", "bool"})
_CHOOSING = frozenset({"max", "min"})
_READING = frozenset({"len", "sum", "min", "max"})


class Elements:
    """Names of numbers, and of lists and dicts of the function in which only numbers are ever put.

    Parameters
    ----------
    function
        A function in the core language.
    ranks
        Ranks of its names, with what a call has told of its parameters.
    containers
        Names that only ever stand for lists and dicts made in the function.
    has_copies
        Whether `list(a)`, `tuple(a)`, `[*a]` and `a + b` are looked at, which copy what `a` holds.
    """

    def __init__(
        self,
        function: gast.FunctionDef,
        ranks: Ranks,
        containers: Collection[str],
        has_copies: bool = False,
    ) -> None:
        self._ranks, self._has_copies = ranks, has_copies
        own, bound = set(parameters(function)), bound_values(function)
        told = {text for text in own if ranks.told.ranks.get(text) == 0}
        sure = number_names(function) | ranks.numbers()
        kept = _only_by_element(function, has_copies)
        put = _put_into(function)
        self._told_lists = {text for text in own & kept if text not in bound and text not in put}
        self.names = sure | (told - set(bound)) | (set(bound) - (own - told))
        self.lists = set(containers) & kept
        while True:
            names = {
                text
                for text in self.names
                if text in sure or all(map(self.is_number, bound.get(text, ())))
            }
            lists = {
                text
                for text in self.lists
                if all(map(self._is_display, bound[text]))
                and all(map(self.is_number, put.get(text, ())))
            }
            if (names, lists) == (self.names, self.lists):
                break
            self.names, self.lists = names, lists
        of_arrays = {
            text
            for text in set(containers) & kept
            if all(map(_is_display_of_arrays, bound[text]))
            and all(p is None or _makes_array(p) for p in put.get(text, ()))
        }
        self._of_arrays = of_arrays and of_arrays & _only_by_element(function)

    def is_copied(self, write: tree.Node) -> bool:
        """Whether a write goes into an array in a container, which copies the value: `hist[0][i] = x`."""
        path = path_of(target_of(write))
        is_inner = len(path) > 1 and isinstance(path[0], gast.Subscript) and not is_part(path[0])
        return is_inner and getattr(path[0].value, "id", None) in self._of_arrays

    def is_number(self, node: Any) -> bool:
        """Whether the value of an expression is a single number."""
        if isinstance(node, gast.Constant):
            return isinstance(node.value, int | float)
        if isinstance(node, gast.Name):
            return node.id in self.names
        if isinstance(node, gast.UnaryOp):
            return self.is_number(node.operand)
        if isinstance(node, gast.BinOp) and isinstance(node.op, gast.MatMult):
            return self._ranks.of(node) == 0
        if isinstance(node, gast.BinOp):
            return self.is_number(node.left) and self.is_number(node.right)
        if isinstance(node, gast.IfExp):
            return self.is_number(node.body) and self.is_number(node.orelse)
        if isinstance(node, gast.Subscript):
            return self._is_element(node)
        if tree.called_name(node) in _CHOOSING:
            return self._is_chosen(node)
        is_known = tree.called_name(node) in _NUMBERS or is_number_expression(node)
        return is_known or self._is_elementwise(node)

    def _is_chosen(self, node: gast.Call) -> bool:
        """Whether `max(a, b)` is of numbers, or `max(xs)` of what holds only numbers."""
        if node.keywords or len(node.args) != 1:
            return not node.keywords and all(map(self.is_number, node.args))
        whole = node.args[0]
        is_list = tree.is_name(whole) and whole.id in self.lists
        return is_list or self._ranks.of(whole) == 1

    def _is_elementwise(self, node: Any) -> bool:
        """Whether an expression is `np.maximum(a, b)` of numbers, or the like."""
        is_call = isinstance(node, gast.Call) and self._ranks.calls is not None
        operands = self._ranks.calls.operands(node) if is_call else []
        return bool(operands) and all(map(self.is_number, operands or []))

    def _is_element(self, node: gast.Subscript) -> bool:
        if not isinstance(node.value, gast.Name) or is_part(node):
            return self._ranks.is_number(node)
        if node.value.id in self.lists:
            return True
        is_told = node.value.id in self._told_lists
        if is_told and self._ranks.told.ranks.get(self._ranks.path_of(node) or "") == 0:
            return True
        return self._ranks.is_number(node)

    def is_copy(self, node: Any) -> bool:
        """Whether a value is a new list or tuple of numbers, which may be those of other lists."""
        return self._has_copies and self._is_display(node)

    def _is_display(self, node: Any) -> bool:
        """Whether a value is `[a, b]`, `[a] * n` or `{"k": a}` of numbers, or a copy of such lists."""
        if isinstance(node, gast.List):
            return all(map(self._is_number_or_numbers, node.elts))
        if isinstance(node, gast.Dict):
            return None not in node.keys and all(map(self.is_number, node.values))
        if self._has_copies and _is_joining(node):
            return all(map(self._holds_numbers, _copied(node)))
        is_repeated = isinstance(node, gast.BinOp) and isinstance(node.op, gast.Mult)
        return is_repeated and isinstance(node.left, gast.List) and self._is_display(node.left)

    def _is_number_or_numbers(self, node: Any) -> bool:
        is_starred = isinstance(node, gast.Starred) and self._has_copies
        return self._holds_numbers(node.value) if is_starred else self.is_number(node)

    def _holds_numbers(self, node: Any) -> bool:
        is_list = isinstance(node, gast.Name) and node.id in self.lists
        return is_list or self._is_display(node)


def lists_of_numbers(function: gast.FunctionDef, ranks: Ranks) -> frozenset[str]:
    """Names of lists that the function makes, into which nothing but single numbers is ever put.

    Nobody else can put anything into them: no other name, container or call gets such a list as long as it changes.
    """
    bound = bound_values(function)
    made = {
        text
        for text in made_containers(function)
        if all(_is_list(value, ranks) for value in bound[text])
    }
    return frozenset(Elements(function, ranks, made).lists) if made else frozenset()


def _is_list(value: tree.Node | None, ranks: Ranks) -> bool:
    """Whether a value is `[a, b]`, or `[a] * n` for an integer: by an array, it is one."""
    if isinstance(value, gast.BinOp) and isinstance(value.op, gast.Mult):
        return isinstance(value.left, gast.List) and ranks.is_integer(value.right)
    return isinstance(value, gast.List)


def _is_display_of_arrays(node: tree.Node | None) -> bool:
    if isinstance(node, gast.Dict):
        return None not in node.keys and all(map(_makes_array, node.values))
    return isinstance(node, gast.List) and all(map(_makes_array, node.elts))


def _makes_array(node: tree.Node) -> bool:
    """Whether an expression is a new array of floats."""
    is_plain = isinstance(node, gast.Call) and len(node.args) == 1 and not node.keywords
    return is_plain and any(tree.is_path(node.func, f"np.{n}") for n in ("zeros", "ones", "empty"))


def _is_joining(node: Any) -> bool:
    """Whether an expression is `list(a)`, `tuple(a)` or `a + b`."""
    if isinstance(node, gast.BinOp):
        return isinstance(node.op, gast.Add)
    is_copy = tree.called_name(node) in ("list", "tuple")
    return is_copy and len(node.args) == 1 and not node.keywords


def _copied(node: Any) -> list[tree.Node]:
    """Lists of which an expression holds the elements: `a` in `list(a)`, `[*a]` and `a + b`."""
    if isinstance(node, gast.List):
        return [n.value for n in node.elts if isinstance(n, gast.Starred)]
    if not _is_joining(node):
        return []
    return [node.left, node.right] if isinstance(node, gast.BinOp) else list(node.args)


def _is_array_of(node: Any) -> bool:
    """Whether an expression is `np.array(xs)`: of a list of numbers, it is an array with one axis."""
    is_call = isinstance(node, gast.Call) and len(node.args) == 1 and not node.keywords
    return is_call and tree.is_path(node.func, "np.array") and tree.is_name(node.args[0])


def _put_into(function: gast.FunctionDef) -> dict[str, list[tree.Node | None]]:
    """What is put into containers by name; None for what is put into an entry of one."""
    found: dict[str, list[tree.Node | None]] = {}
    for node in tree.walk(function.body):
        if (text := appended_to(node)) is not None:
            found.setdefault(text, []).append(node.value.args[0])
        elif (text := stored_to(node)) is not None:
            target = target_of(node)
            found.setdefault(text, []).append(node.value if tree.is_name(target.value) else None)
    return found


def _only_by_element(function: gast.FunctionDef, has_copies: bool = False) -> set[str]:
    """Names of which only elements and lengths are read, or copies, so that no other name gets the whole."""
    plain: set[int] = set()
    for node in tree.walk(function.body):
        if isinstance(node, gast.Subscript):
            plain.add(id(node.value))
        elif isinstance(node, gast.Return):
            parts = node.value.elts if isinstance(node.value, gast.Tuple) else [node.value]
            plain |= set(map(id, parts))
        elif tree.called_name(node) in _READING or _is_array_of(node):
            plain |= set(map(id, node.args))
        elif has_copies and _copied(node):
            plain |= set(map(id, _copied(node)))
        elif appended_to(node) is not None:
            plain.add(id(node.value.func.value))
    names = [n for n in tree.walk(function.body) if isinstance(n, gast.Name)]
    return {n.id for n in names} - {
        n.id for n in names if isinstance(n.ctx, gast.Load) and id(n) not in plain
    }
