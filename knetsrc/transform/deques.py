"""Queues of `collections.deque` become lists.

q = deque(maxlen=n)                q = []
q.append(x)               ->       q.append(x)
                                   if len(q) > n:
                                       q.pop(0)
first = q.popleft()                first = q.pop(0)

This is the same where the function makes the queue, has one name for it, and only takes elements of it and goes through it.
"""

import collections
from dataclasses import dataclass
from typing import Any

import gast

from knetsrc.errors import UnsupportedAliasError
from knetsrc.transform import tree
from knetsrc.transform.default_dicts import apart
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import is_of_module
from knetsrc.transform.normalize.scopes import captured_names, own_nodes, parameters, rewritten
from knetsrc.transform.source import Source

_READING = frozenset({
    "abs", "all", "any", "bool", "enumerate", "len", "list", "max", "min", "reversed", "sorted", "sum", "tuple", "zip",
})  # fmt: skip
_CHANGING = frozenset({"append", "appendleft", "clear", "extend", "pop", "popleft", "rotate"})


def plain_queues(function: gast.FunctionDef, source: Source) -> gast.FunctionDef:
    """The function with lists for the queues that it makes and keeps.

    Parameters
    ----------
    function
        A function as parsed. It is not modified.
    source
        Where it was read.
    """
    function = apart(function, source, (collections.deque,))
    found = _made(function, source)
    if not found:
        return function
    new = tree.clone(function)
    writing = _Writing(found, Names.of(function))
    new.body[:] = rewritten(new.body, writing.statement)
    return tree.rewrite(new, {gast.Call: writing.taken})  # type: ignore[no-any-return]


@dataclass
class _Queue:
    """The number of elements that a queue holds at most; whether it holds so many at any time."""

    most: tree.Node | None
    is_full: bool


def _made(function: gast.FunctionDef, source: Source) -> dict[str, _Queue]:
    """Names that stand for queues only, which go nowhere."""
    nodes = list(own_nodes(function.body))
    given = set(parameters(function))
    hidden = tree.names_written(function) | given
    found: dict[str, _Queue] = {}
    other = given | captured_names(function.body)
    made: set[int] = set()
    for node in nodes:
        queue = _made_by(node, source, hidden)
        if queue is None:
            continue
        text = node.targets[0].id
        known = found.setdefault(text, queue)
        made.add(id(node.targets[0]))
        known.is_full &= queue.is_full
        if not (known.most is queue.most or tree.is_same(known.most, queue.most)):
            other.add(text)
    written = tree.names_written(function.body)
    other |= {text for text, q in found.items() if q.most and tree.names_read(q.most) & written}
    plain = made | _plain_uses(nodes)
    other |= {n.id for n in nodes if isinstance(n, gast.Name) and id(n) not in plain}
    for node in nodes:
        text = _changed(node)
        if text in found and node.func.attr not in ("append", "appendleft", "rotate"):
            found[text].is_full = False
    for node in nodes:
        if (text := _changed(node)) in other & found.keys():
            raise _refused(node, text)
    return {text: queue for text, queue in found.items() if text not in other}


def _refused(node: gast.Call, text: str) -> UnsupportedAliasError:
    return UnsupportedAliasError(
        f"`{text}.{node.func.attr}(...)` on a deque that is more than filled and read here",
        at=node,
        why="it is handed on, has another name or bound, or changes in a way that lists do not",
        instead=f"keep a list: {text} = [...], {text}.append(x), {text}.pop(0)",
    )


def _made_by(node: Any, source: Source, hidden: set[str]) -> _Queue | None:
    """What `q = deque(xs, maxlen=n)` makes."""
    is_plain = isinstance(node, gast.Assign) and len(node.targets) == 1
    call = node.value if is_plain and tree.is_name(node.targets[0]) else None
    if not isinstance(call, gast.Call) or tree.names_read(call.func) & hidden:
        return None
    if source.value_of(call.func) is not collections.deque:
        return None
    options = {k.arg: k.value for k in call.keywords}
    if set(options) - {"maxlen"} or len(call.args) + len(options) > 2:
        return None
    most = options.get("maxlen", call.args[1] if len(call.args) > 1 else None)
    if most is None or tree.is_constant(most, None):
        return _Queue(None, is_full=False)
    if not isinstance(most, gast.Name) and tree.integer_of(most) is None:
        return None
    held = call.args[0] if call.args else None
    return _Queue(most, _has_length(held, most))


def _has_length(held: Any, most: tree.Node) -> bool:
    """Whether what a queue starts with is as long as it may be: `[0.0] * n`, `[a, b]`."""
    if _is_repeated(held):
        return tree.is_same(held.right, most)
    is_display = isinstance(held, gast.List | gast.Tuple)
    is_known = is_display and not any(isinstance(e, gast.Starred) for e in held.elts)
    return is_known and len(held.elts) == tree.integer_of(most)


def _is_repeated(held: Any) -> bool:
    is_product = isinstance(held, gast.BinOp) and isinstance(held.op, gast.Mult)
    return is_product and isinstance(held.left, gast.List) and len(held.left.elts) == 1


