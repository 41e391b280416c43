"""Lists and dicts of which a function has the only name: a change of these may be written as a new value of the name."""

from collections import Counter
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import is_of_module, path_of
from knetsrc.transform.normalize.scopes import COMPREHENSIONS, captured_names, own_nodes, parameters
from knetsrc.transform.tree import Node

CHECK_KIND = "check_kind"
_COPY = "copy"  # of a list or a dict, as its methods tell
_LAST = tree.constant(-1)
CHANGING = frozenset(
    {"append", "pop", "insert", "extend", "reverse", "sort", "clear", "update", "setdefault"}
)
_LIST_METHODS = frozenset({"append", "insert", "extend", "reverse", "sort"})
_DICT_METHODS = frozenset({"update", "setdefault", "items", "keys", "values", "get"})
# What these give does not hold the container itself.
_SAFE = frozenset({
    "abs", "all", "any", "dict", "enumerate", "float", "isinstance", "len", "list", "max", "min", "print", "reversed",
    "set", "sorted", "str", "sum", "tuple", "zip",
})  # fmt: skip
_NUMERIC = [["np"], ["numpy"], ["cp"], ["cupy"], ["xp"], ["math"]]
_COPYING = frozenset({"extend", "update"})
_LAZY = frozenset({"enumerate", "reversed", "zip"})
_VIEWS = frozenset({"items", "keys", "values"})


def owned_containers(function: gast.FunctionDef) -> tuple[set[str], set[str]]:
    """Names of the lists and of the dicts that a function makes and changes, and that are seen through no other name."""
    changed = _changed_names(function)
    made = _made(function, changed - set(parameters(function)))
    escaped = escaping_names(function) | captured_names(function.body)
    looped = _changed_in_own_loop(function)
    own = {n: kind for n, kind in made.items() if n not in escaped | looped}
    return {n for n in own if own[n] == "list"}, {n for n in own if own[n] == "dict"}


def unknown_copies(function: gast.FunctionDef, owned: set[str]) -> dict[int, str]:
    """Assignments of `ws.copy()` to owned names (`id` of the node), where nothing but their methods tells what these are."""
    return {
        id(node): node.targets[0].id
        for node in own_nodes(function.body)
        if isinstance(node, gast.Assign)
        and tree.is_name(node.targets[0])
        and node.targets[0].id in owned
        and _kind_of(node.value) == _COPY
        and getattr(node.value.func.value, "id", None) not in owned
    }


def merged_names(function: gast.FunctionDef) -> gast.FunctionDef:
    """One name for a list that has two, as far as both are bound once, outside of branches and loops.

    >>> (function,) = tree.parse("def f(x):\\n ys = [x]\\n zs = ys\\n ys.append(x)\\n return sum(zs)")
    >>> print(tree.show(merged_names(function)))
    def f(x):
        ys = [x]
        ys.append(x)
        return sum(ys)
    """
    changed = _changed_names(function)
    stored = [
        n
        for n in own_nodes(function.body)
        if isinstance(n, gast.Name) and not isinstance(n.ctx, gast.Load)
    ]
    times = Counter([*parameters(function), *(n.id for n in stored)])
    made: set[str] = set()
    same: dict[str, str] = {}
    body: list[Node] = []
    for node in function.body:
        text, value = _bound_once(node, times)
        if text and isinstance(value, gast.Name):
            other = same.get(value.id, value.id)
            if other in made and {text, other} & changed:
                same[text] = other
                continue
        if text and _kind_of(value) not in ("", _COPY):
            made.add(text)
        body.append(node)
    if not same:
        return function
    merged = tree.with_body(function, body)
    return tree.rename(merged, same)  # type: ignore[no-any-return]


def _bound_once(node: Any, times: Counter[str]) -> tuple[str, Any]:
    """The name that a statement binds, if no other one does, and what to."""
    if not isinstance(node, gast.Assign) or len(node.targets) > 1:
        return "", None
    target = node.targets[0]
    is_once = isinstance(target, gast.Name) and times[target.id] == 1
    return (target.id, node.value) if is_once else ("", None)


