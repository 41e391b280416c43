"""Calls of methods that write to their object: these return the object as well, and its name is bound anew.

y = cell.step(x)        y, cell = Cell_step(cell, x)

`normalize` has made a new value of `self` of each write to an attribute. What is called here must have the only name of the object.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import gast
import numpy as np

from knetsrc.errors import MissingAdjointError, UnsupportedAliasError
from knetsrc.objects import Held
from knetsrc.transform import tree
from knetsrc.transform.callee import Calls, Unknown
from knetsrc.transform.classes import NEW, ClassFacts, defined_in, is_class_attribute
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.attribute_elements import OWN, refuse_changes_between
from knetsrc.transform.normalize.attribute_writes import WITH
from knetsrc.transform.normalize.effects import path_of
from knetsrc.transform.normalize.escapes import refuse_late_changes
from knetsrc.transform.normalize.hoist import Place, Replacement, hoist
from knetsrc.transform.normalize.owned_containers import escaping_names
from knetsrc.transform.normalize.scopes import parameters, rewritten
from knetsrc.transform.own_methods import plain

_OF_BUILTINS = frozenset(
    name for kind in (np.ndarray, list, tuple, dict, str, float) for name in dir(kind)
)
MemberOf = Callable[[Any, ClassFacts], Any]


@dataclass
class Stateful:
    """Which methods write to their object.

    Attributes
    ----------
    member
        The function of the user that a call calls, as a method of an object whose class is known: its parts, or None.
    load
        Gives a function of the user in the core language.
    """

    member: MemberOf
    load: Callable[[Any], Any]
    _changes: dict[Any, bool] = field(default_factory=dict)
    _returning: dict[int, Any] = field(default_factory=dict)

    def changes(self, function: Any, owner: type) -> bool:
        """Whether a method writes to its object, itself or by another method."""
        key = id(function), owner
        if key not in self._changes:
            self._changes[key] = False
            core = self.load(function).core
            first = next(iter(parameters(core)), "")
            own = [n for n in tree.walk(core.body) if isinstance(n, gast.Call)]
            self._changes[key] = _rebinds(core, first) or any(
                self.changes(inner, owner)
                for n in own
                if (inner := _own_method(n, first, owner, function))
            )
        return self._changes[key]

    def returning(self, loaded: Any) -> gast.FunctionDef:
        """A method that returns its object beside its value."""
        core = loaded.core
        if id(core) not in self._returning:
            first = parameters(core)[0]
            last = core.body[-1]
            value = tree.tuple_of([last.value, tree.name(first)])
            body = [*core.body[:-1], tree.at(tree.return_(value), last)]
            made = tree.with_body(core, body)
            self._returning[id(core)] = core, made
        return self._returning[id(core)][1]  # type: ignore[no-any-return]

    # --- calls ---------------------------------------------------------------------------------------------------------------
    def written_out(
        self, core: gast.FunctionDef, known: ClassFacts, names: Names, owns_parameters: bool
    ) -> gast.FunctionDef:
        """The function in which each such call binds its object.

        Raises
        ------
        UnsupportedAliasError
            If something else may stand for the object.
        """
        calls = [n for n in tree.walk(core.body) if isinstance(n, gast.Call)]
        _refuse_class_attributes(calls, known)
        found = [n for n in calls if self._object_of(n, known) is not None]
        rebound = {_name_of(self._object_of(n, known)) for n in found}
        rebound |= {
            n.args[0].id for n in calls if tree.called_name(n) == WITH and tree.is_name(n.args[0])
        }
        if not rebound:
            return core
        refuse_changes_between(
            core.body,
            lambda node, text: self._may_change(node, text, known),
        )
        self._refuse_aliases(calls, rebound, known)
        owned = self._owned(core, owns_parameters, known)
        for node in found:
            receiver = self._object_of(node, known)
            if _name_of(receiver) not in owned:
                raise UnsupportedAliasError(
                    f"`{tree.show(node.func)}` writes to an attribute of `{tree.show(receiver)}`",
                    at=node,
                    why="other names may stand for the same object, and would see the change",
                    instead="make the object in this function, and put it nowhere else",
                )
            self._refuse_object_twice(node, _name_of(receiver), known)

        changing = {id(n): _name_of(self._object_of(n, known)) for n in found}
        changing |= {id(n): _name_of(n.args[0]) for n in calls if tree.called_name(n) == WITH}
        refuse_late_changes(
            core.body,
            lambda node: [changing[id(n)] for n in tree.walk(node) if id(n) in changing],
            may_keep=lambda call: call in found,
        )

        def replace(node: Any, place: Place) -> Replacement | None:
            if place.is_alone or not isinstance(node, gast.Call):
                return None
            if self._object_of(node, known) is None:
                return None
            name = names.fresh(f"{plain(getattr(node.func, 'attr', 'called'))}_value")
            return [tree.assign(name, node)], tree.name(name)

        core = hoist(
            core,
            names,
            replace,
            (gast.Call,),
            lambda call: self._object_of(call, known) is not None,
        )
        core.body = rewritten(core.body, lambda node: self._statement(node, known, names))
        return core

    def _refuse_object_twice(self, node: gast.Call, text: str, known: ClassFacts) -> None:
        """A method that writes to its object must not be handed that object, and read it as an argument afterwards."""
        function, arguments = self.member(node, known)[2:4]
        method = self.load(function).core
        given = [*zip(parameters(method)[1:], arguments[1:], strict=False)]
        given += [(k.arg, k.value) for k in node.keywords]
        first = parameters(method)[0]
        for parameter, value in given:
            is_same = tree.is_name(value, text)
            if is_same and _is_read_before(method, first, parameter):
                continue
            if is_same or _hands_out(value, text):
                raise UnsupportedAliasError(
                    f"`{tree.show(node.func)}` writes to an attribute of `{text}`, which is an argument as well",
                    at=node,
                    why=f"the parameter `{parameter}` stands for the same object, and would see the change",
                    instead="hand over what the method reads of it: an attribute, or a copy",
                )

    def _statement(self, node: Any, known: ClassFacts, names: Names) -> list[tree.Node]:
        call = getattr(node, "value", None)
        is_plain = isinstance(node, gast.Assign | gast.Expr) and isinstance(call, gast.Call)
        receiver = self._object_of(call, known) if is_plain else None
        if receiver is None:
            return [node]
        target = node.targets[0] if isinstance(node, gast.Assign) else None
        text = target.id if isinstance(target, gast.Name) else names.fresh("value")
        both = tree.tuple_of([tree.name(text), tree.name(_name_of(receiver))])
        statements: list[tree.Node] = [tree.assign(both, call)]
        if target is not None and not isinstance(target, gast.Name):
            statements += _taken_apart(target, text)
        return statements

    def _object_of(self, node: Any, known: ClassFacts) -> tree.Node | None:
        """The object of a call of a method that writes to it."""
        member = self.member(node, known) if isinstance(node, gast.Call) else None
        if member is None or not member[3]:
            return None
        receiver = member[3][0]
        owner = known.class_of(receiver)
        is_own = owner is not None and isinstance(
            receiver, gast.Name | gast.Attribute | gast.Subscript
        )
        return receiver if is_own and self.changes(member[2], owner) else None  # type: ignore[arg-type]

    def _may_change(self, node: gast.Call, text: str, known: ClassFacts) -> bool:
        """Whether a call may write to the object that a name stands for: a method of which nothing is known may."""
        receiver = self._object_of(node, known)
        if receiver is not None:
            return _name_of(receiver) == text
        is_method = isinstance(node.func, gast.Attribute) and tree.is_name(node.func.value, text)
        return is_method and known.class_of(node.func.value) is None

    def _owned(self, core: gast.FunctionDef, owns_parameters: bool, known: ClassFacts) -> set[str]:
        """Names of objects that the function makes, or was handed to change."""
        given = set(parameters(core))
        owned = given if owns_parameters else set()
        value = core.body[-1].value
        if not owns_parameters and isinstance(value, gast.Tuple) and tree.is_name(value.elts[-1]):
            owned = {value.elts[-1].id} & set(parameters(core)[:1])
        bound: dict[str, list[bool]] = {n: [n in owned] for n in given}
        single = set()
        for node in tree.walk(core.body):
            if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name):
                single.add(id(node.targets[0]))
                made = isinstance(node.value, gast.Call) and (
                    tree.called_name(node.value) in (NEW, WITH)
                    or isinstance(known.outside.resolve(node.value.func), type)
                )
                bound.setdefault(node.targets[0].id, []).append(made)
        for node in tree.walk(core.body):
            is_bound = isinstance(node, gast.Name) and isinstance(node.ctx, gast.Store)
            if is_bound and id(node) not in single:
                bound.setdefault(node.id, []).append(False)
        return {n for n, kinds in bound.items() if all(kinds)} - escaping_names(core)

    def _refuse_aliases(self, calls: list[Any], rebound: set[str], known: ClassFacts) -> None:
        """A method of an object that is written must not hand out the object."""
        for node in calls:
            member = self.member(node, known)
            receiver = member[3][0] if member is not None and member[3] else None
            if receiver is None or _name_of(receiver) not in rebound:
                continue
            method = self.load(member[2]).core
            first = next(iter(parameters(method)), "")
            if first in escaping_names(method) or _hands_out(method.body[-1].value, first):
                raise UnsupportedAliasError(
                    f"`{tree.show(node.func)}` may hand out `{tree.show(receiver)}`, to which is written",
                    at=node,
                    why="another name would stand for the same object, and would see the change",
                    instead="let the method return what is needed of the object",
                )


def refuse_unknown_methods(
    core: gast.FunctionDef,
    calls: Calls,
    active: frozenset[str],
    depends: Callable[[tree.Node], bool],
) -> None:
    """Raise an error for a method of a differentiated object of which nothing is known, where its value is not used.

    An object that `depends` on what is differentiated may hold an array that the result depends on, if it does not itself.

    Raises
    ------
    MissingAdjointError
        For the first such call: it may write to the object.
    """
    for node in tree.walk(core.body):
        is_idle = isinstance(node, gast.Expr) or (
            isinstance(node, gast.Assign) and not tree.names_written(node) & active
        )
        for call in tree.walk(node.value) if is_idle else ():
            function = call.func if isinstance(call, gast.Call) else None
            if not isinstance(function, gast.Attribute) or function.attr in _OF_BUILTINS:
                continue
            is_active = next(iter(path_of(function)), "") in active
            is_active |= tree.called_name(function.value) == "super" or depends(function.value)
            if is_active and isinstance(calls.of(call), Unknown):
                raise MissingAdjointError(
                    f"a call of `{tree.show(function)}`, of which nothing is known",
                    at=call,
                    why="it may write to the object, and the derivative of that would be lost",
                    instead="make the object in this function, or annotate the parameter with its class",
                )


def _refuse_class_attributes(calls: list[Any], known: ClassFacts) -> None:
    """Objects of a class are taken to share what is an attribute of the class only."""
    for node in calls:
        if tree.called_name(node) != WITH:
            continue
        owner = known.class_of(node.args[0])
        for keyword in node.keywords:
            if owner is not None and _is_of_class(owner, keyword.arg):
                text = tree.show(tree.attribute(node.args[0], keyword.arg))
                raise UnsupportedAliasError(
                    f"a write to `{text}`, an attribute of the class",
                    at=node,
                    why="other objects go on with that of the class, and this one has its own from here on",
                    instead=f"give each object its own in `__init__`: self.{keyword.arg} = ...",
                )


def _is_of_class(owner: type, name: str) -> bool:
    """Whether an attribute is known by the class: a value, a method, or a function that the object holds."""
    found = defined_in(owner, name)
    is_known = found is not None and (
        isinstance(found[1], FunctionType | staticmethod | classmethod | Held)
    )
    return is_known or is_class_attribute(owner, name)


def _name_of(node: Any) -> str:
    return node.id if isinstance(node, gast.Name) else ""


def _rebinds(core: gast.FunctionDef, first: str) -> bool:
    """Whether a method writes to an attribute of its object."""
    return any(
        tree.called_name(n) == WITH and tree.is_name(n.args[0], first) for n in tree.walk(core.body)
    )


def _own_method(node: gast.Call, first: str, owner: type, caller: Any) -> Any:
    """The method that a method calls of its own object."""
    function = node.func
    among = owner.__mro__
    if isinstance(function, gast.Attribute):
        is_super = tree.called_name(function.value) == "super"
        if not is_super and not tree.is_name(function.value, first):
            return None
        name = plain(function.attr)
        place = next((i for i, k in enumerate(among) if caller in vars(k).values()), None)
        among = among[place + 1 :] if is_super and place is not None else among
    elif tree.is_name(function, first):
        name = "__call__"
    else:
        return None
    kind = next((k for k in among if name in vars(k)), None)
    found = vars(kind)[name] if kind is not None else None
    return found if isinstance(found, FunctionType) else None


def _hands_out(value: Any, first: str) -> bool:
    """Whether a returned value is the object or holds it."""
    if isinstance(value, gast.Tuple | gast.List | gast.Dict | gast.IfExp):
        return any(_hands_out(part, first) for part in tree.children(value))
    return tree.is_name(value, first)


def _is_read_before(method: gast.FunctionDef, first: str, text: str) -> bool:
    """Whether a method only reads attributes of what a parameter stands for, and all of them before it writes to its object."""
    nodes = list(tree.walk(method.body))
    read = {id(n.value) for n in nodes if isinstance(n, gast.Attribute)}
    if any(tree.called_name(n) in OWN for n in nodes) or any(
        tree.is_name(n, text) and id(n) not in read for n in nodes
    ):
        return False
    is_changed = False
    for node in method.body:
        if text in tree.names_read(node) and (is_changed or not isinstance(node, gast.Assign)):
            return False
        calls = [n for n in tree.walk(node) if isinstance(n, gast.Call)]
        given = [[getattr(n.func, "value", None), *n.args] for n in calls]
        is_changed |= any(tree.is_name(n, first) for each in given for n in each)
        if text in tree.names_read(node) and any(
            tree.is_name(n, first) and tree.called_name(call) != WITH
            for call, each in zip(calls, given, strict=True)
            for n in each
        ):
            return False
    return True


def _taken_apart(target: gast.Tuple, text: str) -> list[tree.Node]:
    return [
        tree.assign(part, tree.subscript(tree.name(text), tree.constant(i)))
        for i, part in enumerate(target.elts)
    ]
