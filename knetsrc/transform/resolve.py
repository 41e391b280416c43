"""What a name of the user's function is bound to outside of it, and how the generated module spells it.

`qualify` rewrites every outside name to a spelling that needs one import: `e(x)` after `from numpy import exp as e` becomes
`np.exp(x)`, a global `SCALE` of the user's module `model` becomes `model.SCALE` (and so is read at each call), a variable of an
enclosing function becomes a parameter of the generated function.
"""

import builtins
import functools
import importlib
import inspect
import itertools
import math
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import Any

import gast
import numpy as np

from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.objects import Table
from knetsrc.transform import tree
from knetsrc.transform.names import Names
from knetsrc.transform.normalize.attribute_elements import OWN
from knetsrc.transform.normalize.matches import IS_MAPPING, IS_SEQUENCE
from knetsrc.transform.source import Source

UNKNOWN = object()
CHECK = "check_not_array"
_PUT_IN = frozenset({IS_MAPPING, IS_SEQUENCE})
CHECKS = OWN | {CHECK, "check_array", "check_kind", "with_attributes"}  # what `normalize` puts in


class NamesClashError(Exception):
    """Functions of one module bind names that the module has given to something else: it is to be made without these names."""

    def __init__(self, names: set[str]) -> None:
        super().__init__(", ".join(sorted(names)))
        self.names = names


@dataclass
class Outside:
    """What one generated module takes from outside: imports, injected namespaces, captured variables."""

    names: Names
    roots: dict[str, Any] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    injected: dict[str, Any] = field(default_factory=dict)
    captured: dict[str, Any] = field(default_factory=dict)
    main: Source | None = None
    checks_fields: bool = False
    members: frozenset[str] = frozenset()
    hidden: set[str] = field(default_factory=set)  # names of builtins that parameters have as well
    namespaces: set[str] = field(default_factory=set)
    local: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    _aliases: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for alias, module in (("np", np), ("math", math)):
            self.roots[alias] = module
            self.imports[alias] = module.__name__
            self._aliases[id(module)] = alias

    def fresh(self, wanted: str) -> str:
        """A name for something from outside; no function that has been read binds it."""
        alias = self._unbound(wanted)
        self.given.add(alias)
        return alias

    def _unbound(self, wanted: str) -> str:
        alias = Names(self.names.taken | self.local, self.names.avoided).fresh(wanted)
        self.names.taken.add(alias)
        return alias

    def refuse_clash(self, local: set[str]) -> None:
        """Note the names that a function binds.

        Raises
        ------
        NamesClashError
            If something from outside has got one of them: the function was not known yet.
        """
        self.local |= local
        if local & self.given:
            raise NamesClashError(local & self.given)

    def module(self, module: types.ModuleType) -> str:
        """The name under which the generated module knows `module`; imported if that is possible."""
        if id(module) not in self._aliases:
            has_name = _can_be_imported(module)
            wanted = module.__name__.rpartition(".")[2] if has_name else "module"
            is_other = wanted == "backends" and module.__name__ != "knetsrc.backends"
            alias = self.fresh("module" if is_other else wanted)  # what that name gives is known
            self._aliases[id(module)] = alias
            self.roots[alias] = module
            if has_name:
                self.imports[alias] = module.__name__
            else:
                self.injected[alias] = module
        return self._aliases[id(module)]

    def spelled(self, function: Any) -> tree.Node:
        """How the generated module calls a function of this package that it does not import by name."""
        home = tree.name(self.module(sys.modules[function.__module__]))
        return tree.attribute(home, function.__name__)

    def array_module(self, text: str) -> str:
        """A new name for a variable that holds the module of an array, whose functions are NumPy's."""
        name = self._unbound(f"{text}_module")  # `xp` may be an array elsewhere
        self.roots[name] = np
        return name

    def function(self, value: Any, wanted: str) -> tree.Node:
        """How the generated module calls a function, or a table of functions, that is an attribute of an object."""
        path = numpy_path(value)
        if path:
            return tree.dotted(path)
        if id(value) not in self._aliases:
            alias = self.fresh(f"given_{wanted}")
            self._aliases[id(value)] = alias
            self.roots[alias] = self.injected[alias] = (
                value.made() if isinstance(value, Table) else value
            )
        return tree.name(self._aliases[id(value)])

    def of_library(self, value: Any) -> tree.Node | None:
        """How the generated module spells a function of a library; None for others."""
        path = numpy_path(value)
        if path:
            return tree.dotted(path)
        home = public_home(value)
        if home is None or not is_of_library(home):
            return None
        return tree.attribute(tree.name(self.module(home)), value.__name__)

    def namespace(self, source: Source) -> str:
        """The name under which the globals of a user's function are reached."""
        module = sys.modules.get(source.module_name)
        if module is not None and module.__dict__ is source.function.__globals__:
            self.namespaces.add(self.module(module))
            return self.module(module)
        key = id(source.function.__globals__)
        if key not in self._aliases:
            alias = self.fresh("user")
            self._aliases[key] = alias
            self.namespaces.add(alias)
            self.roots[alias] = self.injected[alias] = Globals(source.function.__globals__)
        return self._aliases[key]

    def enclosing(self, source: Source) -> str:
        """The name under which the variables that a helper captures are reached."""
        key = id(source.function)
        if key not in self._aliases:
            alias = self.fresh(f"{source.name}_captured")
            self._aliases[key] = alias
            self.roots[alias] = self.injected[alias] = Captured(source.function)
        return self._aliases[key]

    def resolve(self, node: tree.Node) -> Any:
        """The object that a qualified expression (`np.linalg.norm`) stands for, UNKNOWN if it is not fixed."""
        if isinstance(node, gast.Name):
            if node.id in self.roots:
                return self.roots[node.id]
            if node.id in self.captured:
                return self.captured[node.id]
            if node.id in self.hidden and not isinstance(BUILTINS[node.id], type):
                return UNKNOWN
            return BUILTINS.get(
                node.id, UNKNOWN
            )  # a builtin that the user has shadowed is spelt otherwise
        if isinstance(node, gast.Attribute):
            if tree.is_name(node.value) and node.value.id in self.hidden:
                return UNKNOWN
            base = self.resolve(node.value)
            if isinstance(base, types.ModuleType | Globals | Captured | type):
                return getattr(base, node.attr, UNKNOWN)
            return _function_of(base, node.attr)
        if isinstance(node, gast.Subscript) and isinstance(node.slice, gast.Constant):
            return _function_at(self.resolve(node.value), node.slice.value)
        return UNKNOWN

    def hide(self, names: set[str]) -> None:
        """Let names of builtins stand for parameters in the whole module; those of classes at attributes only.

        Raises
        ------
        HiddenBuiltins
            If one has been taken for the builtin before.
        """
        self.hidden |= names
        functions = {n for n in names if not isinstance(BUILTINS[n], type)}
        if late := functions & self.roots.keys():
            raise HiddenBuiltins(late)


