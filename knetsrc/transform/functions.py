"""A function in the core language, and how the arguments of a call go to its parameters."""

import inspect
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import gast
import numpy as np

from knetsrc.errors import KnetsrcError, UnsupportedAliasError, function_at
from knetsrc.transform import tree
from knetsrc.transform.analysis.told import NOTHING, Told
from knetsrc.transform.classes import classes_of, owner_of
from knetsrc.transform.own_methods import MARK
from knetsrc.transform.resolve import Outside, numpy_path
from knetsrc.transform.source import Source
from knetsrc.transform.star_calls import only_reads

CONTAINERS: dict[str, type] = {"list": list, "tuple": tuple, "dict": dict}


@dataclass(frozen=True)
class Star:
    """Names of the star parameters that a helper had, and how many positional ones stand before them."""

    positional: int = 0
    vararg: str | None = None
    kwarg: str | None = None


@dataclass(frozen=True)
class Function:
    """A function in the core language, with outside names as the generated module spells them.

    Attributes
    ----------
    is_checkpoint
        Its calls keep their arguments only: the backward part computes the rest again.
    is_loop
        It has been made of a checkpointed loop.
    writes_object
        It is a method that writes to attributes of its object.
    slots
        Its parameter for the number of states that are kept, if the loop says how many.
    numeric
        Names that hold arrays or numbers, as the function around the loop or a call tells.
    told
        What a call has told of numbers of axes and of integers.
    own_lists
        Parameters for lists of objects that change, see `object_helpers`.
    """

    name: str
    core: gast.FunctionDef
    source: Source | None
    star: Star = Star()
    classes: dict[str, type] = field(default_factory=dict)
    origin: Any = None
    known: dict[str, tree.Node] = field(default_factory=dict)
    is_checkpoint: bool = False
    is_loop: bool = False
    slots: str = ""
    writes_object: bool = False
    numeric: frozenset[str] = frozenset()
    told: Told = NOTHING
    own_lists: frozenset[str] = frozenset()

    def refuse_write_of_object(self) -> None:
        """Raise an error if this is a method that writes to its object, which is called as a plain function."""
        if self.writes_object and self.source is not None:
            first = self.parameters[0]
            error = UnsupportedAliasError(
                f"a method that writes to an attribute of `{first}`, called as a function",
                at=self.source.tree,
                why="other names may stand for the same object, and would see the change",
                instead="call it as a method of an object that the caller makes",
            )
            raise located(error, self.source)

    @property
    def identity(self) -> tuple[Any, ...]:
        """What tells it from others: its text, and the classes that its parameters are known to have, by which methods differ."""
        return (id(self.core), *sorted(self.classes.items(), key=lambda item: item[0]))

    def numeric_in(self, core: gast.FunctionDef) -> frozenset[str]:
        """Names that hold arrays or numbers for sure, after some rewritings of the function."""
        told = self.told.ranks.keys() & set(self.parameters)
        return self.numeric | (told - tree.names_written(core.body))

    @property
    def with_number_by_default(self) -> set[str]:
        """Parameters that are numbers where a call, which would have told it, does not give them something else."""
        signature = inspect.signature(self.source.function) if self.source else None
        every = signature.parameters.values() if signature else ()
        return {p.name for p in every if type(p.default) in (int, float)} - self.told.ranks.keys()

    @property
    def is_plain(self) -> bool:
        """Whether its text is all there is to know: no marks, star parameters, known functions or classes."""
        is_marked = self.is_checkpoint or self.is_loop or self.writes_object
        has_stars = self.star.vararg or self.star.kwarg
        return not (is_marked or has_stars or self.known or self.classes)

    @property
    def parameters(self) -> list[str]:
        return parameter_names(self.core.args)

    @property
    def place(self) -> tuple[str, str, int, int]:
        """The user's file and function, its first and last line; empty for a primitive."""
        if self.source is None:
            return "", "", 0, 0
        function, node = self.source.function, self.source.tree
        return function.__code__.co_filename, function.__name__, node.lineno, node.end_lineno

    @property
    def kinds(self) -> dict[str, str]:
        """Parameters that are known to be lists, tuples or dicts."""
        known = set(CONTAINERS.values())
        return {p: c.__name__ for p, c in self.classes.items() if c in known}


def made_of(local: Mapping[str, Any], origin: Any) -> str | None:
    """The name of the function of a module that has been made of this, if there is one."""
    return next((t for t, f in local.items() if getattr(f, "origin", None) == origin), None)


