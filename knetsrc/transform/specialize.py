"""Calls whose target is known from elsewhere become calls of plain functions.

A method of an object whose class is known becomes a function of that object; a helper that is handed a function becomes a helper
made for that function; a local name for a function is replaced by it.

    model.predict(x)         ->  MLP_predict(model, x)
    apply(np.tanh, x)        ->  apply_tanh(x)
    act = np.tanh; act(x)    ->  np.tanh(x)
"""

import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import gast

from knetsrc.adjoints.table import TABLE
from knetsrc.modules import array_module, host_twin
from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.resolve import UNKNOWN, Captured, Globals, Outside

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

    def run(self, core: gast.FunctionDef, classes: Mapping[str, type]) -> gast.FunctionDef:
        """The function with all such calls rewritten, also in what they call."""
        core = self._without_aliases(core)
        known = self._with_locals(core, dict(classes))

        def rewrite_call(node: gast.Call) -> tree.Node:
            return self._with_functions(self._as_function(node, known))

        return tree.rewrite(core, {gast.Call: rewrite_call})

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
    def _with_functions(self, node: gast.Call) -> gast.Call:
        callee = self._helper(node)
        if callee is None:
            return node
        bound = self.bind(callee, node)
        given = {p: a for p, a in (bound or {}).items() if self._is_function(a)}
        if not given or bound is None:
            return node
        origin = (id(callee.core), tuple((p, tree.signature(a)) for p, a in sorted(given.items())))
        name = next(
            (t for t, k in self.local.items() if getattr(k, "origin", None) == origin), None
        )
        captured = {p: self._captured_by(a) for p, a in given.items()}
        if name is None:
            name = self._specialized(callee, given, captured, origin)
        rest = {p: a for p, a in bound.items() if p not in given}
        rest |= {f"{p}_{c}": tree.name(c) for p, names in captured.items() for c in names}
        return tree.at(tree.call(name, **rest), node)

    def _helper(self, node: gast.Call) -> Any:
        text = tree.called_name(node)
        if text in self.local:
            return self.local[text]
        value = self.outside.resolve(node.func)
        is_own = (
            isinstance(value, types.FunctionType)
            and rule_of(value) is None
            and not _is_library(value)
        )
        return self.load(value) if is_own else None

    def _is_function(self, node: tree.Node) -> bool:
        if isinstance(node, gast.Name) and node.id in self.local:
            return True
        value = self.outside.resolve(node)
        if isinstance(value, types.ModuleType):
            return True
        return value is not UNKNOWN and callable(value) and not isinstance(value, type)

    def _is_array_module(self, node: tree.Node) -> bool:
        """Whether `node` is the module of an array: `array_module(x)`, or CuPy's own function."""
        value = self.outside.resolve(node.func) if isinstance(node, gast.Call) else UNKNOWN
        home = (getattr(value, "__module__", None) or "").partition(".")[0]
        is_cupys = getattr(value, "__name__", "") == "get_array_module" and home == "cupy"
        return value is array_module or is_cupys

    def _captured_by(self, node: tree.Node) -> list[str]:
        """What a nested function captures: its keyword-only parameters without default."""
        function = self.local.get(node.id) if isinstance(node, gast.Name) else None
        if function is None:
            return []
        arguments = function.core.args
        return [
            a.id
            for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            if d is None
        ]

    def _specialized(
        self,
        callee: Any,
        given: Mapping[str, tree.Node],
        captured: Mapping[str, list[str]],
        origin: Any,
    ) -> str:
        """A copy of a helper in which the functions handed in stand for its parameters."""
        described = "_".join(tree.show(a).rpartition(".")[2] for a in given.values())
        name = self.names.fresh(f"{callee.name}_{described}")
        core = tree.clone(callee.core)
        arguments = core.args
        positional = [*arguments.posonlyargs, *arguments.args]
        keyword = [a for a in [*positional, *arguments.kwonlyargs] if a.id not in given]
        extra = [f"{p}_{c}" for p, names in captured.items() for c in names]
        core.args = tree.function_def("f", [], []).args
        core.args.kwonlyargs = [tree.parameter(a.id) for a in keyword] + [
            tree.parameter(n) for n in extra
        ]
        core.args.kw_defaults = [None] * len(core.args.kwonlyargs)

        def pass_on(node: gast.Call) -> tree.Node:
            text = tree.called_name(node)
            if text is not None and text in given and captured[text]:
                passed = {c: tree.name(f"{text}_{c}") for c in captured[text]}
                node.keywords = [*node.keywords, *tree.call("f", **passed).keywords]
            return node

        core = tree.substitute(tree.rewrite(core, {gast.Call: pass_on}), given)
        self.local[name] = replace(callee, name=name, core=core, origin=origin)
        return name

    # --- local names for functions --------------------------------------------------------------------------------------------
    def _without_aliases(self, core: gast.FunctionDef) -> gast.FunctionDef:
        bound: dict[str, list[tree.Node]] = {}
        for node in tree.walk(core):
            if isinstance(node, gast.Name) and not isinstance(node.ctx, gast.Load):
                bound.setdefault(node.id, []).append(node)
        aliases: dict[str, tree.Node] = {}
        body = []
        for node in core.body:
            node = tree.substitute(node, aliases)
            if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name):
                text = node.targets[0].id
                if len(bound[text]) == 1 and self._is_function(node.value):
                    aliases[text] = node.value
                    continue
                if len(bound[text]) == 1 and self._is_array_module(node.value):
                    aliases[text] = tree.name(self.outside.array_module(text))
                    node = tree.at(tree.assign(aliases[text].id, node.value), node)
            body.append(node)
        return tree.at(tree.function_def(core.name, core.args, body), core) if aliases else core


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
