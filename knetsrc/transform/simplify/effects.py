"""What a statement reads, binds and changes in place, and what its value may share memory with.

    d_a[i] += scale(d_y)    reads d_a, i, d_y; changes d_a; impure unless `scale` is pure

The answers are computed once for each node: trees are never changed after they are made.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import gast
import numpy as np

from knetsrc.transform.simplify.edit import COMPOUND, blocks, children
from knetsrc.transform.tree import Node

EXTERNAL = ""  # stands for everything that the caller can see: arguments, globals
FRESH = frozenset({
    "len", "range", "float", "int", "bool", "str", "abs", "isinstance", "zeros_like",
    "np.zeros_like", "np.zeros", "np.ones", "np.ones_like", "np.full", "np.full_like",
    ".sum", ".mean", ".prod", ".std", ".var", ".cumsum", ".dot",
    "np.diff", "np.hstack", "np.linalg.cholesky", "np.linalg.inv", "np.linalg.solve", "np.vstack", "np.where",
})  # fmt: skip
_FRESH_OF_TWO = frozenset(
    {"np.concatenate", "np.outer", "np.stack", "np.sum"}
)  # the third may be an `out`
ADDS_INTO_FIRST = frozenset(
    {"add_at", "add_into", "add_within", "np.add.at", "cut_out", "put_back"}
)
MODULES = frozenset({"np", "numpy", "math", "scipy", "special", "cp", "cupy"})
_PLAIN_ATTRIBUTES = frozenset({"shape", "ndim", "size", "dtype", "itemsize", "nbytes"})
_IN_PLACE_METHODS = frozenset({
    "append", "extend", "insert", "pop", "popitem", "remove", "clear", "sort", "reverse",
    "update", "setdefault", "add", "discard", "fill", "put", "itemset", "resize", "partition",
    "setflags", "setfield", "byteswap",
})  # fmt: skip
_COMPREHENSIONS = (gast.ListComp, gast.SetComp, gast.DictComp)
DISPLAYS = (gast.List, gast.Tuple, gast.Set, *_COMPREHENSIONS)
_NEW_VALUES = (
    gast.BinOp,
    gast.UnaryOp,
    gast.Compare,
    gast.Constant,
    gast.JoinedStr,
    gast.FormattedValue,
)
_LEAVES = (gast.Break, gast.Continue, gast.Return, gast.Raise, gast.Try)


class Effect(NamedTuple):
    """What happens when a node is evaluated."""

    reads: dict[str, int]  # how often each name is read
    writes: frozenset[str]  # names bound
    mutates: frozenset[str]  # names whose objects may change in place
    pushes: frozenset[str]  # lists appended to or popped from
    hidden: frozenset[str]  # names seen by a nested function, bound by a comprehension
    impure: bool  # has a call that may do more than return a value
    leaves: bool  # may go elsewhere than to the next statement


NOTHING = Effect({}, frozenset(), frozenset(), frozenset(), frozenset(), False, False)


def call_text(function: Node) -> str | None:
    """`np.add.at` for that expression, None for one that is not names joined by dots."""
    parts = []
    while isinstance(function, gast.Attribute):
        parts.append(function.attr)
        function = function.value
    return ".".join([function.id, *reversed(parts)]) if isinstance(function, gast.Name) else None


def list_method(call: Node) -> tuple[str, str] | None:
    """`("xs", "pop")` for `xs.pop()`, `("xs", "append")` for `xs.append(e)`, else None."""
    if isinstance(call, gast.Call) and isinstance(call.func, gast.Attribute) and not call.keywords:
        receiver, method = call.func.value, call.func.attr
        if isinstance(receiver, gast.Name) and len(call.args) == {"append": 1, "pop": 0}.get(
            method
        ):
            return receiver.id, method
    return None


def popped_list(statement: Node) -> str | None:
    """`xs` for a statement `x = xs.pop()` or `xs.pop()`, else None."""
    found = list_method(statement.value) if isinstance(statement, gast.Assign | gast.Expr) else None
    return found[0] if found and found[1] == "pop" else None


def header(statement: Node) -> list[Any]:
    """The expressions of a statement itself, those of nested statements left out."""
    if isinstance(statement, gast.If | gast.While):
        return [statement.test]
    if isinstance(statement, gast.For):
        return [statement.iter, statement.target]
    if isinstance(statement, gast.With):
        return list(statement.items)
    if isinstance(statement, gast.Try):
        return [
            part
            for handler in statement.handlers
            for part in (handler.type, handler.name)
            if part is not None
        ]
    return [statement]


class Effects:
    """What nodes do, given what is known of calls.

    Parameters
    ----------
    is_pure
        Whether a call does nothing but return a value; by default no call is trusted.
    fresh_calls
        Functions (`np.exp`) and methods (`.copy`) whose result shares memory with nothing.
    """

    def __init__(
        self,
        is_pure: Callable[[gast.Call], bool] = lambda call: False,
        fresh_calls: Iterable[str] = (),
    ) -> None:
        self.is_pure = is_pure
        self.fresh_calls = FRESH | frozenset(fresh_calls)
        self._own: dict[Node, Effect] = {}
        self._whole: dict[Node, Effect] = {}
        self._links: dict[Node, list[frozenset[str]]] = {}

    # --- what is done ----------------------------------------------------------------------------
    def own(self, node: Node) -> Effect:
        """The effect of an expression, a simple statement, or the header of a compound one."""
        if node not in self._own:
            self._own[node] = self._collect(header(node), isinstance(node, _LEAVES))
        return self._own[node]

    def whole(self, statement: Node) -> Effect:
        """The effect of a statement together with those nested in it."""
        if not isinstance(statement, COMPOUND):
            return self.own(statement)
        if statement not in self._whole:
            nested = [self.whole(inner) for block in blocks(statement) for inner in block]
            self._whole[statement] = merge([self.own(statement), *nested])
        return self._whole[statement]

    def may_swap(self, a: Node, b: Node) -> bool:
        """Whether two expressions may be evaluated in the other order."""
        first, second = self.own(a), self.own(b)
        if first.impure or first.mutates or second.impure or second.mutates:
            return False
        return not (first.pushes and second.reads) and not (second.pushes and first.reads)

    def _collect(self, roots: list[Any], leaves: bool) -> Effect:
        reads: Counter[str] = Counter()
        writes, mutates, pushes, hidden = set(), set(), set(), set()
        impure = False
        stack = roots
        while stack:
            node = stack.pop()
            if isinstance(node, gast.Name):
                if isinstance(node.ctx, gast.Load):
                    reads[node.id] += 1
                else:
                    writes.add(node.id)
                continue
            if isinstance(node, gast.Call):
                changed, pushed, unknown = self._call(node)
                mutates |= changed
                pushes |= pushed
                impure = impure or unknown
            elif isinstance(node, gast.Subscript | gast.Attribute) and not isinstance(
                node.ctx, gast.Load
            ):
                mutates |= self.shared_with(node.value)
            elif isinstance(node, gast.AugAssign) and isinstance(node.target, gast.Name):
                reads[node.target.id] += 1
                mutates.add(node.target.id)
            elif isinstance(
                node, gast.FunctionDef | gast.Lambda | gast.GeneratorExp | gast.ClassDef
            ):
                names = _all_names(node)
                hidden |= names
                reads.update(names)
                writes |= (
                    {node.name} if isinstance(node, gast.FunctionDef | gast.ClassDef) else set()
                )
                continue
            elif isinstance(node, _COMPREHENSIONS):
                hidden |= {name for part in node.generators for name in _all_names(part.target)}
            stack += children(node)
        freeze = frozenset
        return Effect(
            dict(reads),
            freeze(writes),
            freeze(mutates),
            freeze(pushes),
            freeze(hidden),
            impure,
            leaves,
        )

    def _call(self, call: gast.Call) -> tuple[set[str], set[str], bool]:
        """Names changed in place, lists pushed to, and whether the call may do anything else."""
        listed = list_method(call)
        if listed:
            return set(), {listed[0]}, False
        if call_text(call.func) in ADDS_INTO_FIRST and call.args:
            return set(self.shared_with(call.args[0])), set(), False
        method = call.func.attr if isinstance(call.func, gast.Attribute) else None
        writes_out = any(keyword.arg == "out" for keyword in call.keywords)
        if self.is_pure(call) and method not in _IN_PLACE_METHODS and not writes_out:
            return set(), set(), False
        return _all_names(call) | {EXTERNAL}, set(), True

    # --- what is shared --------------------------------------------------------------------------
    def is_fresh_call(self, call: gast.Call) -> bool:
        """Whether the result of a call shares memory with nothing."""
        if any(keyword.arg == "out" for keyword in call.keywords):
            return False
        text, count = call_text(call.func) or "", len(call.args)
        if (
            text in self.fresh_calls
            or _is_ufunc(text, count)
            or (text in _FRESH_OF_TWO and count < 3)
        ):
            return True
        return isinstance(call.func, gast.Attribute) and f".{call.func.attr}" in self.fresh_calls

    def is_fresh(self, value: Node) -> bool:
        """Whether the value is a new object, reached by nobody else."""
        if isinstance(value, gast.Call):
            return self.is_fresh_call(value)
        return isinstance(value, _NEW_VALUES) and not self.shared_with(value)

    def shared_with(self, value: Node | None) -> frozenset[str]:
        """Names whose objects the value may be, be part of, or hold."""
        if value is None or isinstance(value, gast.Constant):
            return frozenset()
        if isinstance(value, gast.Name):
            return frozenset([value.id])
        if isinstance(value, gast.BinOp):  # lists joined or repeated: the elements are shared
            parts = [part for part in (value.left, value.right) if isinstance(part, DISPLAYS)]
            return self._shared_with_any([value.left, value.right] if parts else [])
        if isinstance(value, _NEW_VALUES):
            return frozenset()
        if isinstance(value, gast.Attribute):
            return frozenset() if value.attr in _PLAIN_ATTRIBUTES else self.shared_with(value.value)
        if isinstance(value, gast.Subscript | gast.Starred | gast.keyword | gast.NamedExpr):
            return self.shared_with(value.value)
        if isinstance(value, gast.IfExp):
            return self._shared_with_any([value.body, value.orelse])
        if isinstance(value, gast.BoolOp | gast.List | gast.Tuple | gast.Set | gast.Dict):
            return self._shared_with_any(children(value))
        if isinstance(value, gast.Call):
            return self._shared_by_call(value)
        if isinstance(value, gast.ListComp) and not self.shared_with(value.elt):
            return frozenset()
        return frozenset(_all_names(value)) - MODULES

    def _shared_by_call(self, call: gast.Call) -> frozenset[str]:
        if self.is_fresh_call(call):
            return frozenset()
        found = self._shared_with_any([*call.args, *call.keywords])
        if isinstance(call.func, gast.Attribute):
            found |= self.shared_with(call.func.value) - MODULES
        return found

    def _shared_with_any(self, values: Iterable[Any]) -> frozenset[str]:
        return frozenset[str]().union(*map(self.shared_with, values))

    def links(self, statement: Node) -> list[frozenset[str]]:
        """Sets of names whose objects may share memory because of the statement itself."""
        if statement not in self._links:
            self._links[statement] = [
                found for found in self._find_links(statement) if len(found) > 1
            ]
        return self._links[statement]

    def _find_links(self, statement: Node) -> list[frozenset[str]]:
        found = []
        if isinstance(statement, gast.Assign):
            targets = self._shared_with_any(statement.targets)
            found.append(targets | self.shared_with(statement.value))
        elif isinstance(statement, gast.AugAssign) and isinstance(statement.value, DISPLAYS):
            found.append(self.shared_with(statement.target) | self.shared_with(statement.value))
        elif isinstance(statement, gast.For):
            found.append(self.shared_with(statement.target) | self.shared_with(statement.iter))
        elif isinstance(statement, gast.With):
            for item in statement.items:
                found.append(
                    self.shared_with(item.optional_vars) | self.shared_with(item.context_expr)
                )
        effect = self.own(statement)
        if effect.impure or effect.pushes or isinstance(statement, gast.FunctionDef):
            found += [
                self._linked_by_call(call) for root in header(statement) for call in _calls(root)
            ]
            found.append(effect.hidden)
        return found

    def _linked_by_call(self, call: gast.Call) -> frozenset[str]:
        """Names that a call with side effects may put into one another."""
        if list_method(call):
            return self._shared_with_any([call.func.value, *call.args])
        if self._call(call)[2]:
            return frozenset(_all_names(call)) - MODULES | {EXTERNAL}
        return frozenset()


def _is_ufunc(text: str, count: int) -> bool:
    """Whether a call applies a function of NumPy element by element; with one argument more it would write into that."""
    module, _, name = text.partition(".")
    function = getattr(np, name, None) if module == "np" else None
    return isinstance(function, np.ufunc) and function.nin == count


def merge(effects: Iterable[Effect]) -> Effect:
    """The effect of several nodes, one after the other."""
    found = list(effects)
    reads: Counter[str] = Counter()
    for effect in found:
        reads.update(effect.reads)
    union = frozenset[str]().union
    return Effect(
        dict(reads),
        writes=union(*(effect.writes for effect in found)),
        mutates=union(*(effect.mutates for effect in found)),
        pushes=union(*(effect.pushes for effect in found)),
        hidden=union(*(effect.hidden for effect in found)),
        impure=any(effect.impure for effect in found),
        leaves=any(effect.leaves for effect in found),
    )


def _all_names(node: Node) -> set[str]:
    found: set[str] = set()
    stack: list[Any] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, gast.Name):
            found.add(current.id)
        else:
            stack += children(current)
    return found


def _calls(node: Node) -> list[Any]:
    found: list[Any] = []
    stack: list[Any] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, gast.Call):
            found.append(current)
        stack += children(current)
    return found
