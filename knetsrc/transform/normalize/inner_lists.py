"""Lists inside a list or dict that grow: a longer one takes the place of each.

groups = {"a": [], "b": []}              groups = {'a': [], 'b': []}
groups[key].append(x)             ->     groups[key] = [*groups[key], x]

This is the same where nothing else stands for an inner list: the function makes all of them, and only takes their elements,
or returns them when all is done.
"""

from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import is_append, is_cheap, is_of_module
from knetsrc.transform.normalize.inplace import made_lists
from knetsrc.transform.normalize.scopes import (
    COMPREHENSIONS,
    captured_names,
    own_nodes,
    parameters,
    rewritten,
)
from knetsrc.transform.tree import Node

# What these give holds no list that they are handed.
_TAKING = frozenset({"len", "sum", "max", "min", "any", "all", "abs", "float", "print", "sorted", "list", "tuple"})  # fmt: skip
_OF_DICTS = frozenset({"items", "values", "keys"})


def split_appends(function: gast.FunctionDef) -> gast.FunctionDef:
    """Write a branch where it is chosen which list grows.

    >>> from knetsrc.transform.language import show
    >>> show(lambda function, names: split_appends(function), "(xs if a > 0 else ys).append(a)")
    if a > 0:
        xs.append(a)
    else:
        ys.append(a)
    """

    def split(node: Node) -> Node:
        if not (is_append(node.value) and isinstance(node.value.func.value, gast.IfExp)):
            return node
        chosen = node.value.func.value
        ways = [split(appending(part, node.value)) for part in (chosen.body, chosen.orelse)]
        return tree.if_(chosen.test, *([way] for way in ways))

    def appending(part: Node, call: gast.Call) -> Node:
        return tree.expression(tree.call(tree.attribute(part, "append"), *tree.clone(call.args)))

    return tree.rewrite(function, {gast.Expr: split})