def copied_arguments(function: gast.FunctionDef, names: Names) -> gast.FunctionDef:
    """The function with copies of the arguments that it changes, so that the caller's are left alone.

    >>> (function,) = tree.parse("def f(xs):\\n last = xs.pop()\\n return last")
    >>> print(tree.show(copied_arguments(function, Names.of(function))))
    def f(xs):
        check_kind(xs, list, 'xs')
        xs_1 = list(xs)
        last = xs_1.pop()
        return last
    """
    plain = [a.id for a in [*function.args.args, *function.args.kwonlyargs]]
    changed = _changed_names(function) & set(plain)
    copies: list[Node] = []
    renamed: dict[str, str] = {}
    for text in sorted(changed):
        kind = _kind_of_argument(function, text)
        if kind is not None:
            renamed[text] = names.fresh(text)
            given = [tree.name(text), tree.name(kind), tree.constant(text)]
            copies.append(tree.expression(tree.call(CHECK_KIND, *given)))
            copies.append(tree.assign(renamed[text], tree.call(kind, tree.name(text))))
    if not copies:
        return function
    body = [*copies, *tree.rename(function.body, renamed)]
    return tree.at(tree.function_def(function.name, function.args, body), function.body[0])  # type: ignore[no-any-return]


def _kind_of_argument(function: gast.FunctionDef, text: str) -> str | None:
    """What an argument is, as far as its methods tell."""
    methods, keys = set(), list[Node]()
    popped: list[Node] = []
    for node in own_nodes(function.body):
        if isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute):
            if tree.is_name(node.func.value, text):
                methods.add(node.func.attr)
                popped += (node.args or [_LAST]) if node.func.attr == "pop" else []
        if isinstance(node, gast.Subscript) and tree.is_name(node.value, text):
            keys.append(node.slice)
    is_text = any(
        isinstance(k, gast.Constant) and isinstance(k.value, str) for k in [*keys, *popped]
    )
    if methods & _DICT_METHODS or is_text:
        return None if methods & _LIST_METHODS else "dict"
    is_list = methods & (_LIST_METHODS - {"sort"}) or any(map(_is_integer, popped))
    return "list" if is_list or _is_deleted(function, text) else None


def _is_deleted(function: gast.FunctionDef, text: str) -> bool:
    """Whether `del xs[0]` or `del xs[1:]` stands in the function."""
    targets = [t for n in own_nodes(function.body) if isinstance(n, gast.Delete) for t in n.targets]
    return any(
        isinstance(t, gast.Subscript)
        and tree.is_name(t.value, text)
        and (isinstance(t.slice, gast.Slice) or _is_integer(t.slice))
        for t in targets
    )


def _is_integer(node: Any) -> bool:
    inner = node.operand if isinstance(node, gast.UnaryOp) else node
    return isinstance(inner, gast.Constant) and type(inner.value) is int


def _changed_names(function: gast.FunctionDef) -> set[str]:
    """Names of which a method or `del` changes the value, and lists of which a slice is assigned."""
    found = set()
    for node in own_nodes(function.body):
        if isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute):
            base = node.func.value
            if node.func.attr in CHANGING and not is_of_module(node.func):
                found |= {base.id} if isinstance(base, gast.Name) else set()
        targets = node.targets if isinstance(node, gast.Delete | gast.Assign) else []
        for target in targets:
            is_slice = isinstance(node, gast.Delete) or isinstance(
                getattr(target, "slice", None), gast.Slice
            )
            if isinstance(target, gast.Subscript) and is_slice and tree.is_name(target.value):
                found.add(target.value.id)
        if isinstance(node, gast.AugAssign) and isinstance(node.target, gast.Name):
            found.add(node.target.id)
    return found


def _made(function: gast.FunctionDef, names: set[str]) -> dict[str, str]:
    """Of these, the ones that are only ever bound to a new list, or to a new dict."""
    kinds: dict[str, set[str]] = {n: set() for n in names}
    plain = set()
    for node in own_nodes(function.body):
        if isinstance(node, gast.Assign) and len(node.targets) == 1:
            for target, value in pairs(node.targets[0], node.value):
                if isinstance(target, gast.Name) and target.id in kinds:
                    plain.add(id(target))
                    kinds[target.id].add(_kind_of(value))
    for node in own_nodes(function.body):
        is_bound = isinstance(node, gast.Name) and isinstance(node.ctx, gast.Store)
        if is_bound and node.id in kinds and id(node) not in plain:
            kinds[node.id].add(_kind_of_sum(function, node))
    for text, found in kinds.items():
        if _COPY in found:
            kinds[text] = (found - {_COPY}) | {_kind_of_argument(function, text) or ""}
    return {n: next(iter(k)) for n, k in kinds.items() if len(k) == 1 and "" not in k}


