"""What changes an array, a container or an object in place is refused, except writes of elements and `append`.

Whether another name may see a write is a question for later: see `analysis.aliases`.
"""

from typing import Any

import gast

from knetsrc.errors import KnetsrcError, UnsupportedAliasError, UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.normalize.call_writes import CallWrites
from knetsrc.transform.normalize.effects import MODULES, is_append, is_of_module, path_of
from knetsrc.transform.normalize.escapes import refuse_late_appends
from knetsrc.transform.normalize.scopes import bound_names, own_nodes, parameters
from knetsrc.transform.normalize.sharing import bindings
from knetsrc.transform.tree import Node

_WRITES_TO_OTHERS = "other names may stand for the same {}, and would see the change"
_NEW_DICTIONARY = (
    "build a new one: {0} = {{k: ... for k, v in {0}.items()}}, or write its entries out"
)
_NEW_LIST = "append to a new list, in the order that is wanted: [first], then each of {0}"
_INSTEAD = {
    "extend": "append the elements one by one: for v in ...: {0}.append(v)",
    "insert": _NEW_LIST,
    "pop": "take the element and a shorter list: last, {0} = {0}[-1], {0}[:-1]",
    "popitem": "build one without the key: {0} = {{k: v for k, v in {0}.items() if k != key}}",
    "update": _NEW_DICTIONARY,
    "setdefault": _NEW_DICTIONARY,
    "sort": "{0} = np.sort({0}), or np.sort(np.array({0})) for a list",
    "reverse": "{0} = {0}[::-1]",
    "remove": "build a list of the elements that stay: {0} = [v for v in {0} if ...]",
    "clear": "start a new list: {0} = []",
    "fill": "make a new array: {0} = np.full_like({0}, value)",
    "put": "make a new array: {0} = np.where(mask, value, {0})",
    "itemset": "make a new array: {0} = np.where(mask, value, {0})",
    "resize": "make a new array: {0} = np.reshape(np.tile({0}, count), shape)",
    "partition": "make a new array: {0} = np.partition({0}, kth)",
    "shuffle": "order = {0}.permutation(len(x)), then x = x[order]",
    "appendleft": _NEW_LIST,
    "popleft": "take the element and a shorter list: first, {0} = {0}[0], {0}[1:]",
}
_INSTEAD_OF_FUNCTION = {
    "at": "write one element after the other: for i, v in zip(index, values): {0}[i] = ...",
    "shuffle": "order = np.random.permutation(len({0})), then {0} = {0}[order]",
}
_OF_MODULES = frozenset(
    {"copyto", "put", "place", "putmask", "fill_diagonal", "put_along_axis", "shuffle", "at"}
)


def refuse_writes(function: gast.FunctionDef, around: frozenset[str] = frozenset()) -> None:
    """Raise an error for the first statement that changes something in place.

    Parameters
    ----------
    function
        A function as the user wrote it.
    around
        Names of the functions around it, into the arrays of which it may write.

    Raises
    ------
    UnsupportedAliasError
        For writes into elements and attributes, methods such as `sort`, and `out=`.
    UnsupportedSyntaxError
        For an `append` that is part of an expression.
    """
    lists = made_lists(function)
    refuse_late_appends(function.body, lists)
    local = tree.names_written(function) | set(parameters(function))
    own = around | bound_names(function.body) | set(parameters(function))
    calls = CallWrites(function)
    stated = {id(n.value) for n in own_nodes(function.body) if isinstance(n, gast.Expr)}
    for node in own_nodes(function.body):
        if isinstance(node, gast.Subscript | gast.Attribute) and isinstance(node.ctx, gast.Store):
            if not _is_own_element(node, own):
                raise _target(node, function)
        if isinstance(node, gast.Call):
            error = (
                _append(node, lists, local, id(node) in stated)
                if _is_method_append(node)
                else _call(node, calls)
            )
            if error is not None:
                raise error
        if isinstance(node, gast.FunctionDef):
            refuse_writes(node, frozenset(own))
        if isinstance(node, gast.Lambda):
            refuse_writes(
                tree.function_def(
                    "function", node.args, [tree.at(tree.expression(node.body), node)]
                )
            )


