"""Functions that make objects, of what `__init__` or `__post_init__` of a class says.

class Cell:                              def Cell(w):
    def __init__(self, w):                   self = new_object(Cell)
        self.w = 2 * w                       self = with_attributes(self, w=2 * w)
                                             return self
"""

import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import gast

from knetsrc.transform import tree
from knetsrc.transform.classes import NEW, classes_of, defined_in
from knetsrc.transform.functions import Function
from knetsrc.transform.normalize.attribute_writes import WITH
from knetsrc.transform.records import fields_before, keeps_attributes
from knetsrc.transform.resolve import Outside, public_home


@dataclass(frozen=True)
class Making:
    """What makes the objects of a class: its `__init__`, or `__post_init__` of a dataclass."""

    kind: type
    method: types.FunctionType


def making_of(kind: type) -> Making | None:
    """How objects of a class are made; None where this is not all in methods of the user."""
    if inspect.getattr_static(kind, "__new__") is not object.__new__ or not keeps_attributes(kind):
        return None
    name = "__init__" if fields_before(kind) is None else "__post_init__"
    found = defined_in(kind, name)
    if found is None or not isinstance(found[1], types.FunctionType):
        return None
    is_generated = found[1].__code__.co_filename == "<string>"
    return None if is_generated else Making(kind, found[1])


def making_function(
    making: Making, method: Function, outside: Outside, helper: Callable[[str], str]
) -> Function:
    """The function that makes an object, given the method in the core language."""
    kind, core = making.kind, method.core
    first = method.parameters[0]
    named = spelled(kind, outside)
    new: tree.Node = tree.call(helper(NEW), named)
    fields = fields_before(kind)
    arguments = tree.clone(core.args)
    (arguments.posonlyargs or arguments.args).pop(0)
    if fields is not None:
        arguments = _of_fields(fields, named)
        new = tree.call(helper(WITH), new, **{f.name: tree.name(f.name) for f in fields})
    written = _at_once(first, core.body[:-1])
    body = [tree.assign(first, new), *written, tree.return_(tree.name(first))]
    owner = next(k for k in kind.__mro__ if making.method in vars(k).values())
    return replace(
        method,
        name=kind.__name__,
        core=tree.at(tree.function_def(kind.__name__, arguments, body), core),
        star=replace(method.star, positional=max(method.star.positional - 1, 0)),
        classes={first: kind, "__self__": kind, "__class__": owner, **classes_of(making.method)},
        origin=("making", kind),
        writes_object=False,
    )


def _at_once(first: str, body: list[tree.Node]) -> list[tree.Node]:
    """One `self = with_attributes(self, w=w, b=b)` for several in a row, between which values are only named.

    >>> code = "a = w\\ns = with_attributes(s, w=a)\\nb = 2\\ns = with_attributes(s, b=b)"
    >>> print(*map(tree.show, _at_once("s", tree.parse(code))), sep="\\n")
    a = w
    b = 2
    s = with_attributes(s, w=a, b=b)
    """
    done: list[tree.Node] = []
    for node in body:
        place = len(done) - 1
        while place >= 0 and _is_naming(done[place], first):
            place -= 1
        if place >= 0 and _can_join(done[place], done[place + 1 :], node, first):
            node = tree.clone(node)
            node.value.keywords = [*done[place].value.keywords, *node.value.keywords]
            del done[place]
        done.append(node)
    return done


def _can_join(earlier: tree.Node, between: list[tree.Node], later: tree.Node, first: str) -> bool:
    """Whether two statements may write to the object at once, at the place of the later one."""
    if not (_is_write(earlier, first) and _is_write(later, first)):
        return False
    values = [k.value for k in later.value.keywords]
    is_named = all(isinstance(n, gast.Name | gast.Constant) for n in values)
    attributes = [k.arg for n in (earlier, later) for k in n.value.keywords]
    read = tree.names_read([k.value for k in earlier.value.keywords])
    is_kept = not (read & tree.names_written(between)) and first not in tree.names_read(values)
    return is_named and is_kept and len(set(attributes)) == len(attributes)


def _is_write(node: tree.Node, first: str) -> bool:
    """Whether a statement is `self = with_attributes(self, ...)`."""
    if not isinstance(node, gast.Assign) or not tree.is_name(node.targets[0], first):
        return False
    return tree.called_name(node.value) == WITH and tree.is_name(node.value.args[0], first)


def _is_naming(node: tree.Node, first: str) -> bool:
    """Whether a statement only names a value that is there: it can change nothing, and does not read the object."""
    is_plain = isinstance(node, gast.Assign) and isinstance(node.value, gast.Name | gast.Constant)
    if not is_plain or not tree.is_name(node.targets[0]):
        return False
    return node.targets[0].id != first and not tree.is_name(node.value, first)


def _of_fields(fields: list[inspect.Parameter], kind: tree.Node) -> gast.arguments:
    """Parameters for the fields of a dataclass; defaults are attributes of the class."""
    plain = [f for f in fields if f.kind is not f.KEYWORD_ONLY]
    named = [f for f in fields if f.kind is f.KEYWORD_ONLY]
    defaults = {f.name: tree.attribute(kind, f.name) for f in fields if f.default is not f.empty}
    arguments = tree.function_def("f", [f.name for f in plain], []).args
    arguments.defaults = [defaults[f.name] for f in plain if f.name in defaults]
    arguments.kwonlyargs = [tree.parameter(f.name) for f in named]
    arguments.kw_defaults = [defaults.get(f.name) for f in named]
    return arguments


def spelled(kind: Any, outside: Outside) -> tree.Node:
    """How the generated module spells a class, or a function."""
    home = public_home(kind)
    if home is None:
        return outside.function(kind, kind.__name__)
    return tree.attribute(tree.name(outside.module(home)), kind.__name__)
