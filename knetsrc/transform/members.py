"""Methods, properties and operators of objects of the user: where the functions behind them are defined, and what their results are."""

import collections
import functools
import inspect
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.errors import (
    KnetsrcError,
    MissingAdjointError,
    UnsupportedSyntaxError,
)
from knetsrc.objects import assigned_later, is_mixed, with_functions
from knetsrc.transform import tree
from knetsrc.transform.asked_methods import AskedMethods
from knetsrc.transform.callee import record_of
from knetsrc.transform.classes import (
    Classes,
    ClassFacts,
    assigned_attributes,
    classes_of,
    defined_in,
    is_library,
    may_be_replaced,
    operators,
)
from knetsrc.transform.instance_tests import decided
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.attribute_writes import WITH
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.object_refusals import rule_of
from knetsrc.transform.own_methods import plain
from knetsrc.transform.rebound import rename_rebound
from knetsrc.transform.resolve import UNKNOWN, Outside
from knetsrc.transform.stateful import Stateful

_FUNCTIONS: dict[Any, str] = {
    abs: "__abs__", round: "__round__",
    math.floor: "__floor__", math.ceil: "__ceil__", math.trunc: "__trunc__",
}  # fmt: skip
_COMPARED = {
    gast.Lt: ("__lt__", "__gt__"), gast.LtE: ("__le__", "__ge__"), gast.Eq: ("__eq__", "__eq__"),
    gast.Gt: ("__gt__", "__lt__"), gast.GtE: ("__ge__", "__le__"), gast.NotEq: ("__ne__", "__ne__"),
}  # fmt: skip


Member = tuple[type, str, types.FunctionType, list[tree.Node], list[tree.Node]]