def _is_own_element(node: Any, own: set[str] | frozenset[str]) -> bool:
    """Whether a target is an element of an array or container of this function."""
    while isinstance(node, gast.Subscript):
        node = node.value
    return isinstance(node, gast.Name) and node.id in own


def _is_of_list(node: Any, function: gast.FunctionDef) -> bool:
    """Whether an object is an entry of what an attribute holds, or a loop over that gives it."""
    if isinstance(node, gast.Subscript):
        return isinstance(node.value, gast.Attribute)
    loops = (n for n in own_nodes(function.body) if isinstance(n, gast.For))
    over = [n.iter for n in loops if tree.names_written(n.target) & tree.names_read(node)]
    return any(isinstance(n, gast.Attribute) for value in over for n in tree.walk(value))


def _target(node: Any, function: gast.FunctionDef) -> KnetsrcError:
    base = tree.show(node.value)
    text = tree.show(tree.clone(node))
    if isinstance(node, gast.Attribute):
        instead = f"keep the value in a name, and return it: {node.attr} = ..."
        if _is_of_list(node.value, function):
            instead = (
                f"write it as a function of the list, def move(items): for p in items: p.{node.attr} = ..., and call that "
                "in the function that is differentiated, with a list that this makes or is handed"
            )
        return UnsupportedAliasError(
            f"a write to the attribute `{text}`",
            at=node,
            why=_WRITES_TO_OTHERS.format("object"),
            instead=instead,
        )
    return UnsupportedAliasError(
        f"a write into an element: `{text}`",
        at=node,
        why=_WRITES_TO_OTHERS.format("array or container"),
        instead=_instead_of_element(node, base),
    )


def _instead_of_element(node: gast.Subscript, base: str) -> str:
    key = node.slice
    if isinstance(key, gast.Constant) and isinstance(key.value, str):
        return _NEW_DICTIONARY.format(base)
    return f"build a new one: append to a list, or np.where(mask, value, {base})"


def _is_method_append(node: gast.Call) -> bool:
    return is_append(node) and not is_of_module(node.func)


def _append(node: Any, lists: set[str], local: set[str], is_statement: bool) -> KnetsrcError | None:
    base = tree.show(node.func.value)
    if base not in lists:
        return UnsupportedAliasError(
            f"`{base}.append(...)` on a list that was not made in this function",
            at=node,
            why=_WRITES_TO_OTHERS.format("list"),
            instead=_instead_of_append(node, base, local),
        )
    if not is_statement:
        return UnsupportedSyntaxError(
            f"`{base}.append(...)` inside an expression",
            at=node,
            why="it changes the list while the expression is being evaluated",
            instead="write it as a statement of its own",
        )
    return None


def _instead_of_append(node: gast.Call, base: str, local: set[str]) -> str:
    if not isinstance(node.func.value, gast.Name):
        return "append to a list that has a name, and put it where it belongs when it is complete"
    if base not in local:
        return "append to a list that this function makes, and return the list"
    return f"append to a copy: new = list({base}), then new.append(...)"


def _call(node: Any, calls: CallWrites) -> KnetsrcError | None:
    is_attribute = tree.called_name(node) == "with_attributes"  # `self.out = e`
    if is_attribute:
        return None
    if calls.of(node) is not None:
        return _unnamed(node, calls.unnamed(node))
    for keyword in node.keywords:
        if keyword.arg == "out" and not tree.is_constant(keyword.value, None):
            return UnsupportedAliasError(
                f"`out=` in a call of `{tree.show(node.func)}`",
                at=node,
                why=_WRITES_TO_OTHERS.format("array"),
                instead=f"assign: {_listed(keyword.value)} = {tree.show(node.func)}(...)",
            )
    if calls.has_late_out(node):
        return UnsupportedAliasError(
            f"`out` in a call of `{tree.show(node.func)}`, and options after it",
            at=node,
            why="what it stands for is told by its place alone",
            instead="write the options by name: keepdims=True, and out=...",
        )
    path = path_of(node.func)
    method = node.func.attr if isinstance(node.func, gast.Attribute) else ""
    if path and path[0] in MODULES | {"random"} and (path[0] == "random" or len(path) > 1):
        if method not in _OF_MODULES:
            return None
        return UnsupportedAliasError(
            f"`{'.'.join(path)}` changes its argument in place",
            at=node,
            why=_WRITES_TO_OTHERS.format("array"),
            instead=_INSTEAD_OF_FUNCTION.get(method, "{0} = np.where(mask, value, {0})").format(
                tree.show(node.args[0]) if node.args else "x"
            ),
        )
    if method not in _INSTEAD:
        return None
    base = tree.show(node.func.value)
    return UnsupportedAliasError(
        f"`{base}.{method}(...)` changes `{base}` in place",
        at=node,
        why=_WRITES_TO_OTHERS.format("array or container"),
        instead=_INSTEAD[method].format(base),
    )