class HiddenBuiltins(Exception):  # noqa: N818
    """Builtins that are to be spelt otherwise, as parameters have their names: the module is generated anew."""

    def __init__(self, names: set[str]) -> None:
        super().__init__(*sorted(names))
        self.names = names


def _function_at(table: Any, key: Any) -> Any:
    """The function that a table holds; UNKNOWN for other values, which the table may come to hold others for."""
    is_there = (isinstance(table, dict) and key in table) or (
        isinstance(table, list | tuple) and isinstance(key, int) and -len(table) <= key < len(table)
    )
    return table[key] if is_there and callable(table[key]) else UNKNOWN


def _function_of(value: Any, attr: str) -> Any:
    """The function that an outside object has as an attribute, the primal of a gradient among them; else UNKNOWN."""
    if attr == "primal" and hasattr(value, "value_and_grad"):
        return value.primal
    if isinstance(value, functools.partial):
        return value.func if attr == "func" else UNKNOWN
    if isinstance(value, np.ufunc) and attr == "accumulate":
        return value.accumulate
    if is_distribution(value):
        method = getattr(value, attr, None)
        return method if isinstance(method, types.MethodType) and attr != "rvs" else UNKNOWN
    found = getattr(value, "__dict__", {}).get(attr)
    is_function = isinstance(found, types.FunctionType) or hasattr(found, "value_and_grad")
    return found if is_function else UNKNOWN


