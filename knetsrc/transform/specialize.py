"""Calls whose target is known from elsewhere become calls of plain functions.

A method of an object whose class is known becomes a function of that object; a helper that is handed a function becomes a helper
made for that function; a local name for a function is replaced by it (`follow`).

    model.predict(x)         ->  MLP_predict(model, x)
    apply(np.tanh, x)        ->  apply_tanh(x)
    act = np.tanh; act(x)    ->  np.tanh(x)
"""

import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import gast

from knetsrc.adjoints.table import TABLE
from knetsrc.modules import host_twin
from knetsrc.transform import tree
from knetsrc.transform.evaluate import once_written, refuse_closures
from knetsrc.transform.follow import Following, without_choices
from knetsrc.transform.names import Names
from knetsrc.transform.resolve import UNKNOWN, Captured, Globals, Outside
from knetsrc.transform.returns import Returns
from knetsrc.transform.star_calls import reads_entries_only
from knetsrc.transform.static import Statics, choice, elements, is_closure, is_missing

_PLAIN = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type, Captured, Globals)


@dataclass
class Specializer:
    """Rewrites the calls of one module's functions.

    Attributes
    ----------
    local
        Functions of the module that no outside name stands for, by their names; new ones are entered.
    load
        Gives a function of the user in the core language (an object with `name`, `core`, `parameters`, `classes`).
    bind
        Gives the arguments of a call by parameter, or None.
    """

    outside: Outside
    local: dict[str, Any]
    names: Names
    load: Callable[[Any], Any]
    bind: Callable[[Any, gast.Call], dict[str, tree.Node] | None]

    def run(
        self,
        core: gast.FunctionDef,
        classes: Mapping[str, type],
        known: Mapping[str, tree.Node] | None = None,
    ) -> gast.FunctionDef:
        """The function with all such calls rewritten; `known` are names that stand for functions from the start."""
        names = Names(self.names.taken | Names.of(core).taken)
        core = self._followed(core, known or {}, names)
        kinds = self._with_locals(core, dict(classes))

        def rewrite_call(node: gast.Call) -> tree.Node:
            return self._with_functions(self._as_function(node, kinds))

        new = tree.rewrite(core, {gast.Call: rewrite_call})
        refuse_closures(new)
        return without_choices(new, names)

    def _with_locals(self, core: gast.FunctionDef, known: dict[str, type]) -> dict[str, type]:
        """Classes of parameters, and of names that stand for their attributes and elements."""
        for node in tree.walk(core.body):
            if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name):
                owner = self._class_of(node.value, known) or self._made_by(node.value)
                if owner is not None:
                    known.setdefault(node.targets[0].id, owner)
            elif isinstance(node, gast.For) and isinstance(node.target, gast.Name):
                owner = known.get(f"{tree.show(node.iter)}[]") or self._element_class(
                    node.iter, known
                )
                if owner is not None:
                    known.setdefault(node.target.id, owner)
        return known

    def _element_class(self, node: tree.Node, known: Mapping[str, type]) -> type | None:
        """The class of the elements of an attribute that is annotated as a list or tuple of objects."""
        owner = self._class_of(node.value, known) if isinstance(node, gast.Attribute) else None
        return _elements(owner).get(node.attr) if owner is not None else None

    def _made_by(self, node: tree.Node) -> type | None:
        """The class of the user that a call makes an object of."""
        value = self.outside.resolve(node.func) if isinstance(node, gast.Call) else UNKNOWN
        return value if isinstance(value, type) and not _is_library(value) else None

    # --- methods ----------------------------------------------------------------------------------------------------------
    def _as_function(self, node: gast.Call, classes: Mapping[str, type]) -> gast.Call:
        found = self._method(node.func, classes)
        if found is None:
            return node
        owner, name, receiver = found
        function = inspect.getattr_static(owner, name, None)
        arguments = node.args
        if isinstance(function, staticmethod):
            function = function.__func__
        elif isinstance(function, types.FunctionType):
            arguments = [receiver, *node.args]
        if not isinstance(function, types.FunctionType):
            return node
        plain = name if name != "__call__" else "call"
        new = tree.call(self._enter(function, f"{owner.__name__}_{plain}", owner), *arguments)
        new.keywords = node.keywords
        return tree.at(new, node)

    def _method(
        self, function: tree.Node, classes: Mapping[str, type]
    ) -> tuple[type, str, tree.Node] | None:
        """Class, name and receiver of a method call; None for other calls."""
        if isinstance(function, gast.Attribute):
            owner = self._class_of(function.value, classes)
            if owner is not None:
                return owner, function.attr, function.value
        owner = self._class_of(function, classes)
        return (owner, "__call__", function) if owner is not None else None

    def _class_of(self, node: tree.Node, classes: Mapping[str, type]) -> type | None:
        if isinstance(node, gast.Name) and node.id in classes:
            return classes[node.id]
        value = self.outside.resolve(node)
        if value is not UNKNOWN:
            is_object = (
                not isinstance(value, _PLAIN)
                and not _is_library(type(value))
                and rule_of(value) is None
                and host_twin(value) is value
            )
            return type(value) if is_object and not hasattr(value, "__wrapped__") else None
        if isinstance(node, gast.Subscript):
            return classes.get(f"{tree.show(node.value)}[]")
        if isinstance(node, gast.Attribute):
            owner = self._class_of(node.value, classes)
            return _hints(owner).get(node.attr) if owner is not None else None
        return None

    def _enter(self, function: types.FunctionType, wanted: str, owner: type) -> str:
        for text, known in self.local.items():
            if getattr(known, "origin", None) == (function, owner):
                return text
        loaded = self.load(function)
        name = self.names.fresh(wanted)
        first = loaded.parameters[0] if loaded.parameters else ""
        self.local[name] = replace(
            loaded, name=name, classes={**loaded.classes, first: owner}, origin=(function, owner)
        )
        return name

    # --- functions as arguments ---------------------------------------------------------------------------------------------
    def _followed(
        self, core: gast.FunctionDef, known: Mapping[str, tree.Node], names: Names
    ) -> gast.FunctionDef:
        """The function in which no name stands for a function."""
        following = Following(
            self._statics, names, self._helper, self.bind, self._gives_function,
            once_written(core), dict(known),
        )  # fmt: skip
        return following.run(core)

    @property
    def _statics(self) -> Statics:
        return Statics(self.outside, self.local)

    def _with_functions(self, node: gast.Call) -> gast.Call:
        callee = self._helper(node.func)
        if callee is None:
            return node
        bound = self.bind(callee, node)
        given = {p: a for p, a in (bound or {}).items() if self._is_given(callee, p, a)}
        if not given or bound is None:
            return node
        templates = {p: _Template(p, self._statics) for p in given}
        known = {p: templates[p].of(a) for p, a in given.items()}
        origin = (id(callee.core), tuple((p, tree.signature(a)) for p, a in sorted(known.items())))
        name = next(
            (t for t, k in self.local.items() if getattr(k, "origin", None) == origin), None
        )
        leaves = {n: a for t in templates.values() for n, a in t.leaves.items()}
        if name is None:
            name = self._specialized(callee, known, list(leaves), origin)
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
            return is_passed_on or self._statics.is_static(node)
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
            and not _is_library(value)
        )
        return self.load(value) if is_own else None

    def _gives_function(self, callee: Any, known: Mapping[str, tree.Node]) -> bool:
        return Returns(self._statics, self._helper, self.bind).function(callee, set(known))

    def _specialized(
        self, callee: Any, known: Mapping[str, tree.Node], extra: list[str], origin: Any
    ) -> str:
        """A copy of a helper in which some parameters are known, and what these are made of is handed in."""
        described = "_".join(filter(None, (_described(a) for a in known.values())))
        name = self.names.fresh(f"{callee.name}_{described}" if described else callee.name)
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


