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

from knetsrc.errors import UnsupportedAliasError
from knetsrc.objects import is_mixed, without_own
from knetsrc.transform import tree
from knetsrc.transform.classes import Classes, ClassFacts, defined_in, held_function
from knetsrc.transform.functions import Function
from knetsrc.transform.making import spelled
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.effects import last_name
from knetsrc.transform.own_methods import plain


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
        receiver, member = node.value, plain(node.attr)
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
    if arguments is not None:
        is_open = any(isinstance(a, gast.Starred) for a in arguments)
        if is_open or any(k.arg is None for k in keywords):
            return None
    found = {k: defined_in(k, member) for k in mixed.kinds}
    having = [kind for kind, f in found.items() if f is not None and _takes(f[1], node)]
    computed = (property, functools.cached_property)
    is_property = any(f is not None and isinstance(f[1], computed) for f in found.values())
    if not having or (arguments is None and not is_property):
        return None
    kinds = having if arguments is not None else list(mixed.kinds)
    return Asked(receiver, member, arguments, keywords, kinds)


def _takes(member: Any, node: Any) -> bool:
    """Whether a method can be called with the arguments of a call, as far as its signature tells."""
    if not isinstance(member, types.FunctionType) or not isinstance(node, gast.Call):
        return True
    try:
        signature = inspect.signature(member)
        signature.bind(None, *node.args, **{k.arg: k.value for k in node.keywords})
    except TypeError:
        return False
    return True


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
        self.object = plain(last_name(asked.receiver)) or "item"
        self.parameters = [self.object, *self._positional(), *(k.arg for k in asked.keywords)]

    def call(self, node: Any) -> tree.Node:
        """The call of the function, in the place of the node."""
        asked = self.asked
        given = [asked.receiver, *(asked.arguments or ()), *(k.value for k in asked.keywords)]
        pairs = zip(self.parameters, given, strict=True)
        classes = {f"{p}{rest}": kind for p, a in pairs for rest, kind in self.known.of(a).items()}
        told = tuple(sorted(classes.items(), key=lambda item: item[0]))
        is_call = asked.arguments is not None
        origin = ("several", asked.member, is_call, tuple(self.parameters), told)
        local = self.specializer.local
        name = next((t for t, f in local.items() if f.origin == origin), None)
        if name is None:
            name = self.specializer.names.fresh(f"{self.object}_{asked.member.strip('_')}")
            local[name] = replace(self._made(name, classes, node), origin=origin)
        return tree.at(tree.call(name, *given), node)

    def _positional(self) -> list[str]:
        """Names for the arguments, as the first class has them."""
        found = defined_in(self.asked.kinds[0], self.asked.member)
        code = getattr(found[1] if found else None, "__code__", None)
        named = code.co_varnames[1 : code.co_argcount] if code is not None else ()
        names = Names({self.object, *(str(k.arg) for k in self.asked.keywords)})
        count = len(self.asked.arguments or ())
        return [names.fresh(text) for text in (*named, *["value"] * count)[:count]]

    def _made(self, name: str, classes: Classes, node: tree.Node) -> Function:
        kinds = self.asked.kinds
        outside = self.specializer.outside
        named = {kind: spelled(without_own(kind), outside) for kind in kinds}
        result = Names(self.parameters).fresh("result")
        body: list[tree.Node] = []
        for kind in reversed(kinds):
            value = tree.assign(result, self._of_class(kind, classes, node))
            test = tree.compare(
                tree.call("type", tree.name(self.object)), "is", tree.clone(named[kind])
            )
            body = [tree.if_(test, [value], body)] if body else [value]
        check = self.specializer.helper("check_class")
        checked = tree.call(check, tree.name(self.object), *named.values())
        body = [tree.expression(checked), *body, tree.return_(tree.name(result))]
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
        return self.specializer._as_function(part, known)

    def _asked(self, kind: type) -> tree.Node:
        receiver, member = tree.name(self.object), self.asked.member
        if self.asked.arguments is None:
            return tree.attribute(receiver, member)
        held = held_function(kind, member)
        function: tree.Node = receiver if member == "__call__" else tree.attribute(receiver, member)
        function = self.specializer.outside.function(held, member) if held else function
        count = len(self.asked.arguments)
        names = {k.arg: tree.name(k.arg) for k in self.asked.keywords}
        return tree.call(function, *map(tree.name, self.parameters[1 : count + 1]), **names)
