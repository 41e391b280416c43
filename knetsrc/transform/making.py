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
    body = [tree.assign(first, new), *core.body[:-1], tree.return_(tree.name(first))]
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
