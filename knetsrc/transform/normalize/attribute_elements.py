"""Arrays, lists and dicts that change as attributes: a copy changes, and takes the place of the attribute.

self.u[0] = e                u = self.u.copy()
self.u[1:] *= 2.0     ->     check_own_array(u, self, 'u', 'self.u[0]')
                             u[0] = e
                             u[1:] *= 2.0
                             self.u = u

This is the same where nothing else stands for what the attribute holds: `analysis.aliases` looks for other names, and the check for
other attributes of the object when the program runs.
"""

from collections.abc import Callable, Iterator
from typing import Any

import gast

from knetsrc.errors import UnsupportedAliasError
from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import is_cheap, is_of_module, path_of
from knetsrc.transform.normalize.owned_containers import CHANGING
from knetsrc.transform.normalize.scopes import blocks, own_nodes
from knetsrc.transform.normalize.sharing import passed_on
from knetsrc.transform.tree import Node

_ELEMENTS = "check_own_elements"
OWN = frozenset({
    "check_own", "check_own_array", "check_own_dict", "check_own_list", "check_own_object", _ELEMENTS,
})  # fmt: skip
_ARRAY = "check_array"
_WRITING = frozenset({"copyto", "put", "place", "putmask", "fill_diagonal", "at"})
_OF_ARRAYS = frozenset({"fill", "put", "sort"})
_LEAVING = (
    gast.Return, gast.Yield, gast.YieldFrom, gast.Await, gast.Try, gast.FunctionDef, gast.Lambda, gast.ClassDef, gast.NamedExpr,
)  # fmt: skip
Attribute = tuple[str, str]


def write_out_attribute_elements(
    function: gast.FunctionDef,
    objects: frozenset[str],
    names: Names,
    in_place: frozenset[str] = frozenset(),
) -> gast.FunctionDef:
    """The function in which nothing changes that is an attribute of `objects`, whose names are the only ones.

    Parameters
    ----------
    function
        A function as the user wrote it.
    objects
        Names of objects that are seen through no other name.
    names
        Names taken.
    in_place
        Statements `s.u += e` of which a call has shown that they change an array, and changes `s.u[i]` of what is none.

    Examples
    --------
    >>> (f,) = tree.parse("def f(s, x):\\n s.u[0] = x\\n for i in range(3):\\n  s.u[i] += s.k * x\\n return s.u")
    >>> print(tree.show(write_out_attribute_elements(f, frozenset("s"), Names.of(f))))
    def f(s, x):
        u = s.u.copy()
        check_own_array(u, s, 'u', 's.u[0]', 'k')
        u[0] = x
        for i in range(3):
            u[i] += s.k * x
        s.u = u
        return s.u
    """
    found = function
    for _ in range(2):  # the first round may write what is updated in other words
        body = _updates(found.body, objects, in_place)
        changed = dict.fromkeys(a for place in changed_places(body) if (a := _attribute(place)))
        for attribute in changed:
            if attribute[0] in objects and not _is_changed_within(body, attribute):
                body = _Elements(names, attribute, body, in_place).block(body)
                found = tree.with_body(function, body)
    return found


def refuse_changes_between(body: list[Any], may_change: Callable[[gast.Call, str], bool]) -> None:
    """Raise an error for a method that may write to an object of which an attribute is being changed: that would be lost.

    self.u[0] += self.rate()        where `rate` writes to its object

    Raises
    ------
    UnsupportedAliasError
        For the first such call.
    """
    changing: set[str] = set()
    for node in body:
        for block in blocks(node):
            refuse_changes_between(block, may_change)
        call: Any = getattr(node, "value", None)
        if isinstance(node, gast.Expr) and tree.called_name(call) in OWN:
            changing.add(call.args[1].id)
        elif tree.called_name(call) == "with_attributes":
            changing.discard(getattr(call.args[0], "id", ""))
        calls = [n for n in tree.walk(node) if isinstance(n, gast.Call)] if changing else []
        for inner in calls:
            text = next((t for t in sorted(changing) if may_change(inner, t)), None)
            if text is not None:
                raise UnsupportedAliasError(
                    f"`{tree.show(inner.func)}`, where an attribute of `{text}` is being changed",
                    at=inner,
                    why="it may write to the same object, and what it writes would be lost",
                    instead=f"call it in a statement before: value = {tree.show(inner.func)}(...)",
                )


def changed_objects(body: list[Node]) -> set[str]:
    """Names of objects of which an attribute changes: `s` for `s.u[0] = e` and `s.xs.append(e)`."""
    found = (path_of(_without_index(place)) for place in changed_places(body))
    return {path[0] for path in found if len(path) > 1}


def changed_places(body: list[Node] | Node) -> Iterator[Any]:
    """What statements change by a write of elements, by a method or by a call: `s.u` for `s.u[0] = e`."""
    for node in own_nodes(body):
        yield from _changed_by(node)