def _plain_uses(nodes: list[Any]) -> set[int]:
    """The nodes of names (`id`) where only elements of a queue are taken, or it changes."""
    plain: list[Any] = []
    for node in nodes:
        if isinstance(node, gast.Subscript) and not isinstance(node.slice, gast.Slice | gast.Tuple):
            plain.append(node.value)
        elif isinstance(node, gast.For | gast.comprehension):
            plain.append(node.iter)
        elif isinstance(node, gast.Starred):
            plain.append(node.value)
        elif isinstance(node, gast.Compare) and isinstance(node.ops[0], gast.In | gast.NotIn):
            plain += node.comparators
        elif isinstance(node, gast.If | gast.While | gast.IfExp):
            plain += _tested(node.test)
        elif isinstance(node, gast.Call):
            is_reading = tree.called_name(node) in _READING or is_of_module(node.func)
            plain += node.args if is_reading else []
            plain += [node.func.value] if _may_be_written_out(node, nodes) else []
    return {id(n) for n in plain if isinstance(n, gast.Name)}


def _tested(test: Any) -> list[Any]:
    """What a test asks: `q` and `p` of `q and not p`."""
    if isinstance(test, gast.UnaryOp):
        return _tested(test.operand)
    if isinstance(test, gast.BoolOp):
        return [n for value in test.values for n in _tested(value)]
    return [test]


def _may_be_written_out(node: gast.Call, nodes: list[Any]) -> bool:
    """Whether a method of a queue can be written with those of lists: `q.popleft()`, and `q.append(e)` as a statement."""
    method = _changed(node) and node.func.attr
    if not method or node.keywords:
        return False
    if method in ("pop", "popleft", "clear"):
        return not node.args
    if method == "rotate" and node.args and tree.integer_of(node.args[0]) not in (1, -1):
        return False
    is_statement = any(isinstance(n, gast.Expr) and n.value is node for n in nodes)
    return is_statement and len(node.args) <= 1


def _changed(node: Any) -> str | None:
    """`q` for `q.append(e)` and the other methods."""
    is_method = isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute)
    is_known = is_method and node.func.attr in _CHANGING and tree.is_name(node.func.value)
    return node.func.value.id if is_known else None


class _Writing:
    """The statements for queues."""

    def __init__(self, queues: dict[str, _Queue], names: Names) -> None:
        self.queues, self.names = queues, names

    def taken(self, node: gast.Call) -> tree.Node:
        """`q.pop(0)` for `q.popleft()`."""
        if _changed(node) in self.queues and node.func.attr == "popleft":
            return tree.call(tree.attribute(node.func.value, "pop"), tree.constant(0))
        return node

    def statement(self, node: Any) -> list[tree.Node]:
        if isinstance(node, gast.Assign) and tree.is_name(node.targets[0]):
            text = node.targets[0].id
            return self._started(text, node.value) if text in self.queues else [node]
        call: Any = node.value if isinstance(node, gast.Expr) else None
        text = _changed(call)
        if text not in self.queues:
            return [node]
        method, queue = call.func.attr, tree.name(text)
        if method == "append":
            return [node, *self._shortened(text, [tree.constant(0)])]
        if method == "appendleft":
            first = tree.call(tree.attribute(queue, "insert"), tree.constant(0), call.args[0])
            return [tree.expression(first), *self._shortened(text, [])]
        if method == "rotate":
            return self._turned(text, *call.args)
        if method == "extend" and self.queues[text].most is not None:
            item = self.names.fresh("item")
            append = tree.expression(tree.call(tree.attribute(queue, "append"), tree.name(item)))
            return [tree.for_(item, call.args[0], self.statement(append))]
        return [node]

    def _started(self, text: str, call: gast.Call) -> list[tree.Node]:
        most = self.queues[text].most
        held = call.args[0] if call.args else tree.list_of([])
        if isinstance(held, gast.Tuple | gast.List):
            start = [tree.assign(text, tree.list_of(held.elts))]
            if self.queues[text].is_full or not held.elts:
                return start
        elif self.queues[text].is_full:
            return [tree.assign(text, held)]
        else:
            start = [tree.assign(text, tree.call("list", held))]
        if most is None:
            return start
        size = tree.call("len", tree.name(text))
        rest = tree.slice_of(tree.binary(size, "-", tree.clone(most)), None, None)
        cut = tree.assign(text, tree.call("list", tree.subscript(tree.name(text), rest)))
        return [*start, tree.if_(tree.compare(tree.clone(size), ">", tree.clone(most)), [cut])]

    def _shortened(self, text: str, index: list[tree.Node]) -> list[tree.Node]:
        """Statements that take out the element that a new one has pushed out."""
        queue = self.queues[text]
        if queue.most is None:
            return []
        taken = tree.expression(tree.call(tree.attribute(tree.name(text), "pop"), *index))
        if queue.is_full:
            return [taken]
        size = tree.call("len", tree.name(text))
        return [tree.if_(tree.compare(size, ">", tree.clone(queue.most)), [taken])]

    def _turned(self, text: str, count: tree.Node | None = None) -> list[tree.Node]:
        moved = self.names.fresh("moved")
        pop, insert, append = (
            tree.attribute(tree.name(text), method) for method in ("pop", "insert", "append")
        )
        if count is None or tree.integer_of(count) == 1:
            back = tree.call(insert, tree.constant(0), tree.name(moved))
            turned = [tree.assign(moved, tree.call(pop)), tree.expression(back)]
        else:
            turned = [
                tree.assign(moved, tree.call(pop, tree.constant(0))),
                tree.expression(tree.call(append, tree.name(moved))),
            ]
        return [tree.if_(tree.call("len", tree.name(text)), turned)]