def is_distribution(value: Any) -> bool:
    """Whether an object is one that SciPy has of a distribution: `scipy.stats.norm`, but not `scipy.stats.norm(mu, s)`."""
    is_of_scipy = type(value).__module__.startswith("scipy.stats.")
    return is_of_scipy and callable(value) and not isinstance(value, types.FunctionType | type)


class Globals:
    """The globals of a function whose module cannot be imported, with attributes in place of keys."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names

    def __getattr__(self, name: str) -> Any:
        try:
            return self._names[name]
        except KeyError:
            raise AttributeError(name) from None

    def __str__(self) -> str:
        return f"names of `{self._names.get('__name__')}`, which cannot be imported"


class Captured:
    """The variables of enclosing functions that a function reads, as attributes."""

    def __init__(self, function: types.FunctionType) -> None:
        self.__name = function.__name__
        self._cells = dict(
            zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        )

    def __getattr__(self, name: str) -> Any:
        if name not in self._cells:
            raise AttributeError(name)
        return self._cells[name].cell_contents

    def __str__(self) -> str:
        names = ", ".join(f"`{name}`" for name in self._cells)
        return f"{names} of a function around `{self.__name}`, which cannot be imported"


BUILTINS = {name: value for name, value in vars(builtins).items() if not name.startswith("_")}


_BY_NAME = frozenset({"sorted", "isinstance"})  # their calls are told by the name


def qualify(
    function: gast.FunctionDef, source: Source, outside: Outside, helper: Callable[[str], str]
) -> gast.FunctionDef:
    """Rewrite outside names of `function` to spellings of the generated module.

    `helper` gives the name of a function of `knetsrc.backends` that `normalize` has put in.
    """
    function = _without_clashes(function, outside)
    local = local_names(function)
    outside.hide(_parameters(function) & BUILTINS.keys() - _BY_NAME)

    def replace(node: gast.Name) -> tree.Node:
        if not isinstance(node.ctx, gast.Load) or node.id in local or node.id in source.made:
            return node
        if node.id in _PUT_IN:
            return tree.name(helper(node.id.strip("<>")))
        if node.id in CHECKS and not source.is_global(node.id):
            return tree.name(helper(node.id))
        return spelling(node, source, outside)

    def shorten(node: gast.Attribute) -> tree.Node:
        value = outside.resolve(node)
        if isinstance(value, types.ModuleType):
            return tree.name(outside.module(value))
        base = outside.resolve(node.value)
        if isinstance(base, types.ModuleType | Globals):
            path = numpy_path(value)
            if path and getattr(base, "__name__", "") in _NUMPY_PLACES:
                return tree.dotted(f"np{base.__name__.removeprefix('numpy')}.{node.attr}")
            if path:
                return tree.dotted(path)
        return node

    return tree.rewrite(function, {gast.Name: replace, gast.Attribute: shorten})


NEEDED = frozenset(
    {"np", "math", "range", "len", "reversed", "slice", "min", "max", "list", "float", "zip", "abs"}
)


def _without_clashes(function: gast.FunctionDef, outside: Outside) -> gast.FunctionDef:
    """Local names give way where the generated code needs the thing that they hide."""
    local = local_names(function)
    clashing = local & NEEDED | (local & BUILTINS.keys()) - _parameters(function)
    for node in tree.walk(function.args):
        if isinstance(node, gast.Name) and node.id in clashing:
            raise UnsupportedSyntaxError(
                f"a parameter named `{node.id}`",
                at=node,
                why="the generated code needs what that name stands for elsewhere",
                instead="give the parameter another name",
            )
    return tree.rename(function, {text: outside.names.fresh(text) for text in sorted(clashing)})


def _parameters(function: gast.FunctionDef) -> set[str]:
    """Parameters of a function and of those inside."""
    names = (n for n in tree.walk(function) if isinstance(n, gast.Name))
    return {n.id for n in names if isinstance(n.ctx, gast.Param)}


def local_names(function: gast.FunctionDef) -> set[str]:
    """Names bound inside: parameters, targets, nested functions and their parameters."""
    found = tree.names_written(function)
    for node in tree.walk(function):
        if isinstance(node, gast.Name) and isinstance(node.ctx, gast.Param):
            found.add(node.id)
        elif isinstance(node, gast.FunctionDef) and node is not function:
            found.add(node.name)
        elif isinstance(node, gast.ExceptHandler) and node.name:
            found.add(node.name.id if isinstance(node.name, gast.Name) else node.name)
    return found


def spelling(node: gast.Name, source: Source, outside: Outside) -> tree.Node:
    """How the generated module calls what a function calls by a name that it does not bind itself."""
    if source.is_closure(node.id):
        return _captured(node, source, outside)
    is_builtin = node.id in BUILTINS and not source.is_global(node.id)
    if is_builtin and node.id in outside.hidden and not isinstance(BUILTINS[node.id], type):
        return tree.attribute(tree.name(outside.module(builtins)), node.id)
    if is_builtin:
        outside.roots.setdefault(node.id, BUILTINS[node.id])
        return node
    try:
        value = source.resolve(node.id)
    except NameError:
        return tree.attribute(tree.name(outside.namespace(source)), node.id)
    if isinstance(value, types.ModuleType):
        return tree.name(outside.module(value))
    of_library = outside.of_library(value)
    return of_library or tree.attribute(tree.name(outside.namespace(source)), node.id)


def _captured(node: gast.Name, source: Source, outside: Outside) -> tree.Node:
    try:
        value = source.resolve(node.id)
    except NameError:
        value = UNKNOWN
    if isinstance(value, types.ModuleType):
        return tree.name(outside.module(value))
    path = numpy_path(value)
    if path:
        return tree.dotted(path)
    if source is not outside.main:
        return tree.attribute(tree.name(outside.enclosing(source)), node.id)
    outside.captured[node.id] = value
    outside.names.taken.add(node.id)
    return node


def _can_be_imported(module: types.ModuleType) -> bool:
    """Whether a statement can import a module: `runpy` and paths such as `my-model.py` give names that are none."""
    return all(p.isidentifier() and not iskeyword(p) for p in module.__name__.split("."))


def public_home(value: Any) -> types.ModuleType | None:
    """The module that a library's function is documented in: scipy.linalg for `scipy.linalg.det` of scipy.linalg._basic."""
    text = getattr(value, "__module__", None) or ("scipy.special" * isinstance(value, np.ufunc))
    path = text.split(".") if isinstance(text, str) else []
    public = list(itertools.takewhile(lambda part: not part.startswith("_"), path))
    outermost = (
        2 if public[:1] == ["knetsrc"] else 1
    )  # a generated module leaves the transpiler alone
    places = [public[:n] for n in range(outermost, len(public) + 1)] + [path]
    name = getattr(value, "__name__", "")
    for place in places if isinstance(name, str) else ():
        module = sys.modules.get(".".join(place))
        if module is not None and getattr(module, name, None) is value:
            return module
    return None


