"""Methods and properties of objects that may be of several classes: a function is made that asks for the class.

x = layer(x)       x = layer_call(layer, x)

def layer_call(layer, x):
    check_class(layer, Linear, Tanh)
    if type(layer) is Linear:
        result = Linear_call(layer, x)
    else:
        result = Tanh_call(layer, x)
    return result
"""

import functools
import inspect
import types
from dataclasses import dataclass, replace
from typing import Any

import gast

from knetsrc.errors import MissingAdjointError, UnsupportedAliasError
from knetsrc.objects import FunctionAmong, is_mixed, without_own
from knetsrc.transform import tree
from knetsrc.transform.classes import (
    Classes,
    ClassFacts,
    defined_in,
    held_function,
    is_class_attribute,
)
from knetsrc.transform.functions import Function, made_of
from knetsrc.transform.making import spelled
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import last_name
from knetsrc.transform.own_methods import FIELD, plain


@dataclass
class Asked:
    """What is asked of an object of several classes.

    Attributes
    ----------
    receiver
        The object.
    member
        The method or property.
    arguments, keywords
        What the method is called with; None for a property.
    kinds
        The classes that have it.
    """

    receiver: tree.Node
    member: str
    arguments: list[tree.Node] | None
    keywords: list[gast.keyword]
    kinds: list[type]


def asked_of_several(node: Any, known: ClassFacts) -> Asked | None:
    """What a node asks of an object that may be of several classes; None for other nodes."""
    arguments: list[tree.Node] | None
    if isinstance(node, gast.Attribute):
        if node.attr.endswith(FIELD):
            return None
        receiver, member = node.value, node.attr
        arguments, keywords = None, []
    elif isinstance(node, gast.Call):
        arguments, keywords = node.args, node.keywords
        receiver, member = node.func, "__call__"
        is_method = isinstance(node.func, gast.Attribute)
        if is_method and not is_mixed(known.class_of(node.func)):
            receiver, member = node.func.value, plain(node.func.attr)
    else:
        return None
    mixed: Any = known.class_of(receiver)
    if not is_mixed(mixed):
        return None
    if arguments is None:
        is_asked = any(_is_of_class(k, member) for k in mixed.kinds)
        kinds = list(mixed.kinds) if is_asked else []
    else:
        is_open = any(isinstance(a, gast.Starred) for a in arguments)
        is_open |= any(k.arg is None for k in keywords)
        kinds = [] if is_open else [k for k in mixed.kinds if _answers(k, member, node)]
    return Asked(receiver, member, arguments, keywords, kinds) if kinds else None


def _is_of_class(kind: type, name: str) -> bool:
    """Whether an attribute is computed by a class, or belongs to it, and no object holds one of its own."""
    found = defined_in(kind, name)
    is_computed = found is not None and isinstance(found[1], property | functools.cached_property)
    return is_computed or is_class_attribute(kind, name)


def _answers(kind: type, name: str, node: gast.Call) -> bool:
    """Whether objects of a class can be called so, as far as the signature of the method tells."""
    found = defined_in(kind, name)
    if found is None:
        return name == "__call__" and function_of(kind) is not None
    if not isinstance(found[1], types.FunctionType):
        return True
    try:
        inspect.signature(found[1]).bind(None, *node.args, **{k.arg: None for k in node.keywords})
    except TypeError:
        return False
    return True


def function_of(kind: type) -> Any:
    """The function that stands among objects, for what stands for its class; None for classes."""
    return kind.function if issubclass(kind, FunctionAmong) else None


