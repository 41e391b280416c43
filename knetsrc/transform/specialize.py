"""Calls whose target is known from elsewhere become calls of plain functions.

A method of an object whose class is known becomes a function of that object; a helper that is handed a function becomes a helper
made for that function; a local name for a function is replaced by it (`follow`).

    model.predict(x)         ->  MLP_predict(model, x)
    apply(np.tanh, x)        ->  apply_tanh(x)
    act = np.tanh; act(x)    ->  np.tanh(x)
"""

import functools
import types
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import gast
import numpy as np

from knetsrc.adjoints.equivalents import COLUMNS, EQUIVALENTS
from knetsrc.errors import (
    UnsupportedAliasError,
    UnsupportedSyntaxError,
)
from knetsrc.objects import Plain, has_behaviour, own_attributes
from knetsrc.transform import tree
from knetsrc.transform.classes import (
    ClassFacts,
    classes_of,
    defined_in,
    held_function,
    is_class_attribute,
    is_library,
)
from knetsrc.transform.dispatch import Dispatch, asked_of_several
from knetsrc.transform.evaluate import once_written, refuse_closures
from knetsrc.transform.field_checks import checked_read
from knetsrc.transform.follow import Following, without_choices
from knetsrc.transform.functions import made_of
from knetsrc.transform.handed import Template, described, names_around
from knetsrc.transform.instance_tests import decided
from knetsrc.transform.member_checks import (
    checked_method,
    checked_operation,
    checked_update,
    without_checks_of_containers,
)
from knetsrc.transform.members import Members, is_descriptor, is_super_init
from knetsrc.transform.names import Names
from knetsrc.transform.object_refusals import (
    refuse_conversion,
    refuse_iteration,
    refuse_parts,
    refuse_super,
    refuse_write_by_method,
    rule_of,
)
from knetsrc.transform.object_turns import ObjectTurns
from knetsrc.transform.object_writes import without_copies
from knetsrc.transform.own_methods import all_replaced, field_of, plain, with_field_mark
from knetsrc.transform.resolve import UNKNOWN, is_of_library
from knetsrc.transform.returns import Returns
from knetsrc.transform.star_calls import reads_entries_only
from knetsrc.transform.static import Statics, is_closure, is_plain_value