@dataclass
class _Template:
    """A function handed to `parameter`, with parameters in the place of what it captures."""

    parameter: str
    statics: Statics
    leaves: dict[str, tree.Node] = field(default_factory=dict)

    def of(self, node: tree.Node, wanted: str | None = None) -> tree.Node:
        wanted = wanted or self.parameter
        if is_closure(node) or self.statics.is_partial(node):
            new = tree.clone(node)
            new.args = [self.of(a, f"{wanted}_{i}") if i else a for i, a in enumerate(new.args)]
            for keyword in new.keywords:
                keyword.value = self.of(keyword.value, f"{wanted}_{keyword.arg}")
            return new
        if isinstance(node, gast.Tuple | gast.List | gast.Dict):
            new = tree.clone(node)
            held = new.values if isinstance(new, gast.Dict) else new.elts
            keys = [getattr(k, "value", i) for i, k in enumerate(getattr(new, "keys", held))]
            held[:] = [self.of(v, f"{wanted}_{k}") for k, v in zip(keys, held, strict=True)]
            return new
        if isinstance(node, gast.IfExp) and self.statics.is_static(node):
            arms = (self.of(v, wanted) for v in (node.body, node.orelse))
            return choice(self.of(node.test, f"{wanted}_taken"), *arms)
        if is_missing(node):
            new = tree.clone(node)
            new.args[0].args = [self.of(a, f"{wanted}_key") for a in new.args[0].args]
            return new
        if isinstance(node, gast.Starred) or self.statics.is_leaf(node):
            text = next((t for t, n in self.leaves.items() if tree.is_same(n, node)), wanted)
            while text in self.leaves and not tree.is_same(self.leaves[text], node):
                text += "_"
            self.leaves[text] = node
            return tree.name(text)
        return node


