"""Objects that a `with` enters and leaves: `__enter__` and `__exit__` run where no derivative sees what they change.

with damped:              `__exit__` assigns `self.c`: refused
    s = damped.c * x
return s + damped.c
"""

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import gast

from knetsrc.errors import KnetsrcError, UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.classes import ClassFacts, defined_in, is_library
from knetsrc.transform.generators import is_manager
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.normalize.sharing import linked_names
from knetsrc.transform.object_uses import Used, of_method, of_nodes, path_below
from knetsrc.transform.own_methods import plain
from knetsrc.transform.records import GENERATED
from knetsrc.transform.source import read_source

Position = tuple[int, int]

_FILLING = frozenset({"copyto", "fill", "fill_diagonal", "place", "put", "putmask", "sort"})


def changing_contexts(
    core: gast.FunctionDef, known: ClassFacts, member: Callable[[Any, ClassFacts], Any]
) -> dict[Position, set[str]]:
    """Where contexts stand that may change what the function reads, with the names of what they change.

    They change attributes of objects, or elements of arrays; what a generator does that could not be written out is not known.

    Parameters
    ----------
    core
        A function in the core language.
    known
        What is known of its objects.
    member
        The method that a call calls, and what it is called with; None for other calls.
    """
    found = [c for c, _ in _entered(core) if _changes(c, core, known, member)]
    return {_position(c): _reached(c, core) for c in found}


def _reached(context: Any, core: gast.FunctionDef) -> set[str]:
    """Names that may see what a context changes: what an object holds may be what other arguments are, too."""
    names = tree.names_read(context)
    is_held = len(path_below(context)) > 1
    return linked_names(core, names | set(parameters(core)) if is_held else names)


def refuse_changing(
    core: gast.FunctionDef, found: Mapping[Position, set[str]], active: frozenset[str]
) -> None:
    """Raise an error for the first of these contexts of which something goes into what is differentiated."""
    for context, bound in _entered(core):
        if bound is not None and tree.names_written(bound) & active:
            continue  # this says it better
        changed = found.get(_position(context), set())
        if changed and (changed | tree.names_read(context)) & _in_active(core, active):
            raise UnsupportedSyntaxError(
                "`with` of a context manager that may change what is differentiated",
                at=context,
                why="what happens where its block is entered and left is not followed",
                instead="call what makes the changes, before the block and after it",
            )


def _in_active(core: gast.FunctionDef, active: frozenset[str]) -> set[str]:
    """Names that are differentiated, and what goes into them."""
    bound = [n for n in tree.walk(core.body) if isinstance(n, gast.Assign | gast.AugAssign)]
    read = [tree.names_read(n.value) for n in bound if tree.names_written(n) & active]
    return set(active).union(*read)


def _entered(core: gast.FunctionDef) -> Iterator[tuple[Any, Any]]:
    """The contexts that a function enters, by `with` and by a stack of them, and what they are bound to."""
    for node in tree.walk(core.body):
        if isinstance(node, gast.With):
            yield from ((i.context_expr, i.optional_vars) for i in node.items)
        elif isinstance(node, gast.Call) and _method(node) == "enter_context" and node.args:
            yield node.args[0], None


def _position(node: Any) -> Position:
    return node.lineno or 0, node.col_offset or 0


def _changes(context: Any, core: gast.FunctionDef, known: ClassFacts, member: Any) -> bool:
    called = None
    if isinstance(context, gast.Call):
        method = member(context, known)
        called = method[2] if method is not None else known.outside.resolve(context.func)
        if is_manager(called):
            return True
    names: tuple[str, ...] = ("__enter__", "__exit__")
    if called is contextlib.closing and context.args:
        context, names = context.args[0], ("close",)
    owner = known.class_of(context)
    methods = [defined_in(owner, name) for name in names] if owner else []
    functions = [m[1] for m in methods if m is not None and inspect.isfunction(m[1])]
    try:
        return _methods_change(functions, context, owner, core)
    except KnetsrcError:  # a method without source
        return True


def _methods_change(
    functions: list[Any], receiver: Any, owner: Any, core: gast.FunctionDef
) -> bool:
    """Whether what these methods of an object change is read in the function."""
    definitions = [read_source(f).tree for f in functions]
    path = path_below(receiver)
    if any(_fills(d, owner) for d in definitions):
        return True
    used = [of_method(f, owner) for f in functions]
    written = frozenset().union(*(u.written for u in used)) - _switches(definitions)
    if not written or not path:
        return False
    beside = _beside(core)
    if len(path) == 1:
        return of_nodes(beside, path[0], owner).reads(written)
    read = {plain(n.attr) for n in _attributes(beside) if path_below(n.value) == path}
    return Used(frozenset(read)).reads(written)