def pairs(target: Any, value: Any) -> list[tuple[Any, Any]]:
    """What is bound to what by `a, b = c, d`."""
    is_display = isinstance(target, gast.Tuple) and isinstance(value, gast.Tuple)
    if not is_display or len(target.elts) != len(value.elts):
        return [(target, value)]
    return list(zip(target.elts, value.elts, strict=True))


def _kind_of_sum(function: gast.FunctionDef, target: Node) -> str:
    """The kind of a name that is the target of `xs += ys` or `d |= e`."""
    sums = {gast.Add: "list", gast.BitOr: "dict"}
    found = (
        n for n in own_nodes(function.body) if isinstance(n, gast.AugAssign) and n.target is target
    )
    return next((sums.get(type(n.op), "") for n in found), "")


def _kind_of(value: Any) -> str:
    if isinstance(value, gast.List | gast.ListComp):
        return "list"
    if isinstance(value, gast.Dict | gast.DictComp):
        return "dict"
    if isinstance(value, gast.BinOp) and isinstance(value.op, gast.Add | gast.Mult):
        is_list = [_kind_of(n) == "list" for n in (value.left, value.right)]
        return "list" if any(is_list) else ""
    if isinstance(value, gast.Call) and isinstance(value.func, gast.Attribute):
        return _COPY if value.func.attr == "copy" and not is_of_module(value.func) else ""
    name = tree.called_name(value)
    return {"list": "list", "sorted": "list", "dict": "dict"}.get(name or "", "")


def _changed_in_own_loop(function: gast.FunctionDef) -> set[str]:
    """Containers that change while a loop runs over them."""
    found = set()
    for node in own_nodes(function.body):
        if isinstance(node, gast.For):
            inside = tree.function_def("f", [], [*node.body, *node.orelse])
            found |= tree.names_read(node.iter) & _changed_names(inside)
    return found


def escaping_names(function: gast.FunctionDef) -> set[str]:
    """Names that are put somewhere, bound to another name, or handed to a function that may keep them."""
    found: set[str] = set()

    def visit(node: Any, is_safe: bool, is_loop: bool = False) -> None:
        if isinstance(node, gast.Name):
            if isinstance(node.ctx, gast.Load) and not is_safe:
                found.add(node.id)
        elif isinstance(node, gast.Call):
            _call(node, is_safe, is_loop)
        elif isinstance(node, gast.Subscript):
            visit(node.value, True)
            visit(node.slice, True)
        elif isinstance(node, gast.Attribute):
            visit(node.value, True)
        elif isinstance(node, gast.Compare | gast.BinOp | gast.UnaryOp | gast.JoinedStr):
            for child in tree.children(node):
                visit(child, True)
        elif isinstance(node, gast.BoolOp):
            for child in node.values:
                visit(child, is_safe)
        elif isinstance(node, gast.Return) and node.value is not None:
            for part in node.value.elts if isinstance(node.value, gast.Tuple) else [node.value]:
                visit(part, True)
        elif isinstance(node, gast.Starred):
            visit(node.value, True)
        elif isinstance(node, gast.For | gast.comprehension):
            visit(node.iter, True, True)
            for part in ("body", "orelse", "ifs"):
                for child in getattr(node, part, []):
                    visit(child, True)
        elif isinstance(node, gast.If | gast.While | gast.Assert):
            visit(node.test, True)
            for child in [*getattr(node, "body", []), *getattr(node, "orelse", [])]:
                visit(child, False)
        elif isinstance(node, Node):
            is_inner = isinstance(node, (gast.Expr, *COMPREHENSIONS))
            for child in tree.children(node):
                visit(child, is_inner and not isinstance(child, gast.Name))

    def _call(node: Any, is_safe: bool, is_loop: bool) -> None:
        name, method = tree.called_name(node), getattr(node.func, "attr", "")
        keeps = name in _LAZY or (method in _VIEWS and not node.args)
        safe = name in _SAFE or path_of(node.func)[:1] in _NUMERIC or method in _COPYING
        safe = safe and (not keeps or is_loop or is_safe)
        if isinstance(node.func, gast.Attribute):
            own = method not in _VIEWS or is_loop or is_safe
            visit(node.func.value, own)
        for argument in [*node.args, *(k.value for k in node.keywords)]:
            is_object = name == "with_attributes" and argument is node.args[0]
            visit(argument, is_object or safe or (is_safe and not keeps), is_loop)

    for statement in function.body:
        visit(statement, False)
    return found