def write_out_inner_appends(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """Write a new list into its place where a list inside a list or dict of the function grows.

    >>> from knetsrc.transform.language import show
    >>> show(write_out_inner_appends, "d = {}; d.setdefault(k, []).append(x); d[k].append(y); z = sum(d[k])")
    d = {}
    if k not in d:
        d[k] = []
    d[k] = [*d[k], x]
    d[k] = [*d[k], y]
    z = sum(d[k])
    """
    longer = _with_appends(function, names)
    grown = {g[0] for n in own_nodes(longer.body) if (g := grown_inside(n)) is not None}
    grown -= set(parameters(function)) | captured_names(function.body)
    own = {text for text in grown if _Uses(longer, text).are_plain()}
    if not own:
        return function

    def written(node: Any) -> list[Node]:
        found = grown_inside(node)
        if found is None or found[0] not in own:
            return [node]
        text, key, is_new = found
        before: list[Node] = []
        if not is_cheap(key):
            name = names.fresh("key")
            before, key = [tree.assign(name, key)], tree.name(name)
        entry = tree.subscript(tree.name(text), tree.clone(key))
        if is_new:
            missing = tree.compare(tree.clone(key), "not in", tree.name(text))
            before.append(tree.if_(missing, [tree.assign(tree.clone(entry), tree.list_of([]))]))
        longer = tree.list_of([tree.starred(tree.clone(entry)), node.value.args[0]])
        return [*before, tree.assign(entry, longer)]

    function = _with_appends(function, names, own)
    function.body = rewritten(function.body, written)
    return function


def _with_appends(
    function: gast.FunctionDef, names: Names, own: set[str] | None = None
) -> gast.FunctionDef:
    """A copy with `d[k].append(a); d[k].append(b)` for `d[k] += [a, b]`, for these names or for all."""
    lists = made_lists(function, is_sure=True)

    def appends(node: Any) -> list[Node]:
        is_sum = isinstance(node, gast.AugAssign) and isinstance(node.op, gast.Add)
        target: Any = node.target if is_sum else None
        is_entry = isinstance(target, gast.Subscript) and tree.is_name(target.value)
        if not is_entry or (own is not None and target.value.id not in own):
            return [node]
        is_open = target.value.id in tree.names_read(node.value)
        if is_open or any(isinstance(n, gast.Call) for n in tree.walk(target.slice)):
            return [node]
        entry = tree.attribute(tree.subscript(target.value, target.slice), "append")
        return _appended(node.value, entry) or [node]

    def _appended(value: Any, entry: Node) -> list[Node]:
        if isinstance(value, gast.List | gast.Tuple):
            is_open = any(isinstance(e, gast.Starred) for e in value.elts)
            elements = [] if is_open else value.elts
            return [tree.expression(tree.call(tree.clone(entry), e)) for e in elements]
        made = isinstance(value, gast.ListComp) or tree.called_name(value) in ("list", "sorted")
        if not made and getattr(value, "id", None) not in lists:
            return []
        item = "item" if own is None else names.fresh("item")
        append = tree.expression(tree.call(entry, tree.name(item)))
        return [tree.for_(item, value, [append])]

    function = tree.clone(function)
    function.body = rewritten(function.body, appends)
    return function


def grown_inside(node: Any) -> tuple[str, Node, bool] | None:
    """Name and key for the statements `d[k].append(e)` and `d.setdefault(k, []).append(e)`, and whether it is the latter."""
    call = node.value if isinstance(node, gast.Expr) else None
    if not isinstance(call, gast.Call) or len(call.args) != 1 or call.keywords:
        return None
    if not isinstance(call.func, gast.Attribute) or call.func.attr != "append":
        return None
    inner: Any = call.func.value
    if isinstance(inner, gast.Subscript) and tree.is_name(inner.value):
        is_part = isinstance(inner.slice, gast.Slice | gast.Tuple)
        return None if is_part and _has_slice(inner.slice) else (inner.value.id, inner.slice, False)
    if not isinstance(inner, gast.Call) or not isinstance(inner.func, gast.Attribute):
        return None
    is_default = inner.func.attr == "setdefault" and len(inner.args) == 2 and not inner.keywords
    if is_default and tree.is_name(inner.func.value) and _is_list(inner.args[1]):
        return (inner.func.value.id, inner.args[0], True) if not inner.args[1].elts else None
    return None


def _has_slice(index: Node) -> bool:
    return any(isinstance(n, gast.Slice) for n in tree.walk(index))


def _is_list(value: Any) -> bool:
    return isinstance(value, gast.List)


def _is_new_list(value: Any) -> bool:
    return isinstance(value, gast.List | gast.ListComp)


def _is_made(value: Any) -> bool:
    """Whether a value is a new list or dict, with new lists in it only."""
    if isinstance(value, gast.Dict):
        return None not in value.keys and all(map(_is_new_list, value.values))
    if isinstance(value, gast.List):
        return all(map(_is_new_list, value.elts))
    if isinstance(value, gast.ListComp):
        return _is_new_list(value.elt)
    return isinstance(value, gast.DictComp) and _is_new_list(value.value)


class _Uses:
    """What a function does with a list or dict of lists."""

    def __init__(self, function: gast.FunctionDef, text: str) -> None:
        self.function, self.text = function, text
        self.parents = {
            id(child): node for node in tree.walk(function.body) for child in tree.children(node)
        }
        self.stored = {
            id(t): n.value
            for n in tree.walk(function.body)
            if isinstance(n, gast.Assign) and len(n.targets) == 1
            for t in n.targets
        }

    def _around(self, node: Any) -> Any:
        return self.parents.get(id(node))

    def are_plain(self) -> bool:
        """Whether the function makes it and all that is in it, and gives no list in it a name that outlives the next change."""
        names = [n for n in tree.walk(self.function.body) if tree.is_name(n, self.text)]
        return all(map(self._is_plain, names))

    def _is_plain(self, node: Any) -> bool:
        if not isinstance(node.ctx, gast.Load):
            return id(node) in self.stored and _is_made(self.stored[id(node)])
        parent = self._around(node)
        if isinstance(parent, gast.Subscript) and parent.value is node:
            return self._is_entry(parent)
        if isinstance(parent, gast.Compare) or tree.called_name(parent) == "len":
            return True
        if isinstance(parent, gast.Attribute):
            return self._is_method(parent)
        return self._is_walked(parent, node) or self._is_returned(node)

    def _is_entry(self, entry: Any) -> bool:
        """Whether `d[k]` is written a new list, grows, or is only taken elements from."""
        if not isinstance(entry.ctx, gast.Load):
            return id(entry) in self.stored and _is_new_list(self.stored[id(entry)])
        return not _has_slice(entry.slice) and self._is_taken(entry)

    def _is_taken(self, node: Any) -> bool:
        """Whether only elements of an inner list are read here, or it grows."""
        parent = self._around(node)
        if isinstance(parent, gast.Subscript):
            return parent.value is node and isinstance(parent.ctx, gast.Load)
        if isinstance(parent, gast.Attribute):
            is_growing = grown_inside(self._around(self._around(parent))) is not None
            return parent.value is node and is_growing
        if isinstance(parent, gast.Call):
            is_known = tree.called_name(parent) in _TAKING or is_of_module(parent.func)
            return is_known and any(a is node for a in parent.args)
        if isinstance(parent, gast.For | gast.comprehension):
            return parent.iter is node and not self._grows_within(parent)
        return isinstance(parent, gast.Compare) or self._is_returned(node)

    def _is_returned(self, node: Any) -> bool:
        """Whether it leaves the function here, where nothing grows any more."""
        parent = self._around(node)
        while isinstance(parent, gast.Tuple | gast.List | gast.Dict):
            parent = self._around(parent)
        tries = [n for n in tree.walk(self.function.body) if isinstance(n, gast.Try)]
        return isinstance(parent, gast.Return) and not any(n.finalbody for n in tries)

    def _is_method(self, attribute: Any) -> bool:
        call = self._around(attribute)
        if not isinstance(call, gast.Call) or call.func is not attribute:
            return False
        if attribute.attr == "append":
            is_statement = isinstance(self._around(call), gast.Expr)
            return is_statement and len(call.args) == 1 and _is_new_list(call.args[0])
        if attribute.attr == "setdefault":
            outer = self._around(call)
            return grown_inside(self._around(self._around(outer))) is not None
        if attribute.attr not in _OF_DICTS or call.args:
            return False
        return self._is_walked(self._around(call), call)

    def _is_walked(self, loop: Any, iterable: Any) -> bool:
        """Whether a loop goes through it in which nothing grows, and only takes elements of what it is given."""
        if not isinstance(loop, gast.For | gast.comprehension) or loop.iter is not iterable:
            return False
        if self._grows_within(loop):
            return False
        bound = self._lists_in(loop.target, iterable)
        inside = self._inside(loop)
        read = [n for n in tree.walk(self.function.body) if getattr(n, "id", None) in bound]
        if isinstance(loop, gast.comprehension):  # its names are its own
            read = [n for n in read if id(n) in inside]
        return all(
            not isinstance(n.ctx, gast.Load) or (id(n) in inside and self._is_taken_or_key(n))
            for n in read
        )

    def _lists_in(self, target: Any, iterable: Any) -> set[str]:
        """Names that a loop binds to inner lists: not those for keys."""
        method = getattr(iterable.func, "attr", "") if isinstance(iterable, gast.Call) else ""
        is_of_keys = method == "keys" or (not method and self._is_dict())
        if is_of_keys:
            return set()
        is_pair = method == "items" and isinstance(target, gast.Tuple) and len(target.elts) == 2
        return tree.names_written(target.elts[1] if is_pair else target)

    def _is_dict(self) -> bool:
        bound = [n for n in tree.walk(self.function.body) if tree.is_name(n, self.text)]
        made = [self.stored[id(n)] for n in bound if not isinstance(n.ctx, gast.Load)]
        return all(isinstance(value, gast.Dict | gast.DictComp) for value in made)

    def _is_taken_or_key(self, node: Any) -> bool:
        """Whether what a loop is given is only taken elements from, or is the key of an entry."""
        parent = self._around(node)
        is_key = isinstance(parent, gast.Subscript) and parent.slice is node
        return is_key or self._is_taken(node)

    def _inside(self, loop: Any) -> set[int]:
        whole = loop if isinstance(loop, gast.For) else self._around(loop)
        return {id(n) for n in tree.walk(whole)} if isinstance(whole, Node) else set()

    def _grows_within(self, loop: Any) -> bool:
        if not isinstance(loop, gast.For):
            return not isinstance(self._around(loop), COMPREHENSIONS)
        grown = (grown_inside(n) for n in tree.walk(loop.body))
        if any(tree.is_name(n.func.value, self.text) for n in tree.walk(loop.body) if is_append(n)):
            return True
        stored = (n for n in tree.walk(loop.body) if isinstance(n, gast.Subscript))
        is_written = any(
            tree.is_name(n.value, self.text) and not isinstance(n.ctx, gast.Load) for n in stored
        )
        return is_written or any(g is not None and g[0] == self.text for g in grown)