@dataclass
class Specializer(Members):
    """Rewrites the calls of one module's functions."""

    def run(
        self,
        core: gast.FunctionDef,
        classes: Mapping[str, type],
        functions: Mapping[str, tree.Node] | None = None,
        owns_parameters: bool = False,
    ) -> gast.FunctionDef:
        """The function with all such calls rewritten; `functions` are names that stand for functions from the start."""
        names = Names(self.names.taken | Names.of(core).taken)
        core = self.told_apart(decided(core, classes, self.outside.resolve), names)
        core = self._followed(self._with_held(core, classes), functions or {}, classes, names)
        written = tree.names_written(core.body)
        arrays = {n for n, v in (functions or {}).items() if is_plain_value(v)} - written
        plain = dict.fromkeys(arrays, Plain) if self.outside.members else {}
        known = self.facts_of(core, plain | dict(classes))
        ObjectTurns(core, known, self._member).refuse()
        self.asked.refuse(core, known)
        core = self.stateful.written_out(core, known, names, owns_parameters)

        def rewrite_call(node: gast.Call) -> tree.Node:
            refuse_iteration(node, known)
            node = checked_operation(node, known) if self.outside.members else node
            called = self._as_function(node, known)
            if called is node:
                refuse_conversion(node, known)
                called = checked_method(node, known)
            return self._by_own_name(self._with_functions(called, known))

        def rewrite_operation(node: tree.Node) -> tree.Node:
            if isinstance(node, gast.Subscript) and not isinstance(node.ctx, gast.Load):
                refuse_write_by_method(node, known)
                return node
            node = checked_operation(node, known) if self.outside.members else node
            made = self._joined(node) or self._as_function(node, known)
            if isinstance(made, gast.Subscript):
                refuse_parts(made.value, known)
            return checked_read(made, known, arrays) if self.outside.checks_fields else made

        def rewrite_update(node: gast.AugAssign) -> tree.Node | list[tree.Node]:
            if not self.outside.members or not isinstance(node.target, gast.Subscript):
                return node
            made = checked_update(node, known)
            if isinstance(made, gast.Assign):
                made.value = rewrite_operation(made.value)
            return made

        def rewrite_loop(node: gast.For) -> gast.For:
            node.iter = self._iterated(node.iter, known)
            return node

        def rewrite_assignment(node: gast.Assign) -> gast.Assign:
            if isinstance(node.targets[0], gast.Tuple):
                refuse_parts(node.value, known)
            return node

        operations = dict.fromkeys(
            (gast.Attribute, gast.BinOp, gast.UnaryOp, gast.Compare, gast.Subscript),
            rewrite_operation,
        )
        rewriters = {gast.Call: rewrite_call, gast.For: rewrite_loop, **operations}
        rewriters |= {gast.Assign: rewrite_assignment, gast.AugAssign: rewrite_update}
        new = tree.rewrite(core, rewriters)
        new = without_checks_of_containers(new, self.outside) if self.outside.members else new
        refuse_closures(new)
        refuse_super(new)
        return without_copies(all_replaced(without_choices(new, names)))

    def _by_own_name(self, node: Any) -> tree.Node:
        """A call of a library's function that a container, a class or a module of the user holds: a file keeps to it."""
        function = node.func if isinstance(node, gast.Call) else None
        if not isinstance(function, gast.Attribute | gast.Subscript):
            return node
        holder, held = self.outside.resolve(function.value), self.outside.resolve(function)
        is_by_name = isinstance(holder, types.ModuleType) and is_of_library(holder)
        is_named = held is UNKNOWN or is_by_name
        named = None if is_named else self.outside.of_library(held)
        node.func = tree.at(named, function) if named is not None else function
        return node

    def _joined(self, node: tree.Node) -> tree.Node | None:
        """`np.concatenate([...])` for `np.r_[a, b]`, and a plain function for `np.c_[a, b]`."""
        if not isinstance(node, gast.Subscript):
            return None
        made = self.outside.resolve(node.value)
        parts = node.slice.elts if isinstance(node.slice, gast.Tuple) else [node.slice]
        is_joining = made is np.r_ or made is np.c_
        if not is_joining or any(map(_is_text_or_slice, parts)):
            return None
        module = tree.name(self.outside.module(np))
        if made is np.r_:
            flat = tree.attribute(module, "atleast_1d")
            parts = [tree.call(tree.clone(flat), part) for part in parts]
            return tree.at(
                tree.call(tree.attribute(module, "concatenate"), tree.list_of(parts)), node
            )
        return tree.at(tree.call(self.outside.spelled(COLUMNS), tree.list_of(parts)), node)

    # --- objects ----------------------------------------------------------------------------------------------------------
    def _with_held(self, core: gast.FunctionDef, classes: Mapping[str, type]) -> gast.FunctionDef:
        """The function with functions in the place of attributes that hold them: `np.tanh` for `net.act`."""
        read = [n for n in tree.walk(core.body) if isinstance(n, gast.Attribute)]
        outside = ClassFacts(self.outside, {}, lambda node, known: {})
        kinds = {*classes.values(), *(k for n in read for k in outside.of(n.value).values())}
        is_held = any(
            held_function(kind, plain(n.attr)) is not None for n in read for kind in kinds
        )
        if not is_held and not any(map(self._is_making, tree.walk(core.body))):
            return core
        known = self.facts_of(core, classes)

        def replace(node: gast.Attribute) -> tree.Node:
            owner = known.class_of(node.value) if isinstance(node.ctx, gast.Load) else None
            held = held_function(owner, plain(node.attr)) if owner is not None else None
            if held is None:
                return node
            return tree.at(self.outside.function(held, plain(node.attr)), node)

        return tree.rewrite(core, {gast.Attribute: replace})

    def _is_making(self, node: Any) -> bool:
        """Whether a node makes an object of a class of the user."""
        made = self.outside.resolve(node.func) if isinstance(node, gast.Call) else None
        return isinstance(made, type) and not is_library(made)

    def _as_function(self, node: Any, known: ClassFacts) -> tree.Node:
        """A call of a method, a property or an operator of a user's class as that of a plain function."""
        found = self._member(node, known)
        if found is None and (entries := self._as_dict(node, known)) is not None:
            return entries
        if found is None and (asked := asked_of_several(node, known)) is not None:
            return Dispatch(self, asked, known).call(node)
        if found is None and _makes_nothing(node, known):
            return tree.at(tree.constant(None), node)
        if found is None:
            return self._of_class(node, known)
        kind, name, function, arguments, keywords = found
        call = tree.call("f", *arguments)
        call.keywords = keywords
        plain = name.strip("_") if name.startswith("__") else name
        loaded = self._with_object(node, function, arguments, known)
        loaded = replace(loaded, classes=classes_of(function) | {"__class__": kind})
        call.func = tree.name(self._variant(loaded, f"{kind.__name__}_{plain}", call, known))
        return tree.at(call, node)

    def _as_dict(self, node: Any, known: ClassFacts) -> tree.Node | None:
        """A dict with the entries of a namedtuple, for `record._asdict()`."""
        function = node.func if isinstance(node, gast.Call) and not node.args else None
        if not isinstance(function, gast.Attribute) or function.attr != "_asdict":
            return None
        owner = known.class_of(function.value)
        if owner is None or not hasattr(owner, "_fields") or not tree.is_name(function.value):
            return None
        values = [field_of(function.value, text) for text in owner._fields]
        return tree.at(tree.dict_of(map(tree.constant, owner._fields), values), node)

    def _with_object(
        self, node: Any, function: Any, arguments: list[tree.Node], known: ClassFacts
    ) -> Any:
        """The function behind a method; one that writes to its object returns that as well: see `stateful`."""
        loaded = self.load(function)
        owner = known.class_of(arguments[0]) if arguments else None
        if owner is None or not self.stateful.changes(function, owner):
            return loaded
        if not isinstance(node, gast.Call) or self.method_of(node, known) is None:
            raise UnsupportedSyntaxError(
                "an operator or a property that writes to its object",
                at=node,
                why="other names may stand for the same object, and would see the change",
                instead="write a method that returns a new object",
            )
        if isinstance(arguments[0], gast.Call):
            self._refuse_shared(arguments[0], node)
            return replace(loaded, writes_object=False)
        return replace(loaded, core=self.stateful.returning(loaded), writes_object=False)

    def _refuse_shared(self, receiver: gast.Call, node: gast.Call) -> None:
        """A method that writes to an object without a name: nobody sees that of an object that is made there."""
        if isinstance(self.outside.resolve(receiver.func), type):
            return
        raise UnsupportedAliasError(
            f"`{tree.show(node.func)}` writes to an attribute of `{tree.show(receiver)}`",
            at=node,
            why="other names may stand for the same object, and would see the change",
            instead="make the object in this function, and give it a name",
        )

    def _of_class(self, node: Any, known: ClassFacts) -> tree.Node:
        """An attribute that belongs to the class, read from the class: it is no part of the object."""
        if not isinstance(node, gast.Attribute):
            return node
        owner = known.local_class(node.value)
        if owner is not None:
            node = with_field_mark(node, owner)
        if (
            owner is not None
            and defined_in(owner, "__getattr__")
            and not _is_kept(owner, plain(node.attr))
        ):
            raise UnsupportedSyntaxError(
                f"`{tree.show(node)}`, which `__getattr__` of the class {owner.__name__} may give",
                at=node,
                why="what it gives is not known while transforming",
                instead="make it a property",
            )
        if owner is not None and is_descriptor(owner, plain(node.attr)):
            raise UnsupportedSyntaxError(
                f"`{tree.show(node)}`, a descriptor of the class {owner.__name__}",
                at=node,
                why="its `__get__` computes the value, which is not followed",
                instead="make it a property",
            )
        if owner is None or not is_class_attribute(owner, plain(node.attr)):
            return node
        return tree.at(tree.attribute(tree.call("type", node.value), plain(node.attr)), node)

    def _variant(self, callee: Any, wanted: str, call: gast.Call, known: ClassFacts) -> str:
        """The name of a copy of a function for objects of the classes that it is called with."""
        bound = self.bind(callee, call) or dict(zip(callee.parameters, call.args, strict=False))
        told = {f"{p}{k}": c for p, a in bound.items() for k, c in known.of(a).items()}
        first = callee.parameters[0] if callee.parameters else ""
        if "__class__" in callee.classes and first in told:
            told["__self__"] = told[first]
        classes = {**callee.classes, **told}
        origin = replace(callee, classes=classes).identity
        if (known_as := made_of(self.local, origin)) is not None:
            return known_as
        name = self.names.fresh(wanted)
        self.local[name] = replace(callee, name=name, classes=classes, origin=origin)
        return name

    def _iterated(self, iterable: tree.Node, known: ClassFacts) -> tree.Node:
        """What the loop over an object goes through, where `__iter__` returns `iter(...)` of it."""
        kinds = [k for k in known.local_kinds(iterable) if not issubclass(k, tuple)]
        if not kinds:
            return iterable
        owner = kinds[0]
        found = defined_in(owner, "__iter__") if len(kinds) == 1 else None
        core = self.load(found[1]).core if found else None
        value: Any = core.body[-1].value if core is not None and len(core.body) == 1 else None
        is_plain = value is not None and tree.called_name(value) == "iter"
        if core is None or not is_plain or not tree.is_name(iterable):
            raise UnsupportedSyntaxError(
                f"a loop over an object of the class `{owner.__name__}`",
                at=iterable,
                why="what it goes through is not known while transforming",
                instead="loop over a list that is an attribute of the object",
            )
        return tree.substitute(value.args[0], {core.args.args[0].id: iterable})

    # --- functions as arguments ---------------------------------------------------------------------------------------------
    def _followed(
        self,
        core: gast.FunctionDef,
        known: Mapping[str, tree.Node],
        classes: Mapping[str, type],
        names: Names,
    ) -> gast.FunctionDef:
        """The function in which no name stands for a function."""
        facts = functools.cache(lambda: self.facts_of(core, classes))
        following = Following(
            self._statics, names, self._helper, self.bind, self._gives_function,
            once_written(core), self._checkpointed, lambda node: self.gradient(node, facts().of), dict(known),
        )  # fmt: skip
        return following.run(core)

    def _checkpointed(self, function: tree.Node) -> tree.Node:
        """A function that is known, marked: a copy of it in the module."""
        if is_closure(function) or self._statics.is_partial(function):
            function.args[0] = self._checkpointed(function.args[0])
            return function
        callee = self._helper(function)
        if callee is None or callee.is_checkpoint:
            return function
        made = replace(callee, is_checkpoint=True, origin=("checkpoint", callee.identity))
        name = made_of(self.local, made.origin) or self.names.fresh(callee.name)
        self.local[name] = replace(made, name=name)
        return tree.at(tree.name(name), function)

    @property
    def _statics(self) -> Statics:
        return Statics(self.outside, self.local)

    def _with_functions(self, node: Any, known: ClassFacts) -> tree.Node:
        callee = self._helper(node.func) if isinstance(node, gast.Call) else None
        if callee is None:
            return node
        told = [
            c for a in (*node.args, *(k.value for k in node.keywords)) for c in known.of(a).values()
        ]
        tells = Plain in told or any(map(has_behaviour, told))
        if callee.origin is None and tells:
            node.func = tree.name(self._variant(callee, callee.name, node, known))
            callee = self.local[node.func.id]
        bound = self.bind(callee, node)
        given = {p: a for p, a in (bound or {}).items() if self._is_given(callee, p, a)}
        if not given or bound is None:
            return node
        taken = names_around(callee.core, given.values(), self._statics)
        templates = {p: Template(p, self._statics, taken) for p in given}
        functions = {p: templates[p].of(a) for p, a in given.items()}
        made_of = tuple((p, tree.signature(a)) for p, a in sorted(functions.items()))
        leaves = {n: a for t in templates.values() for n, a in t.leaves.items()}
        held = {f"{n}{k}": c for n, a in leaves.items() for k, c in known.of(a).items()}
        callee = replace(callee, classes=callee.classes | held)
        origin = (callee.identity, made_of)
        name = next(
            (t for t, k in self.local.items() if getattr(k, "origin", None) == origin), None
        )
        if name is None:
            name = self._specialized(callee, functions, list(leaves), origin)
        rest = {p: a for p, a in bound.items() if p not in given}
        return tree.at(tree.call(name, **rest, **leaves), node)

    def _is_given(self, callee: Any, parameter: str, node: tree.Node) -> bool:
        """Whether a helper is made anew for an argument."""
        if parameter == callee.star.kwarg:
            return isinstance(node, gast.Dict) and reads_entries_only(callee.core, parameter)
        if parameter == callee.star.vararg and isinstance(node, gast.Tuple):
            is_passed_on = any(
                isinstance(n, gast.Starred) and tree.is_name(n.value, parameter)
                for n in tree.walk(callee.core)
            )
            is_apart = bool(node.elts) and reads_entries_only(callee.core, parameter)
            return is_passed_on or is_apart or self._statics.is_static(node)
        if tree.is_constant(node, None):
            return any(tree.called_name(n) == parameter for n in tree.walk(callee.core))
        return self._statics.is_static(node)

    def _helper(self, function: tree.Node) -> Any:
        """The function of the user that an expression names; None for anything else."""
        if isinstance(function, gast.Name) and function.id in self.local:
            return self.local[function.id]
        value = self.outside.resolve(function)
        is_own = (
            isinstance(value, types.FunctionType)
            and rule_of(value) is None
            and not is_library(value)
        ) or (isinstance(value, types.FunctionType) and value in EQUIVALENTS)
        return self._plain(value) if is_own else None

    def _plain(self, value: Any) -> Any:
        """A function that is called as such; a method that writes to its object needs to be called as one."""
        loaded = self.load(value)
        loaded.refuse_write_of_object()
        return loaded

    def _gives_function(self, callee: Any, known: Mapping[str, tree.Node]) -> bool:
        return Returns(self._statics, self._helper, self.bind).function(callee, set(known))

    def _specialized(
        self, callee: Any, known: Mapping[str, tree.Node], extra: list[str], origin: Any
    ) -> str:
        """A copy of a helper in which some parameters are known, and what these are made of is handed in."""
        text = "_".join(filter(None, map(described, known.values())))
        name = self.names.fresh(f"{callee.name}_{text}" if text else callee.name)
        core = tree.clone(callee.core)
        arguments = core.args
        positional = [*arguments.posonlyargs, *arguments.args]
        rest = [a.id for a in [*positional, *arguments.kwonlyargs] if a.id not in known]
        core.args = tree.function_def("f", [], []).args
        core.args.kwonlyargs = [tree.parameter(text) for text in [*rest, *extra]]
        core.args.kw_defaults = [None] * len(core.args.kwonlyargs)
        self.local[name] = replace(
            callee, name=name, core=core, star=type(callee.star)(), origin=origin, known=dict(known)
        )
        return name


def _is_kept(owner: type, name: str) -> bool:
    """Whether an attribute is found without `__getattr__`."""
    return hasattr(owner, name) or name in own_attributes(owner)


def _makes_nothing(node: Any, known: ClassFacts) -> bool:
    """Whether a node is `super().__init__()` where no other class of the user has an `__init__`."""
    current, owner = known.classes.get("__class__"), known.classes.get("__self__")
    if not is_super_init(node) or node.args or current is None or owner is None:
        return False
    later = owner.__mro__[owner.__mro__.index(current) + 1 :]
    return next(k for k in later if "__init__" in vars(k)) is object


def _is_text_or_slice(node: tree.Node) -> bool:
    return isinstance(node, gast.Slice) or isinstance(getattr(node, "value", None), str)