def _described(node: tree.Node) -> str:
    """What to call a helper after that was made for a function."""
    if is_closure(node) or isinstance(node, gast.Call):
        return _described(node.args[0])
    if isinstance(node, gast.Tuple | gast.List | gast.Dict):
        return "_".join(filter(None, map(_described, elements(node))))
    if isinstance(node, gast.Subscript):
        return _described(node.slice)
    if isinstance(node, gast.Constant):
        return str(node.value) if isinstance(node.value, str) else ""
    return tree.show(node).rpartition(".")[2]


def rule_of(value: Any) -> Any:
    """The rule of a function; None for what has none."""
    try:
        return TABLE.by_function.get(host_twin(value))
    except TypeError:
        return None


def _is_library(value: Any) -> bool:
    return (getattr(value, "__module__", None) or "builtins").split(".")[0] in (
        "builtins", "numpy", "scipy", "math", "operator", "functools", "itertools", "random", "knetsrc",
        "cupy", "cupyx",
    )  # fmt: skip


def _annotations(annotated: Any) -> dict[str, Any]:
    """What a class or a function is annotated with; nothing where an annotation names what is not there."""
    try:
        return typing.get_type_hints(annotated)
    except (NameError, TypeError):
        return {}


def _users_classes(kinds: Mapping[str, Any]) -> dict[str, type]:
    """Those of the annotations that are classes of the user."""
    return {n: k for n, k in kinds.items() if isinstance(k, type) and not _is_library(k)}


@functools.cache
def _hints(owner: type) -> dict[str, type]:
    """Classes of the user that the attributes of a class are annotated with."""
    return _users_classes(_annotations(owner))


@functools.cache
def _elements(owner: type) -> dict[str, type]:
    """Classes of the user that lists and tuples among the attributes of a class hold."""
    kinds = _annotations(owner).items()
    return _users_classes({n: next(iter(typing.get_args(k)), None) for n, k in kinds})


def classes_of(function: types.FunctionType) -> dict[str, type]:
    """Classes of the user that the parameters of a function are annotated with."""
    return _users_classes(_annotations(function))


def owner_of(function: types.FunctionType) -> type | None:
    """The class that a method was defined in, found by its name."""
    *path, _ = function.__qualname__.split(".")
    found: Any = inspect.getmodule(function)
    for part in path:
        found = getattr(found, part, None)
    return found if isinstance(found, type) else None