def _changed_by(node: Any) -> list[Any]:
    if isinstance(node, gast.Subscript):
        return [] if isinstance(node.ctx, gast.Load) else [node.value]
    if isinstance(node, gast.AugAssign):
        return [node.target] if _is_longer(node) else []
    if not isinstance(node, gast.Call):
        return []
    method, out = getattr(node.func, "attr", ""), [k.value for k in node.keywords if k.arg == "out"]
    if is_of_module(node.func):
        return [*out, *(node.args[:1] if method in _WRITING else ())]
    return [*out, *([node.func.value] if method in CHANGING | _OF_ARRAYS else ())]


def _is_longer(node: gast.AugAssign) -> bool:
    """Whether a statement is `s.xs += [e]`."""
    is_sum = isinstance(node.op, gast.Add) and isinstance(node.value, gast.List)
    return is_sum and isinstance(node.target, gast.Attribute)


def _without_index(place: Any) -> Any:
    while isinstance(place, gast.Subscript):
        place = place.value
    return place


def _attribute(place: Any) -> Attribute | None:
    """Object and attribute for `s.u`, and for slices of it, which are views."""
    while isinstance(place, gast.Subscript) and _has_slice(place.slice):
        place = place.value
    is_own = isinstance(place, gast.Attribute) and isinstance(place.value, gast.Name)
    return (place.value.id, _plain(place.attr)) if is_own else None


def _plain(attr: str) -> str:
    """The name of an attribute without the mark of `own_methods`."""
    return attr.removesuffix(tree.FIELD_MARK)


def _has_slice(index: Any) -> bool:
    parts = index.elts if isinstance(index, gast.Tuple) else [index]
    return any(isinstance(part, gast.Slice) for part in parts)


def _is(node: Any, attribute: Attribute) -> bool:
    is_same = isinstance(node, gast.Attribute) and _plain(node.attr) == attribute[1]
    return is_same and tree.is_name(node.value, attribute[0])


def _is_changed_within(body: list[Node], attribute: Attribute) -> bool:
    """Whether something inside of what the attribute holds changes, `s.rows[0][1] = e`: of this the copy has no copy."""
    return any(
        _attribute(place) is None and any(_is(n, attribute) for n in tree.walk(place))
        for place in changed_places(body)
    )


def _updates(body: list[Any], objects: frozenset[str], in_place: frozenset[str]) -> list[Node]:
    """`s.u[...] += e` for those statements `s.u += e` that change an array."""
    if not in_place:
        return body

    def written(node: gast.AugAssign) -> Node | list[Node]:
        target, text = node.target, tree.show([node])
        is_own = isinstance(target, gast.Attribute) and getattr(target.value, "id", "") in objects
        if not is_own or text not in in_place:
            return node
        read = tree.attribute(tree.clone(target.value), target.attr)
        place = tree.subscript(read, tree.constant(Ellipsis))
        check = tree.call(_ARRAY, tree.clone(read), tree.constant(text))
        new = tree.augment(place, tree.symbol_of(node.op), node.value)
        return tree.at([tree.expression(check), new], node)  # type: ignore[no-any-return]

    return tree.rewrite(body, {gast.AugAssign: written})  # type: ignore[no-any-return]


