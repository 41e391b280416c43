"""Ranks of arrays that a function makes itself or that a call has told, so that `y[i]` is known to be a single number."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.analysis.dims import open_dim
from knetsrc.transform.analysis.integers import INTEGER_OPERATORS, integer_names
from knetsrc.transform.analysis.stores import changed_names
from knetsrc.transform.analysis.told import NOTHING, Told, is_of_many

_OF_SHAPE = frozenset({"zeros", "ones", "empty", "full"})
_AS_FIRST = frozenset({"zeros_like", "ones_like", "empty_like", "full_like", "copy"})
_MATRICES = frozenset({"eye", "identity", "tri"})

Asked = tuple[gast.FunctionDef, Told, frozenset[gast.FunctionDef]]


def _is_place(node: tree.Node) -> bool:
    """Whether an expression is a name or an entry of one: `w[0]['bias']`."""
    while isinstance(node, gast.Subscript):
        node = node.value
    return isinstance(node, gast.Name)


_OPEN = -1  # a name of which no value has been looked at


class Ranks:
    """Ranks of names, where every value that a name is bound to has the same.

    Parameters
    ----------
    function
        A function in the core language.
    told
        What is known of parameters.
    calls
        Tells calls apart.
    around
        The functions that are being looked at.
    results
        Ranks of what helpers return, by function, what is known of its arguments, and the functions around it.
    lists_of_numbers
        Tells lists of the function that hold nothing but single numbers, by what is known of ranks.
    """

    def __init__(
        self,
        function: gast.FunctionDef,
        told: Told = NOTHING,
        calls: Any = None,
        around: tuple[gast.FunctionDef, ...] = (),
        results: dict[Asked, int | None] | None = None,
        lists_of_numbers: "Callable[[gast.FunctionDef, Ranks], frozenset[str]] | None" = None,
    ) -> None:
        self._results = {} if results is None else results
        assigned = tree.names_written(function.body)
        changing = changed_names(function.body) if told else set()
        told = told.without(assigned | changing)
        self.told, self.calls, self.around = told, calls, (*around, function)
        self._aliases: dict[str, str] = {}
        own = {id(n) for n in tree.walk(function.args) if getattr(n, "id", None) in told.ranks}
        self.integers = integer_names(function, told.integers) | _range_arguments(function)
        self.indices = told.indices - assigned
        self.bound: dict[str, list[tree.Node | None]] = {}
        for node in tree.walk(function):
            if isinstance(node, gast.Assign) and tree.is_name(node.targets[0]):
                self.bound.setdefault(node.targets[0].id, []).append(node.value)
            elif isinstance(node, gast.Name) and isinstance(node.ctx, gast.Param):
                self.bound.setdefault(node.id, []).append(node if id(node) in own else None)
            elif (parts := entries_bound(node)) is not None:
                for text, value in parts.items():
                    self.bound.setdefault(text, []).append(value)
            elif isinstance(node, gast.Assign | gast.For | gast.With):
                elements = elements_bound(node) if isinstance(node, gast.For) else {}
                for text in _targets(node):
                    self.bound.setdefault(text, []).append(elements.get(text))
        self.vectors = {text for text in self.indices if told.ranks[text] == 1}
        self.parities = _parities(function, self.bound)
        self.elements = self._elements_of_indices()
        self.integers |= self.elements
        self._aliases = self._entries_under_names(changing) if told else {}
        self.lists: frozenset[str] = frozenset()
        self._lists_of_numbers = lists_of_numbers
        self._known: dict[str, int | None] = {}
        self._settle()
        while lists_of_numbers is not None:
            found = lists_of_numbers(function, self)
            if found <= self.lists:
                break
            self.lists |= found
            self._settle()

    def _settle(self) -> None:
        """Find the ranks of names by those of their values, until none changes."""
        self._known = dict.fromkeys(self.bound, _OPEN)
        before = None
        while before != self._known:
            before = dict(self._known)
            for text in self.bound:  # in the order of the text: what is bound above is known
                self._known[text] = self._joined(text)
        self._known = {text: None if r == _OPEN else r for text, r in self._known.items()}

    def _elements_of_indices(self) -> set[str]:
        """Names that are only bound to elements of arrays of integers."""
        return {
            text
            for text, values in self.bound.items()
            if all(value is not None and self._is_index(value) for value in values)
        }

    def _is_index(self, node: tree.Node) -> bool:
        """Whether an expression is an element of a vector or list of integers: `rows[0]`, or `rows[1:][0]`."""
        if not isinstance(node, gast.Subscript) or not self.is_integer(node.slice):
            return False
        if self.told.integers and self.path_of(node) in self.told.integers & self.told.ranks.keys():
            return True
        vector = node.value
        while isinstance(vector, gast.Subscript) and isinstance(vector.slice, gast.Slice):
            vector = vector.value
        return tree.is_name(vector) and vector.id in self.vectors

    def _entries_under_names(self, changing: set[str]) -> dict[str, str]:
        """Names that only ever stand for an entry of which entries are told: `m` for `models[i]`."""
        once = {
            text: v[0] for text, v in self.bound.items() if len(v) == 1 and text not in changing
        }
        paths = {text: self.path_of(value) for text, value in once.items() if value is not None}
        return {
            text: path
            for text, path in paths.items()
            if path and "[" in path and any(told.startswith(path + "[") for told in self.told.ranks)
        }

    def path_of(self, node: tree.Node) -> str | None:
        """The text `w[0]['bias']` of an entry with keys that are written out; for one of several elements that are alike `w[*]`, or
        `w[0::2]` where only every other is.
        """
        if isinstance(node, gast.Name):
            return self._aliases.get(node.id, node.id)
        if not isinstance(node, gast.Subscript):
            return None
        whole = _whole_of(node.value)
        base = self.path_of(whole)
        if base is None:
            return None
        if whole is not node.value:
            return f"{base}[*]" if self.is_integer(node.slice) else None
        if isinstance(node.slice, gast.Constant):
            path = f"{base}[{node.slice.value!r}]"
            if type(node.slice.value) is not int or self._is_told(path):
                return path
        if not self.is_integer(node.slice):
            return None
        every_other = f"{base}[{self._parity(node.slice)}::2]"
        return every_other if self._is_told(every_other) else f"{base}[*]"

    def _parity(self, index: tree.Node) -> int | None:
        """Whether an index is even (0) or odd (1), None if that is not known."""
        if isinstance(index, gast.Name):
            return self.parities.get(index.id)
        if isinstance(index, gast.BinOp) and isinstance(index.op, gast.Add | gast.Sub):
            one, other = self._parity(index.left), self._parity(index.right)
            return None if one is None or other is None else (one + other) % 2
        number = tree.integer_of(index)
        return None if number is None else number % 2

    def _is_told(self, path: str) -> bool:
        return any(told == path or told.startswith(path + "[") for told in self.told.ranks)

    def of(self, node: Any) -> int | None:
        """The rank of an expression, None if it is not known."""
        rank = self._of(node)
        return 0 if rank is None and self.is_integer(node) else rank

    def _of(self, node: Any) -> int | None:
        if isinstance(node, gast.Name):
            is_parameter = isinstance(node.ctx, gast.Param)
            return self.told.ranks[node.id] if is_parameter else self._known.get(node.id)
        if isinstance(node, gast.Constant):
            return 0 if isinstance(node.value, int | float) else None
        if isinstance(node, gast.Subscript):
            return self._of_part(node)
        if isinstance(node, gast.Attribute) and node.attr == "T":
            return self.of(node.value)
        if isinstance(node, gast.BinOp) and isinstance(node.op, gast.MatMult):
            return self._of_product(self.of(node.left), self.of(node.right))
        if self.calls is not None and (operands := self.calls.operands(node)):
            return self._of_operands(operands)
        if self.calls is not None and (called := self.calls.body_of(node)):
            return self._of_result(*called)
        if isinstance(node, gast.Call) and tree.is_path(node.func, "np.array"):
            return self._of_array(node.args[0]) if len(node.args) == 1 else None
        if tree.called_name(node) in ("min", "max") and len(node.args) > 1:
            rank = self._of_operands(node.args)
            return rank if rank in (0, _OPEN) else None
        if isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute):
            return self._of_call(node, node.func)
        return None

    def _of_result(self, core: gast.FunctionDef, bound: dict[str, tree.Node]) -> int | None:
        """The rank of what a helper returns for these arguments; None for one that calls itself."""
        if any(core is other for other in self.around):
            return None
        if _OPEN in map(self.of, bound.values()):
            return _OPEN
        told = self.of_arguments(bound).without(set(bound))
        key = core, told, frozenset(self.around)
        if key not in self._results:
            inner = Ranks(
                core, told, self.calls, self.around, self._results, self._lists_of_numbers
            )
            self._results[key] = inner.of(core.body[-1].value)
        return self._results[key]

    def _of_array(self, node: tree.Node) -> int | None:
        """The rank of `np.array([a, b])`, or of `np.array(xs)` for a list of numbers."""
        is_list = isinstance(node, gast.Name) and node.id in self.lists
        return 1 if is_list else self._of_display(node)

    def _of_display(self, node: tree.Node) -> int | None:
        """The rank of `np.array([[a, b], [c, d]])`: one more than that of its elements, which have to have the same."""
        if not isinstance(node, gast.List) or not node.elts:
            return None
        parts = {self._of_display(n) if isinstance(n, gast.List) else self.of(n) for n in node.elts}
        known = [rank for rank in parts if rank is not None and rank != _OPEN]
        if None in parts or len(known) > 1:
            return None
        return known[0] + 1 if known else _OPEN

    def _of_operands(self, operands: list[tree.Node]) -> int | None:
        ranks = [self.of(operand) for operand in operands]
        known = [rank for rank in ranks if rank is not None]
        if len(known) < len(ranks):
            return None
        return _OPEN if _OPEN in known else max(known)

    def _of_product(self, a: int | None, b: int | None) -> int | None:
        if not a or not b:
            return None
        if _OPEN in (a, b):
            return _OPEN
        return max(a, b) - 1 if a == 1 or b == 1 else max(a, b)

    def _of_part(self, node: gast.Subscript) -> int | None:
        """The rank of a part, if its index is made of integers, slices and new axes."""
        path = self.path_of(node) if self.told else None
        if path is not None and path in self.told.ranks:
            return self.told.ranks[path]
        if self.is_element(node):
            return 0
        rank = self.of(node.value)
        parts = node.slice.elts if isinstance(node.slice, gast.Tuple) else [node.slice]
        new = sum(tree.is_constant(p, None) for p in parts)
        whole = sum(isinstance(p, gast.Slice) or tree.is_constant(p, Ellipsis) for p in parts)
        integers = sum(map(self.is_integer, parts))
        if rank == _OPEN:
            return _OPEN
        if rank is None or new + whole + integers < len(parts) or integers > rank:
            return None
        left = rank - integers + new
        is_array = any(tree.is_constant(p, Ellipsis) for p in parts)
        return None if is_array and left == 0 else left  # a view without axes is no number

    def of_arguments(self, bound: Mapping[str, tree.Node]) -> Told:
        """What is known of the arguments of a call."""
        integers = frozenset(p for p, node in bound.items() if self.is_integer(node))
        known = {p: 0 if p in integers else self.of(node) for p, node in bound.items()}
        ranks = {p: rank for p, rank in known.items() if rank is not None}
        dims = {p: tuple(open_dim(p, i) for i in range(rank)) for p, rank in ranks.items()}
        for parameter, node in bound.items():
            path = self.path_of(node) or ""
            inside = {
                text: d for text, d in self.told.shapes.items() if text.startswith(path + "[")
            }
            for text, lengths in inside.items():
                own = tuple(d if isinstance(d, int) else (*d, parameter) for d in lengths)
                dims[parameter + text.removeprefix(path)] = own if is_of_many(path) else lengths
        return Told(frozenset(dims.items()), integers)

    def numbers(self) -> set[str]:
        """Names that are only bound to single elements: they share no memory with the array."""
        return {
            text
            for text, values in self.bound.items()
            if all(value is not None and self.is_number(value) for value in values)
        }

    def floats(self) -> set[str]:
        """Names that are only bound to what a call has told to be floats: parts of arrays, entries of tuples in a list."""
        return {
            text
            for text, values in self.bound.items()
            if all(isinstance(v, gast.Subscript) and self._is_of_floats(v) for v in values)
        }

    def _is_of_floats(self, node: tree.Node) -> bool:
        while isinstance(node, gast.Subscript):
            path = self.path_of(node)
            if path in self.told.floats and path in self.told.ranks:
                return True
            node = node.value
        is_told = isinstance(node, gast.Name) and node.id in self.told.floats
        return is_told and len(self.bound[node.id]) == 1

    def is_number(self, node: tree.Node) -> bool:
        """Whether `y[i]` is a single number: as many integers as `y` has axes."""
        if not isinstance(node, gast.Subscript):
            return False
        if self.is_element(node):
            return True
        number = len(node.slice.elts) if isinstance(node.slice, gast.Tuple) else 1
        return self.of(node.value) == number and self.is_of_integers(node.slice)

    def is_element(self, node: tree.Node) -> bool:
        """Whether `xs[i]` is an element of a list that holds nothing but single numbers."""
        is_of_list = isinstance(node, gast.Subscript) and tree.is_name(node.value)
        return is_of_list and node.value.id in self.lists and self.is_integer(node.slice)

    def is_of_integers(self, index: tree.Node) -> bool:
        """Whether an index is an integer, or several."""
        parts = index.elts if isinstance(index, gast.Tuple) else [index]
        return all(map(self.is_integer, parts))

    def _joined(self, text: str) -> int | None:
        """The rank that all values of a name have, as far as the ranks of names are known."""
        found = {self.of(value) for value in self.bound[text]} - {_OPEN}
        return found.pop() if len(found) == 1 else None if found else _OPEN

    def _of_call(self, node: gast.Call, function: gast.Attribute) -> int | None:
        if not tree.is_name(function.value, "np"):
            is_copy = function.attr == "copy" and not node.args
            return self.of(function.value) if is_copy else None
        if function.attr in _MATRICES:
            return 2
        if not node.args or function.attr not in _OF_SHAPE | _AS_FIRST:
            return None
        first = node.args[0]
        if function.attr in _AS_FIRST:
            return None if any(k.arg == "shape" for k in node.keywords) else self.of(first) or None
        if isinstance(first, gast.Tuple):
            starred = any(isinstance(e, gast.Starred) for e in first.elts)
            return None if starred else len(first.elts) or None
        if isinstance(first, gast.Attribute) and first.attr == "shape":
            return self.of(first.value) or None  # an array without axes is no number
        return 1 if self.is_integer(first) else None

    def is_integer(self, node: tree.Node) -> bool:
        """Whether an expression is known to be a single integer."""
        if isinstance(node, gast.Name):
            return node.id in self.integers
        if isinstance(node, gast.Constant):
            return type(node.value) is int
        if isinstance(node, gast.UnaryOp):
            return not isinstance(node.op, gast.Not) and self.is_integer(node.operand)
        if isinstance(node, gast.BinOp):
            is_whole = isinstance(node.op, INTEGER_OPERATORS)
            return is_whole and self.is_integer(node.left) and self.is_integer(node.right)
        if isinstance(node, gast.Subscript):
            is_shape = isinstance(node.value, gast.Attribute) and node.value.attr == "shape"
            return (is_shape and isinstance(node.slice, gast.Constant)) or self._is_index(node)
        return tree.called_name(node) == "len" or (
            isinstance(node, gast.Attribute) and node.attr in ("size", "ndim")
        )


def entries_bound(node: tree.Node) -> dict[str, tree.Node] | None:
    """`{"a": p[0], "b": p[1]}` for `a, b = p`; None for all else."""
    if not isinstance(node, gast.Assign) or not isinstance(node.targets[0], gast.Tuple):
        return None
    targets = node.targets[0].elts
    if not _is_place(node.value) or not all(map(tree.is_name, targets)):
        return None
    return {t.id: tree.subscript(node.value, tree.constant(i)) for i, t in enumerate(targets)}


def _whole_of(node: tree.Node) -> tree.Node:
    """The list or array of which a slice, or its elements in another order, are gone through."""
    while True:
        if isinstance(node, gast.Subscript) and isinstance(node.slice, gast.Slice):
            node = node.value
        elif tree.called_name(node) == "reversed" and len(node.args) == 1:
            node = node.args[0]
        else:
            return node


def elements_bound(loop: gast.For) -> dict[str, tree.Node]:
    """Names that a loop binds to elements, with these: `{"x": xs[len(xs)], "t": ts[len(ts)]}` for `x, t in zip(xs, ts)`.

    The index stands for one that nobody knows.
    """
    if isinstance(loop.target, gast.Name) and _counts(loop):
        return {}
    return _elements_bound(loop.target, loop.iter)


def _elements_bound(target: tree.Node, whole: tree.Node) -> dict[str, tree.Node]:
    element = tree.subscript(whole, tree.call("len", whole))
    if isinstance(target, gast.Name):
        return {target.id: element}
    names = [n.id for n in tree.walk(target) if isinstance(n, gast.Name)]
    parts = target.elts if isinstance(target, gast.Tuple) else []
    if len(set(names)) < len(names):
        return {}
    if _is_place(whole) and all(map(tree.is_name, parts)):
        return {t.id: tree.subscript(element, tree.constant(i)) for i, t in enumerate(parts)}
    if not isinstance(whole, gast.Call) or any(isinstance(a, gast.Starred) for a in whole.args):
        return {}
    if tree.called_name(whole) == "zip" and len(parts) == len(whole.args):
        pairs = zip(parts, whole.args, strict=True)
        return {text: a for part, arg in pairs for text, a in _elements_bound(part, arg).items()}
    if tree.called_name(whole) == "enumerate" and len(parts) == 2:
        return _elements_bound(parts[1], whole.args[0])
    return {}


def _parities(function: gast.FunctionDef, bound: Collection[str]) -> dict[str, int]:
    """Names that only ever count by twos from a number that is written out, with the parity of that: `i` of `range(0, n, 2)`."""
    found: dict[str, set[int | None]] = {}
    for node in tree.walk(function.body):
        if isinstance(node, gast.For) and isinstance(node.target, gast.Name):
            found.setdefault(node.target.id, set()).add(_parity_of_range(node.iter))
    single = {text: kinds.pop() for text, kinds in found.items() if len(kinds) == 1}
    return {t: kind for t, kind in single.items() if kind is not None and t not in bound}


def _parity_of_range(iterable: tree.Node) -> int | None:
    is_by_two = tree.called_name(iterable) == "range" and len(iterable.args) == 3
    if not is_by_two or tree.integer_of(iterable.args[2]) != 2:
        return None
    start = tree.integer_of(iterable.args[0])
    return None if start is None else start % 2


def _counts(loop: gast.For) -> bool:
    return tree.called_name(loop.iter) in ("range", "reversed")


def _targets(node: tree.Node) -> set[str]:
    if isinstance(node, gast.For):
        return set() if _counts(node) else tree.names_written(node.target)
    return tree.names_written(node.targets if isinstance(node, gast.Assign) else list(node.items))


def _range_arguments(function: gast.FunctionDef) -> set[str]:
    """Parameters that are handed to `range`, which takes integers only, or that the bound of a slice is computed from."""
    assigned = tree.names_written(function.body)
    calls = [n for n in tree.walk(function) if tree.called_name(n) == "range"]
    found = {a.id for n in calls for a in n.args if isinstance(a, gast.Name)}
    for node in function.body:
        sure = node.iter if isinstance(node, gast.For) else node
        if not isinstance(node, gast.If | gast.While | gast.With | gast.Try):
            found |= {text for n in tree.walk(sure) for text in _in_bounds(n)}
    return found - assigned


def _in_bounds(node: tree.Node) -> set[str]:
    """Names from which `range(n - 1)` or `x[n // 2 :]` computes an integer."""
    parts = node.args if tree.called_name(node) == "range" else []
    if isinstance(node, gast.Slice):
        parts = [node.lower, node.upper]
    computed = [n for n in parts if isinstance(n, gast.BinOp)]
    is_plain = [all(isinstance(n, _ARITHMETIC) for n in tree.walk(part)) for part in computed]
    return {
        text
        for part, plain in zip(computed, is_plain, strict=True)
        if plain
        for text in tree.names_read(part)
    }


_ARITHMETIC = (
    gast.BinOp, gast.Name, gast.Constant, gast.Add, gast.Sub, gast.FloorDiv, gast.expr_context,
)  # fmt: skip