def is_of_library(module: types.ModuleType) -> bool:
    """Whether a generated module imports a module under its own name, rather than reach it through the user's."""
    return module.__name__.partition(".")[0] in _LIBRARIES


_LIBRARIES = frozenset({"numpy", "math", "operator", "functools", "itertools", "scipy", "knetsrc"})
_NUMPY_PLACES = ("numpy", "numpy.linalg", "numpy.fft", "numpy.random")


def numpy_path(value: Any) -> str | None:
    """`np.exp` for the function numpy.exp, None for what is not a public function or type of NumPy."""
    if not (isinstance(value, np.ufunc | type) or inspect.isroutine(value)):
        return None
    name = getattr(value, "__name__", "")
    if not name or BUILTINS.get(name) is value:
        return None
    for place in _NUMPY_PLACES:
        if getattr(importlib.import_module(place), name, None) is value:
            return f"np{place.removeprefix('numpy')}.{name}"
    return None


def public_path(value: Any) -> str | None:
    """How a function of a library is called after an import: `scipy.linalg.expm`, `np.fft.fft`; None if it is nowhere."""
    home = public_home(value)
    if home is None:
        return None
    module = home.__name__.lstrip("_")  # functools.reduce says that it is of _functools
    if module == "builtins":
        return str(value.__name__)
    root, _, rest = module.partition(".")
    return ".".join(filter(None, ["np" if root == "numpy" else root, rest, value.__name__]))