@dataclass
class Members:
    """What is known of the objects in the functions of one module.

    Attributes
    ----------
    local
        Functions of the module that no outside name stands for, by their names; new ones are entered.
    load
        Gives a function of the user in the core language (an object with `name`, `core`, `parameters`, `classes`).
    bind
        Gives the arguments of a call by parameter, or None.
    gradient
        Gives the function that `grad(loss)` stands for, None where that is not known; it is told how to find classes of objects.
    making
        Gives what makes objects of a class, None where that is not known.
    helper
        How the generated module calls a helper of `knetsrc.backends`.
    """

    outside: Outside
    local: dict[str, Any]
    names: Names
    load: Callable[[Any], Any]
    bind: Callable[[Any, gast.Call], dict[str, tree.Node] | None]
    stateful: Stateful
    gradient: Callable[[gast.Call, Callable[[tree.Node], Classes]], tree.Node | None]
    making: Callable[[type], Any]
    helper: Callable[[str], str]

    asked: AskedMethods = field(default_factory=AskedMethods)
    _returned: dict[Any, Classes] = field(default_factory=dict)
    _met_again: set[Any] = field(default_factory=set)
    _in_making: set[type] = field(default_factory=set)

    def _as_function(self, node: Any, known: ClassFacts) -> tree.Node:
        """A call of a method, a property or an operator as that of a plain function; `Specializer` knows them."""
        raise NotImplementedError

    def _with_functions(self, node: Any, known: ClassFacts) -> Any:
        """A call of a helper that is handed functions or objects, as that of a helper made for them."""
        raise NotImplementedError

    def facts_of(self, core: gast.FunctionDef, classes: Mapping[str, type]) -> ClassFacts:
        """What is known of the objects of a function, given the classes of its parameters."""
        known = ClassFacts(self.outside, dict(classes), self._result_of)
        known.add_locals(core)
        return known

    def told_apart(self, core: gast.FunctionDef, names: Names) -> gast.FunctionDef:
        """The function where an argument and what its parameter is bound to later have two names: `other = lift(other)`."""
        bound = [n for n in core.body if isinstance(n, gast.Assign)]
        again = tree.names_written(bound) & set(parameters(core))
        writes_object = any(tree.called_name(n.value) == WITH for n in bound)
        is_plain = not (self.outside.members and again) or writes_object
        return core if is_plain else rename_rebound(core, names)

    def _member(self, node: Any, known: ClassFacts) -> "Member | None":
        """Where the function behind a node is defined, its name, itself, and what it is called with."""
        if isinstance(node, gast.Call):
            return self.method_of(node, known) or self._of_operator(node, known)
        if isinstance(node, gast.Attribute) and tree.called_name(node.value) == "super":
            return self._inherited_property(node, known)
        if isinstance(node, gast.Attribute):
            owner = known.local_class(node.value)
            name = plain(node.attr)
            found = defined_in(owner, name) if owner is not None else None
            getter = _getter(found[1]) if found else None
            return (found[0], name, getter, [node.value], []) if found and getter else None
        return self._of_operator(node, known)

    def _of_operator(self, node: Any, known: ClassFacts) -> "Member | None":
        function = self.outside.resolve(node.func) if isinstance(node, gast.Call) else None
        for receiver, name, rest in _operators(node, function):
            owner = known.local_class(receiver)
            found = defined_in(owner, name) if owner is not None else None
            if found and isinstance(found[1], types.FunctionType) and not _is_made(found[1]):
                return (found[0], name, found[1], [receiver, *rest], [])
        return None

    def method_of(self, node: gast.Call, known: ClassFacts) -> "Member | None":
        function = node.func
        if isinstance(function, gast.Attribute):
            if tree.called_name(function.value) == "super":
                return self._inherited(node, known)
            owner = known.class_of(function.value)
            if owner is not None and may_be_replaced(owner, plain(function.attr)):
                raise _replaced_method(node, owner)
            if owner is not None and defined_in(owner, plain(function.attr)) is not None:
                return _called(function.attr, function.value, node, owner.__mro__)
            value = self.outside.resolve(function.value)
            if isinstance(value, type) and not is_library(value):
                found = defined_in(value, function.attr)
                is_class_method = found is not None and isinstance(found[1], classmethod)
                return (
                    _called(function.attr, None, node, value.__mro__) if is_class_method else None
                )
        owner = known.class_of(function)
        return _called("__call__", function, node, owner.__mro__) if owner is not None else None

    def _inherited(self, node: Any, known: ClassFacts) -> "Member | None":
        """The method that `super().method(...)` calls."""
        later = self._classes_above(node.func.value, known)
        found = _called(node.func.attr, tree.name(known.first), node, later) if later else None
        if found and found[1] == "__init__" and _is_made(found[2]):
            raise UnsupportedSyntaxError(
                f"`super().__init__` of the dataclass {found[0].__name__}",
                at=node,
                why="it is written by `dataclass`, and has no source",
                instead="assign the fields: self.a = ...",
            )
        return found

    def _inherited_property(self, node: gast.Attribute, known: ClassFacts) -> "Member | None":
        """The function behind `super().name`, where that is a property."""
        name = plain(node.attr)
        kind = next((k for k in self._classes_above(node.value, known) if name in vars(k)), None)
        getter = _getter(vars(kind)[name]) if kind is not None else None
        if kind is None or getter is None or is_library(kind):
            return None
        return kind, name, getter, [tree.name(known.first)], []

    def _classes_above(self, node: Any, known: ClassFacts) -> tuple[type, ...]:
        """Where `super()` looks, in order; nothing where it is called with other arguments than it has by itself."""
        current, owner = known.classes.get("__class__"), known.classes.get("__self__")
        if current is None or owner is None or current not in owner.__mro__:
            return ()
        if node.args:
            is_own = self.outside.resolve(node.args[0]) is current and len(node.args) == 2
            if not is_own or not tree.is_name(node.args[-1], known.first):
                return ()
        return owner.__mro__[owner.__mro__.index(current) + 1 :]

    def _result_of(self, node: Any, known: ClassFacts) -> Classes:
        """What is known of the result of a call, an operation or an element of a user's object."""
        if isinstance(node, gast.Call):
            made = self.outside.resolve(node.func)
            if isinstance(made, type) and not is_library(made):
                return self._made(made, node, known)
        if tree.called_name(node) not in self.local:
            node = self._as_function(node, known)
        if isinstance(node, gast.Call):
            node = self._with_functions(tree.clone(node), known)
        function = self._called_helper(node)
        return {} if function is None else self._returned_by(function, node, known)

    def _called_helper(self, node: Any) -> Any:
        """The function of the user that a call calls, as it has been read; None for other expressions."""
        if not isinstance(node, gast.Call):
            return None
        text = tree.called_name(node)
        if text is not None and text in self.local:
            return self.local[text]
        value = self.outside.resolve(node.func)
        has_objects = self.outside.members or self.outside.checks_fields
        is_helper = isinstance(value, types.FunctionType) and not is_library(value)
        if not (has_objects and is_helper) or rule_of(value):
            return None
        try:
            return self.load(value)
        except KnetsrcError:  # it says so where it is differentiated
            return None

    def _returned_by(self, function: Any, call: gast.Call, known: ClassFacts) -> Classes:
        """What is known of the result of a function that is called with these arguments."""
        bound = self.bind(function, call) or {}
        told = {f"{p}{k}": c for p, a in bound.items() for k, c in known.of(a).items()}
        told = {k: c for k, c in told.items() if not is_mixed(c) or k not in function.classes}
        classes = {**function.classes, **told}
        made = {p: a for p, a in bound.items() if isinstance(self.outside.resolve(a), type)}
        key = (
            id(function.core),
            tuple(sorted(classes.items(), key=lambda item: item[0])),
            tuple(sorted((p, tree.show(a)) for p, a in made.items())),
        )
        if key in self._returned:
            self._met_again.add(key)
            return self._returned[key]
        core = decided(function.core, classes, self.outside.resolve)
        core = tree.with_body(core, tree.substitute(core.body, made)) if made else core
        core = self.told_apart(core, Names.of(core))
        self._returned[key] = {}
        self._returned[key] = self.facts_of(core, classes).of(core.body[-1].value)
        if key in self._met_again and not self._returned[key]:
            self._returned[key] = self._recursive_result(key, core, classes)
        return self._returned[key]

    def _recursive_result(
        self, key: Any, core: gast.FunctionDef, classes: Mapping[str, type]
    ) -> Classes:
        """What a recursive function returns: what is known of one branch, if all agree where the calls of itself return it."""
        result = core.body[-1].value
        supposed = ClassFacts(self.outside, dict(classes), self._result_of)
        supposed.suppose_locals(core)
        self._returned[key] = found = supposed.of(result)
        return found if self.facts_of(core, classes).of(result) == found else {}

    def _made(self, kind: type, node: gast.Call, known: ClassFacts) -> Classes:
        """What is known of an object that a call of its class makes: the classes of attributes that are assigned just then."""
        if (record := record_of(kind, node)) is not None:
            fields = record.fields.items()
            found = [(text, known.of(v), self.outside.resolve(v)) for text, v in fields]
            found += [
                (text, {}, value) for text, value in _defaults(kind) if text not in record.fields
            ]
        else:
            found = self._assigned(kind, node, known)
        texts = [text for text, *_ in found]
        kept = [f for f in found if texts.count(f[0]) == 1 and not assigned_later(kind, f[0])]
        held = {f".{text}{rest}": c for text, classes, _ in kept for rest, c in classes.items()}
        return {"": with_functions(kind, {text: value for text, _, value in kept})} | held

    def _assigned(
        self, kind: type, node: gast.Call, known: ClassFacts
    ) -> list[tuple[str, Classes, Any]]:
        """What `__init__` assigns: attributes, what is known of their values, and functions from outside."""
        making = self.making(kind)
        if making is None or kind in self._in_making:
            return []
        try:
            function = self.load(making)
        except KnetsrcError:  # it says so where it is differentiated
            return []
        bound = self.bind(function, node) or {}
        told = {f"{p}{k}": c for p, a in bound.items() for k, c in known.of(a).items()}
        values = {p: self.outside.resolve(a) for p, a in bound.items()}
        self._in_making.add(kind)
        try:
            return self._assignments(function.core, function.classes | told, values)
        except KnetsrcError:
            return []
        finally:
            self._in_making.discard(kind)

    def _assignments(
        self, core: gast.FunctionDef, classes: Mapping[str, type], values: Mapping[str, Any]
    ) -> list[tuple[str, Classes, Any]]:
        """What a method assigns to its object, itself and by `super().__init__`; `values` are outside values of parameters."""
        inner = self.facts_of(core, classes)
        written = tree.names_written(core.body)
        bound = _bound_once(core)

        def outside(value: Any) -> Any:
            if not isinstance(value, gast.Name) or value.id not in written | values.keys():
                return self.outside.resolve(value)
            if value.id in bound:
                return outside(bound[value.id])
            return UNKNOWN if value.id in written else values[value.id]

        found: list[tuple[str, Classes, Any]] = []
        for node in tree.walk(core.body):
            if tree.called_name(node) == WITH and tree.is_name(node.args[0], inner.first):
                found += [(str(k.arg), inner.of(k.value), outside(k.value)) for k in node.keywords]
            above = self._inherited(node, inner) if is_super_init(node) else None
            if above is None:
                continue
            loaded = self.load(above[2])
            call = tree.call("f", *above[3])
            call.keywords = above[4]
            given = self.bind(loaded, call) or {}
            told = {f"{p}{k}": c for p, a in given.items() for k, c in inner.of(a).items()}
            told |= dict.fromkeys((loaded.parameters[0], "__self__"), classes["__self__"])
            told |= {"__class__": above[0]}
            inherited = {p: outside(a) for p, a in given.items()}
            found += self._assignments(loaded.core, classes_of(above[2]) | told, inherited)
        return found