class _Elements:
    """Rewrites what changes one attribute of one name."""

    def __init__(
        self,
        names: Names,
        attribute: Attribute,
        body: list[Node],
        in_place: frozenset[str],
    ) -> None:
        self.names, self.attribute, self.in_place = names, attribute, in_place
        self.kept = {
            n.attr
            for n in own_nodes(body)
            if isinstance(n, gast.Attribute)
            and isinstance(n.ctx, gast.Store)
            and tree.is_name(n.value, attribute[0])
        }

    def block(self, body: list[Any], may_fail: bool = False) -> list[Node]:
        """Statements of a block, in runs of those that may be written with one copy.

        With `may_fail` each is a run of its own: what is written before one of them fails must be in the object.
        """
        found: list[Node] = []
        i = 0
        while i < len(body):
            node, end = body[i], self._end(body, i, may_fail)
            is_branch = end == i + 1 and isinstance(node, gast.If)
            is_guarded = may_fail or isinstance(node, gast.Try | gast.With)
            if not self._changes(node):
                found.append(node)
            elif end > i and not is_branch:
                found += tree.at(self._run(body[i:end]), node)
                i = end - 1
            elif any(blocks(node)):
                new = tree.clone(node)
                for block in blocks(new):
                    block[:] = self.block(block, is_guarded)
                found.append(new)
            elif isinstance(node, gast.Return) and isinstance(node.value, gast.Call):
                text = self.names.fresh("result")
                taken = tree.at(tree.assign(text, node.value), node)
                found += self.block([taken], may_fail)
                found.append(tree.at(tree.return_(tree.name(text)), node))
            else:
                found += tree.at(self._alone(node), node)
            i += 1
        return found

    def _changes(self, node: Node) -> bool:
        return any(_attribute(place) == self.attribute for place in changed_places(node))

    def _end(self, body: list[Any], start: int, may_fail: bool) -> int:
        """Behind the last statement that changes the attribute, of a run in which nothing else is done with the object."""
        end = i = start
        if may_fail:
            is_simple = not any(blocks(body[i])) and len(list(changed_places(body[i]))) == 1
            return i + 1 if is_simple and self._is_quiet(body[i]) else i
        while i < len(body) and self._is_quiet(body[i]):
            i += 1
            end = i if self._changes(body[i - 1]) else end
        return end

    def _is_quiet(self, statement: Node, may_call: bool = False) -> bool:
        """Whether a statement only reads and writes attributes of the object, and does not leave the block."""
        nodes = list(tree.walk(statement))
        if any(isinstance(n, _LEAVING) or self._keeps(n) for n in nodes) or _jumps(statement):
            return False
        parents = {id(child): n for n in nodes for child in tree.children(n)}
        for node in nodes:
            if tree.called_name(node) == "super":
                return False
            if not tree.is_name(node, self.attribute[0]):
                continue
            read = parents.get(id(node))
            if tree.called_name(read) in OWN:
                continue
            if not isinstance(read, gast.Attribute) or not isinstance(node.ctx, gast.Load):
                return False
            around = parents.get(id(read))
            if isinstance(around, gast.Call) and around.func is read and not may_call:
                return False
            is_bound = _is(read, self.attribute) and not isinstance(read.ctx, gast.Load)
            if is_bound and not (isinstance(around, gast.AugAssign) and _is_longer(around)):
                return False
        return True

    def _keeps(self, node: Any) -> bool:
        """Whether a statement lets an attribute hold what is in this one: `s.old = s.u`."""
        targets = node.targets if isinstance(node, gast.Assign) else []
        stored = [n for t in targets for n in tree.walk(t) if isinstance(n, gast.Attribute)]
        return any(isinstance(n.ctx, gast.Store) for n in stored) and self._carries(node.value)

    def _carries(self, node: Node) -> bool:
        return _is(node, self.attribute) or any(map(self._carries, passed_on(node)))

    def _run(self, run: list[Any]) -> list[Node]:
        text, attr = self.attribute
        new = self.names.fresh(attr)
        as_read = next(n.attr for n in tree.walk(run) if _is(n, self.attribute))
        held = tree.attribute(tree.name(text), as_read)
        kind, methods = self._kind(run)
        target = tree.target_of(tree.attribute(tree.name(text), attr))
        is_container = kind in ("list", "dict")
        is_own = is_container and bool(methods - {"append"})  # for `container_writes`
        value = tree.call(kind, tree.name(new)) if is_own else tree.name(new)
        copy = tree.call(tree.attribute(held, "copy"))
        back = tree.assign_to([target], value)
        if methods == {"+="}:
            copy = tree.call("list", held)
        checks, run = self._with_elements(run, kind, new)
        return [tree.assign(new, copy), *checks, *self._renamed(run, new), back]

    def _with_elements(self, run: list[Any], kind: str, new: str) -> tuple[list[Node], list[Any]]:
        """The checks, and the statements in which `xs[i] = xs[i] + e` stands for `xs[i] += e` where this is no array."""
        checks = [self._check(run, kind, new)]
        if kind == "array":
            return checks, run
        updated: list[Node] = []

        def split(node: gast.AugAssign) -> list[Node] | Node:
            target = node.target
            if not self._is_change(target) or not is_cheap(target):
                return node
            updated.append(node)
            text = self.names.fresh(f"new_{self.attribute[1]}")
            read = tree.subscript(tree.clone(target.value), tree.clone(target.slice))
            value = tree.in_place(read, node.op, node.value)
            return tree.at([tree.assign(text, value), tree.assign(target, tree.name(text))], node)  # type: ignore[no-any-return]

        run = tree.rewrite(run, {gast.AugAssign: split})
        if updated:
            check = tree.clone(checks[0])
            check.value.func = tree.name(_ELEMENTS)
            checks = [check] if kind == "" else [*checks, check]
        return checks, run

    def _kind(self, run: list[Any]) -> tuple[str, set[str]]:
        """What the attribute holds, as far as the changes tell, and their methods: an array, where nothing tells more."""
        methods, keys, deleted = set[str](), list[Any](), list[Any]()
        for node in own_nodes(run):
            if not self._is_change(node):
                continue
            if isinstance(node, gast.Subscript):
                keys.append(node.slice)
                deleted += [node.slice] if isinstance(node.ctx, gast.Del) else []
            elif isinstance(node, gast.AugAssign):
                methods.add("+=")
            elif not is_of_module(node.func) and node.func.attr not in _OF_ARRAYS:
                methods.add(node.func.attr)
        is_text = any(isinstance(getattr(k, "value", None), str) for k in keys)
        if is_text or methods & {"setdefault", "update"}:
            return "dict", methods
        if methods & {"append", "extend", "insert", "reverse", "+="}:
            return "list", methods
        if methods or deleted or self._shown(run) in self.in_place:
            methods |= {"del"} if deleted else set()
            is_list = any(map(_is_last, own_nodes(run))) or any(map(_is_place, deleted))
            return "list" if is_list else "", methods
        return "array", methods

    def _shown(self, run: list[Any]) -> str:
        """The first change, as the user wrote it."""
        node = next(n for n in own_nodes(run) if self._is_change(n))
        if isinstance(node, gast.Call):
            return f"{tree.show(node.func)}(...)"
        return tree.show([node] if isinstance(node, gast.AugAssign) else tree.clone(node))

    def _check(self, run: list[Any], kind: str, new: str) -> Node:
        """The check, with the attributes that are read while the copy changes: they must be no properties."""
        text, attr = self.attribute
        is_single = len(run) == 1 and not any(blocks(run[0]))
        read = {
            _plain(n.attr)
            for n in tree.walk(run)
            if isinstance(n, gast.Attribute) and tree.is_name(n.value, text)
        }
        others = [] if is_single else sorted(read - self.kept - {attr})
        arguments = [tree.constant(t) for t in (attr, self._shown(run), *others)]
        check = f"check_own_{kind}" if kind else "check_own"
        return tree.expression(tree.call(check, tree.name(new), tree.name(text), *arguments))

    def _is_change(self, node: Node) -> bool:
        """Whether a node is what changes the attribute: `s.u[0]`, `s.xs.append(e)`."""
        return any(_attribute(place) == self.attribute for place in _changed_by(node))

    def _renamed(self, run: list[Any], new: str) -> Any:
        def replace(node: gast.Attribute) -> Node:
            if not _is(node, self.attribute):
                return node
            name = tree.store(new) if isinstance(node.ctx, gast.Store) else tree.name(new)
            return tree.at(name, node)  # type: ignore[no-any-return]

        def longer(node: gast.AugAssign) -> Node:
            if not _is_longer(node) or not _is(node.target, self.attribute):
                return node
            call = tree.call(tree.attribute(tree.name(new), "extend"), node.value)
            return tree.at(tree.expression(call), node)  # type: ignore[no-any-return]

        return tree.rewrite(tree.rewrite(run, {gast.AugAssign: longer}), {gast.Attribute: replace})

    def _alone(self, node: Any) -> list[Node]:
        """A statement that calls methods of the object: what they give is computed first, as they may change it."""
        if isinstance(
            node, gast.AugAssign
        ):  # what is changed is read before: `stateful` sees to it that they do not
            is_plain = self._is_quiet(node, True) and not self._calls(node.target)
            return self._run([node]) if is_plain else [node]
        new = tree.clone(node)
        holder = new.value if isinstance(new, gast.Expr) else new
        values = holder.args if isinstance(holder, gast.Call) else [getattr(holder, "value", None)]
        if len(values) != 1 or not isinstance(values[0], Node):
            return [node]
        text = self.names.fresh(f"new_{self.attribute[1]}")
        if isinstance(holder, gast.Call):
            holder.args = [tree.name(text)]
        else:
            holder.value = tree.name(text)
        is_left = any(isinstance(n, (gast.Starred, *_LEAVING)) for n in tree.walk(values))
        if is_left or not self._is_quiet(new) or not self._changes(new):
            return [node]
        return [tree.assign(text, values[0]), *self._run([new])]

    def _calls(self, node: Node) -> bool:
        return any(isinstance(n, gast.Call) for n in tree.walk(node))


def _is_last(node: Any) -> bool:
    """Whether a call is `xs.pop()` or `xs.pop(0)`, of a list."""
    is_pop = isinstance(node, gast.Call) and getattr(node.func, "attr", "") == "pop"
    return is_pop and (not node.args or _is_place(node.args[0]))


def _is_place(index: Any) -> bool:
    """Whether an index can only be one of a list: `0`, `-1`, `1:`."""
    inner = index.operand if isinstance(index, gast.UnaryOp) else index
    return isinstance(index, gast.Slice) or type(getattr(inner, "value", None)) is int


def _jumps(statement: Any) -> bool:
    """Whether a statement leaves the loop around it."""
    if isinstance(statement, gast.For | gast.While):
        return any(map(_jumps, statement.orelse))
    inner = [n for block in blocks(statement) for n in block]
    return isinstance(statement, gast.Break | gast.Continue) or any(map(_jumps, inner))