def _fills(definition: gast.FunctionDef, owner: type) -> bool:
    """Whether a method may write into arrays that its object or its arguments hold; a counter is no array."""
    given = set(parameters(definition))
    for node in tree.walk(definition.body):
        places: list[Any] = []
        if isinstance(node, gast.AugAssign) and not _counts(node, owner):
            places = [node.target]
        elif isinstance(node, gast.Subscript) and isinstance(node.ctx, gast.Store):
            places = [node.value]
        elif isinstance(node, gast.Call):
            places = [k.value for k in node.keywords if k.arg == "out"]
            places += [*node.args[:1], node.func.value] if _method(node) in _FILLING else []
        if any(path[0] in given for path in map(path_below, places) if path):
            return True
    return False


def _counts(node: gast.AugAssign, owner: type) -> bool:
    """Whether a counter is changed: `self.depth += 1`, or `self.elapsed += t` where that starts as a number."""
    is_number = isinstance(node.value, gast.Constant) and isinstance(node.value.value, int)
    if is_number and isinstance(node.op, gast.Add | gast.Sub):
        return True
    starts = _starts(node.target.attr, owner) if isinstance(node.target, gast.Attribute) else []
    return bool(starts) and all(isinstance(v, int | float) for v in starts)


def _starts(attribute: str, owner: type) -> list[Any]:
    """What the methods of a class, and its body, assign to an attribute: numbers and texts themselves, other things as nodes."""
    known = [v for k in owner.__mro__ if not is_library(k) for v in vars(k).values()]
    methods = [f for f in known if inspect.isfunction(f) and f.__code__.co_filename != GENERATED]
    nodes = [n for f in methods for n in tree.walk(read_source(f, may_yield=True).tree.body)]
    bound = [n for n in nodes if isinstance(n, gast.Assign | gast.AnnAssign) and n.value]
    values = [value for n in bound for target, value in _pairs(n) if _is_at(target, attribute)]
    defaults = [vars(k)[attribute] for k in owner.__mro__ if attribute in vars(k)]
    return [*defaults, *(v.value if isinstance(v, gast.Constant) else v for v in values)]


def _pairs(node: Any) -> list[tuple[Any, Any]]:
    """Targets of an assignment with what is assigned to each."""
    targets = node.targets if isinstance(node, gast.Assign) else [node.target]
    pairs: list[tuple[Any, Any]] = []
    for target in targets:
        are_tuples = isinstance(target, gast.Tuple) and isinstance(node.value, gast.Tuple)
        if are_tuples and len(target.elts) == len(node.value.elts):
            pairs += zip(target.elts, node.value.elts, strict=True)
        else:
            pairs.append((target, node.value))
    return pairs


def _is_at(target: Any, attribute: str) -> bool:
    """Whether an attribute of this name is assigned to in a target."""
    stored = [a for a in _attributes([target]) if isinstance(a.ctx, gast.Store)]
    return any(a.attr == attribute for a in stored)


def _attributes(nodes: list[Any]) -> list[Any]:
    return [n for n in tree.walk(nodes) if isinstance(n, gast.Attribute)]


def _method(call: gast.Call) -> str:
    return call.func.attr if isinstance(call.func, gast.Attribute) else ""


def _switches(definitions: list[gast.FunctionDef]) -> frozenset[str]:
    """Attributes that are only set to True, False, None or a text."""
    stored = [
        (target.attr, isinstance(node.value, gast.Constant) and _is_switch(node.value.value))
        for node in tree.walk([n for d in definitions for n in d.body])
        if isinstance(node, gast.Assign)
        for target in node.targets
        if isinstance(target, gast.Attribute)
    ]
    return frozenset(t for t, is_switch in stored if is_switch) - {
        t for t, is_switch in stored if not is_switch
    }


def _is_switch(value: Any) -> bool:
    return value is None or isinstance(value, bool | str)


def _beside(core: gast.FunctionDef) -> list[Any]:
    """The statements of a function without what its contexts are."""
    contexts = {id(c) for c, _ in _entered(core)}

    def parts(nodes: list[Any]) -> list[Any]:
        found: list[Any] = []
        for node in nodes:
            inner = [] if id(node) in contexts else tree.children(node)
            is_held = any(id(n) in contexts for n in tree.walk(node))
            found += parts(inner) if is_held else [node]
        return found

    return parts(core.body)