def is_of_namedtuple(function: types.FunctionType) -> bool:
    """Whether a method is one that every namedtuple has: `_replace` and its like."""
    return function.__code__.co_filename == collections.__file__


def _bound_once(core: gast.FunctionDef) -> dict[str, tree.Node]:
    """What names stand for that are bound by one assignment only, to a name that is not bound, or to no name."""
    nodes = list(tree.walk(core.body))
    stored = [n.id for n in nodes if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Store)]
    once = {text for text in stored if stored.count(text) == 1} - set(parameters(core))
    return {
        n.targets[0].id: n.value
        for n in nodes
        if isinstance(n, gast.Assign)
        and getattr(n.targets[0], "id", None) in once
        and getattr(n.value, "id", None) not in stored
    }


def _defaults(kind: type) -> list[tuple[str, Any]]:
    """Attributes that an object has by default, where making it only keeps what it is given."""
    assigned = assigned_attributes(kind)
    given = inspect.signature(kind).parameters
    names = assigned[0] if assigned is not None else {p: p for p in given}
    return [(text, given[p].default) for text, p in names.items() if p in given]


def _getter(member: Any) -> types.FunctionType | None:
    """The function behind a property or a cached property."""
    function = member.func if isinstance(member, functools.cached_property) else None
    function = member.fget if isinstance(member, property) else function
    return function if isinstance(function, types.FunctionType) else None