def parameter_names(arguments: gast.arguments) -> list[str]:
    """Names of all parameters: positional, star, keyword-only, double star."""
    names = [a.id for a in [*arguments.posonlyargs, *arguments.args]]
    names += [arguments.vararg.id] if arguments.vararg else []
    names += [a.id for a in arguments.kwonlyargs]
    return names + ([arguments.kwarg.id] if arguments.kwarg else [])


def named_defaults(arguments: gast.arguments) -> dict[str, str]:
    """Names that stand for defaults, by parameter."""
    positional = [*arguments.posonlyargs, *arguments.args]
    late = positional[len(positional) - len(arguments.defaults) :]
    pairs = [
        *zip(late, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return {p.id: value.id for p, value in pairs if isinstance(value, gast.Name)}


def with_kinds(function: Function, kinds: tuple[tuple[str, str], ...]) -> Function:
    """A helper of which some parameters are known to be lists, tuples or dicts."""
    known = {p: CONTAINERS[k] for p, k in kinds}
    return replace(function, classes=function.classes | known) if known else function


def without_stars(function: Function) -> Function:
    """A helper whose star parameters are plain ones, for a tuple and a dict."""
    arguments = function.core.args
    if not (arguments.vararg or arguments.kwarg):
        return function
    core = tree.clone(function.core)
    positional = [a.id for a in [*arguments.posonlyargs, *arguments.args]]
    star = Star(
        len(positional),
        arguments.vararg and arguments.vararg.id,
        arguments.kwarg and arguments.kwarg.id,
    )
    for text in (star.kwarg, star.vararg):
        if text:
            core.args.kwonlyargs.insert(0, tree.parameter(text))
            core.args.kw_defaults.insert(0, None)
    core.args.vararg = core.args.kwarg = None
    return replace(function, core=core, star=star)


def with_stars(arguments: gast.arguments, star: Star) -> gast.arguments:
    """The star parameters as they were, for calls as the user wrote them."""
    if star == Star():
        return arguments
    new = tree.clone(arguments)
    plain = zip(new.kwonlyargs, new.kw_defaults, strict=True)
    kept = [(a, d) for a, d in plain if a.id not in (star.vararg, star.kwarg)]
    new.kwonlyargs, new.kw_defaults = [a for a, _ in kept], [d for _, d in kept]
    new.vararg = tree.parameter(star.vararg) if star.vararg else None
    new.kwarg = tree.parameter(star.kwarg) if star.kwarg else None
    return new


def bind_call(function: Function, call: gast.Call) -> dict[str, tree.Node] | None:
    """Argument nodes by parameter; None where a star argument leaves open which goes to which."""
    arguments = function.core.args
    positional = [a.id for a in [*arguments.posonlyargs, *arguments.args]]
    star = function.star
    given = _spread(call.args, len(positional), len(arguments.defaults), star)
    doubles = [k.value for k in call.keywords if k.arg is None]
    if given is None or len(doubles) > bool(star.kwarg):
        return None
    bound = dict(zip(positional, given, strict=False))
    keywords = {k.arg: k.value for k in call.keywords if k.arg}
    known = {*positional, *(a.id for a in arguments.kwonlyargs)} - {star.vararg, star.kwarg}
    if star.vararg:
        rest = given[len(positional) :]
        only = rest[0] if len(rest) == 1 else None
        bound[star.vararg] = (
            only.value if isinstance(only, gast.Starred) else tree.at(tree.tuple_of(rest), call)
        )
    elif len(given) > len(positional):
        return None
    if star.kwarg:
        extra = {k: v for k, v in keywords.items() if k not in known}
        bound[star.kwarg] = tree.at(tree.dict_of(map(tree.constant, extra), extra.values()), call)
        if doubles:  # it may hold what other parameters get, and the function has a dict of its own
            is_shared = isinstance(doubles[0], gast.Name) and not only_reads(
                function.core, star.kwarg
            )
            if extra or known - bound.keys() - keywords.keys() or is_shared:
                return None
            bound[star.kwarg] = doubles[0]
    bound |= {k: v for k, v in keywords.items() if k in known or not star.kwarg}
    for text, default in zip(
        positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True
    ):
        bound.setdefault(text, default)
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            bound.setdefault(argument.id, default)
    for text, value in bound.items():  # the default of a nested function, which it captures
        if isinstance(value, gast.Name) and any(value is d for d in _defaults(arguments)):
            bound[text] = bound.get(value.id, value)
    return bound if set(bound) == set(parameter_names(arguments)) else None


def _defaults(arguments: gast.arguments) -> list[tree.Node]:
    return [d for d in [*arguments.defaults, *arguments.kw_defaults] if d is not None]


def _spread(args: list[tree.Node], count: int, defaults: int, star: Star) -> list[tree.Node] | None:
    """Arguments with a star argument at the end taken apart, as far as the parameters without default tell its length."""
    stars = [a for a in args if isinstance(a, gast.Starred)]
    if not stars:
        return list(args)
    last = args[-1]
    if len(stars) > 1 or last is not stars[0]:
        return None
    if isinstance(last.value, gast.Tuple | gast.List):
        return [*args[:-1], *last.value.elts]
    if star.vararg:
        return list(args) if len(args) - 1 == count else None
    missing = count - defaults - (len(args) - 1)
    if missing < 1 or not isinstance(last.value, gast.Name):
        return None
    return [
        *args[:-1],
        *(tree.at(tree.subscript(last.value, tree.constant(i)), last) for i in range(missing)),
    ]


def call_with(
    name: str, function: Function, call: gast.Call, bound: dict[str, tree.Node]
) -> gast.Call:
    """The call of a pair's forward function: as the user wrote it, or with star arguments written out."""
    if function.star == Star() and not any(isinstance(a, gast.Starred) for a in call.args):
        new = tree.call(name, *call.args)
        new.keywords = call.keywords
        return new
    arguments = function.core.args
    positional = [a.id for a in [*arguments.posonlyargs, *arguments.args]]
    return tree.call(
        name, *(bound[p] for p in positional), **{a.id: bound[a.id] for a in arguments.kwonlyargs}
    )


def with_defaults(
    core: gast.FunctionDef, function: types.FunctionType, outside: Outside
) -> gast.FunctionDef:
    """The function with the defaults that it has now: numbers and texts written out, other objects injected."""
    names = {
        p.name: p.default
        for p in inspect.signature(function, follow_wrapped=False).parameters.values()
        if p.default is not p.empty
    }

    def default(text: str) -> tree.Node:
        value = names[text]
        if (written := written_default(value)) is not None:
            return written
        alias = outside.fresh(f"{function.__name__}_{text}")
        outside.roots[alias] = outside.injected[alias] = value
        return tree.name(alias)

    arguments = tree.clone(core.args)
    positional = [*arguments.posonlyargs, *arguments.args]
    late = positional[len(positional) - len(arguments.defaults) :]
    arguments.defaults = [default(p.id) for p in late]
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    arguments.kw_defaults = [d and default(p.id) for p, d in pairs]
    return tree.at(tree.function_def(core.name, arguments, core.body), core)


def written_default(value: Any) -> tree.Node | None:
    """A default as text, for what nobody can change: numbers, texts, tuples, types and functions of NumPy; else None, also for NaN."""
    if type(value) is tuple:
        parts = [written_default(v) for v in value]
        return None if None in parts else tree.tuple_of(parts)
    if isinstance(value, np.float64):  # no Python float: with it, float32 becomes float64
        is_number = value == value
        return (
            tree.call(tree.dotted("np.float64"), tree.constant(float(value))) if is_number else None
        )
    if type(value) in (int, float, bool, str, type(None)):
        return tree.constant(value) if value == value else None
    path = numpy_path(value)
    return tree.dotted(path) if path else None


def known_classes(function: types.FunctionType) -> dict[str, type]:
    """What is known of the classes of a function's arguments: by annotation, and of the object of a method."""
    owner, first = owner_of(function), function.__code__.co_varnames[:1]
    own = {first[0]: owner} if owner is not None and function.__code__.co_argcount else {}
    member = inspect.getattr_static(owner, function.__name__, None)
    if isinstance(member, classmethod | staticmethod):
        own = {}
    found = {**own, **classes_of(function)}
    if "__class__" in function.__code__.co_freevars and function.__code__.co_argcount:  # of super()
        place = function.__code__.co_freevars.index("__class__")
        current = (function.__closure__ or ())[place].cell_contents
        found |= {"__class__": current, "__self__": found.setdefault(first[0], current)}
    return found


def located(error: KnetsrcError, source: Source) -> KnetsrcError:
    """The error with its place in the user's file."""
    node, line = source.tree, getattr(error.at, "lineno", None) or 0
    is_inside = node.lineno <= line <= node.end_lineno
    name = source.function.__name__ if is_inside else function_at(source.lines, line)
    error.message = error.message.replace(MARK, "")
    error.instead = error.instead.replace(MARK, "")
    return error.located(source.filename, name, source.lines)