class Dispatch:
    """The function that asks for the class, for one node.

    Parameters
    ----------
    specializer
        Makes plain calls of the methods of one class.
    asked
        What the node asks for.
    known
        What is known where it stands.
    """

    def __init__(self, specializer: Any, asked: Asked, known: ClassFacts) -> None:
        self.specializer, self.asked, self.known = specializer, asked, known
        taken = {"type", specializer.helper("check_class")}
        names = Names(taken | specializer.outside.roots.keys() | specializer.local.keys())
        self.object = names.fresh(plain(last_name(asked.receiver)) or "item")
        self.positional = [names.fresh(text) for text in self._wanted()]
        self.named = {str(k.arg): names.fresh(str(k.arg)) for k in asked.keywords}
        self.result = names.fresh("result")

    @property
    def parameters(self) -> list[str]:
        return [self.object, *self.positional, *self.named.values()]

    def call(self, node: Any) -> tree.Node:
        """The call of the function, in the place of the node."""
        asked = self.asked
        given = [asked.receiver, *(asked.arguments or ()), *(k.value for k in asked.keywords)]
        pairs = zip(self.parameters, given, strict=True)
        classes = {f"{p}{rest}": kind for p, a in pairs for rest, kind in self.known.of(a).items()}
        told = tuple(sorted(classes.items(), key=lambda item: item[0]))
        count = None if asked.arguments is None else len(asked.arguments)
        names = (self.object, *self.positional, *self.named.items())
        origin = ("several", asked.member, count, names, tuple(asked.kinds), told)
        local = self.specializer.local
        name = made_of(local, origin)
        if name is None:
            name = self.specializer.names.fresh(f"{self.object}_{asked.member.strip('_')}")
            local[name] = replace(self._made(name, classes, node), origin=origin)
        return tree.at(tree.call(name, *given), node)

    def _wanted(self) -> list[str]:
        """Names for the arguments, as the first class has them."""
        found = defined_in(self.asked.kinds[0], self.asked.member)
        code = getattr(found[1] if found else None, "__code__", None)
        named = code.co_varnames[1 : code.co_argcount] if code is not None else ()
        count = len(self.asked.arguments or ())
        return [*named, *["value"] * count][:count]

    def _made(self, name: str, classes: Classes, node: tree.Node) -> Function:
        kinds = self.asked.kinds
        outside = self.specializer.outside
        named = {kind: spelled(function_of(kind) or without_own(kind), outside) for kind in kinds}
        body: list[tree.Node] = []
        for kind in reversed(kinds):
            value = tree.assign(self.result, self._of_class(kind, classes, node))
            asked: tree.Node = tree.name(self.object)
            asked = asked if function_of(kind) else tree.call("type", asked)
            test = tree.compare(asked, "is", tree.clone(named[kind]))
            body = [tree.if_(test, [value], body)] if body else [value]
        check = self.specializer.helper("check_class")
        checked = tree.call(check, tree.name(self.object), *named.values())
        body = [tree.expression(checked), *body, tree.return_(tree.name(self.result))]
        core = tree.at(tree.function_def(name, self.parameters, body), node)
        return Function(name, core, None, classes=classes)

    def _of_class(self, kind: type, classes: Classes, node: tree.Node) -> tree.Node:
        """What the object gives if it is of this class."""
        known = ClassFacts(self.known.outside, classes | {self.object: kind}, self.known.returned)
        part = tree.at(self._asked(kind), node)
        found = self.specializer._member(part, known)
        if found is not None and self.specializer.stateful.changes(found[2], kind):
            raise UnsupportedAliasError(
                f"`{found[1]}` of the class {kind.__name__} writes to an attribute of its object",
                at=node,
                why="objects of several classes are met here, and what a method changes is followed for one class only",
                instead="write a method that returns what it changes, or keep the objects of this class by themselves",
            )
        made: tree.Node = self.specializer._as_function(part, known)
        if made is part and isinstance(made, gast.Call) and self._held(kind) is None:
            raise MissingAdjointError(
                f"a call of `{self.asked.member}` of an object of the class {kind.__name__}",
                at=node,
                why="it is no function of the class that can be followed: something else stands under its name",
                instead=f"make it a method, or keep the objects of the class {kind.__name__} by themselves",
            )
        return made

    def _held(self, kind: type) -> Any:
        """The function that an attribute of objects of a class stands for, or the object itself; None for methods."""
        return function_of(kind) or held_function(kind, self.asked.member)

    def _asked(self, kind: type) -> tree.Node:
        receiver, member = tree.name(self.object), self.asked.member
        if self.asked.arguments is None:
            mark = "" if _is_of_class(kind, member) else FIELD
            return tree.attribute(receiver, f"{member}{mark}")
        held = self._held(kind)
        function: tree.Node = receiver if member == "__call__" else tree.attribute(receiver, member)
        if held is not None:
            outside = self.specializer.outside
            is_itself = held is function_of(kind)
            function = spelled(held, outside) if is_itself else outside.function(held, member)
        named = {text: tree.name(name) for text, name in self.named.items()}
        return tree.call(function, *map(tree.name, self.positional), **named)