def is_super_init(node: Any) -> bool:
    function: Any = node.func if isinstance(node, gast.Call) else None
    is_init = isinstance(function, gast.Attribute) and function.attr == "__init__"
    return is_init and tree.called_name(function.value) == "super"


def is_descriptor(owner: type, name: str) -> bool:
    """Whether an attribute is computed by a descriptor of the user's own class."""
    found = defined_in(owner, name)
    kind = type(found[1]) if found else object
    return isinstance(kind.__dict__.get("__get__"), types.FunctionType) and not is_library(kind)


def _replaced_method(node: gast.Call, owner: type) -> MissingAdjointError:
    name = plain(node.func.attr)
    return MissingAdjointError(
        f"a call of `{tree.show(node.func)}`, which an object of the class {owner.__name__} may have replaced",
        at=node,
        why=f"the class assigns `{name}` or attributes of any name, and nobody knows what this object has",
        instead="make the object outside of the function, or give the attribute another name than the method",
    )


def _is_made(function: types.FunctionType) -> bool:
    """Whether a method is one that `dataclass` has written, which compares fields."""
    return function.__code__.co_filename == "<string>"


def _operators(node: Any, function: Any) -> list[tuple[tree.Node, str, list[tree.Node]]]:
    """Which operand's class may define an operation: the operand, the name of the method, the other operands.

    `function` is what a call calls.
    """
    if isinstance(node, gast.Call):
        name = next((name for known, name in _FUNCTIONS.items() if function is known), None)
        if name is None or not node.args or node.keywords:
            return []
        return [(node.args[0], name, node.args[1:])]
    if isinstance(node, gast.BinOp):
        (left, own), (right, reflected) = operators(node)
        return [(left, own, [right]), (right, reflected, [left])]
    if isinstance(node, gast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARED:
        left, right = node.left, node.comparators[0]
        own, reflected = _COMPARED[type(node.ops[0])]
        return [(left, own, [right]), (right, reflected, [left])]
    if isinstance(node, gast.UnaryOp):
        return [(operand, name, []) for operand, name in operators(node)]
    if isinstance(node, gast.Subscript):
        return [(node.value, "__getitem__", [_index(node.slice)])]
    return []


def _index(node: Any) -> tree.Node:
    """What `__getitem__` is called with: `slice(1, None, None)` for `x[1:]`."""
    if isinstance(node, gast.Slice):
        bounds = [n or tree.constant(None) for n in (node.lower, node.upper, node.step)]
        return tree.at(tree.call("slice", *bounds), node)
    if isinstance(node, gast.Tuple):
        return tree.at(tree.tuple_of(map(_index, node.elts)), node)
    return node  # type: ignore[no-any-return]


def _called(name: str, receiver: Any, node: gast.Call, among: tuple[type, ...]) -> Member | None:
    """The method that is called, as a plain function with all of its arguments."""
    name = plain(name)
    kind = next((k for k in among if name in vars(k)), None)
    if kind is None or is_library(kind):
        return None
    function = vars(kind)[name]
    arguments = list(node.args)
    if isinstance(function, staticmethod):
        function = function.__func__
    elif isinstance(function, classmethod):
        function = function.__func__
        first = tree.call("type", receiver) if receiver is not None else node.func.value
        arguments = [first, *arguments]
    elif receiver is not None:
        arguments = [receiver, *arguments]
    if not isinstance(function, types.FunctionType) or is_of_namedtuple(function):
        return None
    return kind, name, function, arguments, node.keywords