def _unnamed(node: gast.Call, place: Node | None) -> KnetsrcError | None:
    """The error for a call that writes into an attribute, or into what a function gives."""
    if place is None:
        return None
    text = tree.show(place)
    return UnsupportedAliasError(
        f"`{tree.show(node.func)}` writes into `{text}`",
        at=node,
        why=_WRITES_TO_OTHERS.format("array"),
        instead=f"copy it first, and write into the copy: array = {text}.copy()",
    )


def _listed(out: Any) -> str:
    elements = out.elts if isinstance(out, gast.Tuple) else [out]
    return ", ".join(map(tree.show, elements))


_ELEMENT = tree.constant(None)  # stands for what a loop takes out of a container


def made_lists(function: gast.FunctionDef, is_sure: bool = False) -> set[str]:
    """Names of the function that only ever stand for a list made in it.

    `ws.copy()` may be one, whatever `ws` is; with `is_sure` it is one only where `ws` is.
    """
    values: dict[str, list[Node]] = {}
    loops = loop_iterables(function)
    longer = {id(n.value) for n in own_nodes(function.body) if isinstance(n, gast.AugAssign)}
    for targets, sources in bindings(function):
        if any(id(v) in longer for v in sources):  # a list stays one
            continue
        is_element = any(id(v) in loops for v in sources)
        for target in targets:
            for name in (
                n.id
                for n in tree.walk(target)
                if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Store)
            ):
                values.setdefault(name, []).extend(
                    [_ELEMENT]
                    if is_element
                    else sources
                    if isinstance(target, gast.Name)
                    else [target]
                )
    made, before = set(values) - set(parameters(function)), None
    while made != before:
        before = set(made)
        for name in values:  # in the order of the text: what is bound above is known
            if name in made and not all(_is_made(v, made, is_sure) for v in values[name]):
                made.remove(name)
    return made


def _is_made(value: Any, made: set[str], is_sure: bool) -> bool:
    """Whether an expression makes a new list; a second name for one made here counts too."""
    if isinstance(value, gast.BinOp):
        return any(_is_made(v, made, is_sure) for v in (value.left, value.right))
    if isinstance(value, gast.IfExp):
        return all(_is_made(v, made, is_sure) for v in (value.body, value.orelse))
    if isinstance(value, gast.Subscript):
        return isinstance(value.slice, gast.Slice) and _is_made(value.value, made, is_sure)
    if tree.is_name(value):
        return value.id in made
    is_copy = isinstance(value, gast.Call) and isinstance(value.func, gast.Attribute)
    if is_copy and value.func.attr == "tolist":
        return True
    if is_copy and value.func.attr == "copy":
        is_function = is_of_module(value.func)  # of NumPy, which makes arrays
        return not is_function and (not is_sure or _is_made(value.func.value, made, is_sure))
    made_by = ("list", "sorted")
    return isinstance(value, gast.List | gast.ListComp) or tree.called_name(value) in made_by


def loop_iterables(function: gast.FunctionDef) -> set[int]:
    """Identities of the expressions that loops run over: what a loop binds is an element, not the list."""
    return {id(n.iter) for n in tree.walk(function) if isinstance(n, gast.For | gast.comprehension)}
