"""From a function to the source of its gradient: the stages, in order.

source -> normalize -> resolve -> analysis -> reverse -> simplify -> emit
"""

import gc
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import gast
import numpy as np

from knetsrc import __version__
from knetsrc.adjoints import TABLE
from knetsrc.arguments import refused_result
from knetsrc.cache import PACKAGE
from knetsrc.errors import DefectError, MissingAdjointError, NotDifferentiableError
from knetsrc.request import Generated, Request
from knetsrc.transform import tree
from knetsrc.transform.analysis.results import to_copy
from knetsrc.transform.analysis.told import root_of
from knetsrc.transform.emit import emit_with_lines
from knetsrc.transform.functions import Function, written_default
from knetsrc.transform.names import Names, adjoint_name
from knetsrc.transform.own_methods import without_field_marks
from knetsrc.transform.pairs import Pair, Reversal, Task, split_pair
from knetsrc.transform.refusal import without_rule
from knetsrc.transform.resolve import (
    HiddenBuiltins,
    NamesClashError,
    local_names,
    public_home,
    public_path,
)
from knetsrc.transform.same_pairs import without_doubles
from knetsrc.transform.simplify.early_return import return_early
from knetsrc.transform.source import is_written_in_python
from knetsrc.transform.tries import let_refusals_through
from knetsrc.transform.units import Units
from knetsrc.transform.whole_containers import Whole, taken_apart


def generate(
    function: Callable[..., Any],
    request: Request,
    checks_fields: bool = False,
    members: frozenset[str] = frozenset(),
) -> Generated:
    """The source of a gradient.

    Parameters
    ----------
    function
        A plain function, or a primitive of the table of rules.
    request
        What is asked for.
    checks_fields
        Whether what has an attribute `shape` may be an object of the user that holds it.
    members
        Methods, operators and properties that objects of the user may have.

    Raises
    ------
    KnetsrcError
        If the function cannot be differentiated.
    """
    avoided: set[str] = set()
    hidden: set[str] = set()
    while True:
        try:
            with _without_collection():
                return _generate(function, request, checks_fields, members, avoided, hidden)
        except NamesClashError as clash:
            if clash.names <= avoided:
                raise DefectError(
                    f"the generated module has two things named {min(clash.names)}",
                    why="no other name was found for one of them",
                    instead="report it, with the function; to rename what has that name helps",
                ) from None
            avoided |= clash.names
        except HiddenBuiltins as late:
            hidden |= late.names


@contextmanager
def _without_collection() -> Iterator[None]:
    """Pause the search for cycles, which goes through all trees again and again: an eighth of the time, and trees have none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _generate(
    function: Callable[..., Any],
    request: Request,
    checks_fields: bool,
    members: frozenset[str],
    avoided: set[str],
    hidden: set[str],
) -> Generated:
    """The same, where names are to be `avoided`, and names of builtins are `hidden`."""
    units = Units(Names(avoided=avoided), user_names=set(avoided))
    units.outside.checks_fields, units.outside.members = checks_fields, members
    units.outside.hidden |= hidden
    units.in_place = {text for text, kind, _ in request.given if kind == "in_place"}
    units.told_classes = {text: what for text, kind, what in request.given if kind == "class"}
    main = units.with_given(_main(units, function), request.given)
    wrt = [_parameter(main, i) for i in request.wrt]
    entry = _Entry(units, main, request, wrt)
    own = entry.functions()
    functions = [*units.called_functions([*units.functions, *own]), *units.functions, *own]
    functions = without_doubles(functions, entry.names())
    functions = let_refusals_through(functions, units.helper_name)
    if clashes := _clashes(units, functions) - avoided:
        raise NamesClashError(clashes)
    functions = without_field_marks(functions)
    module = tree.module([*_imports(units, functions), *functions])
    text, lines = emit_with_lines(module)
    return Generated(
        text=text,
        name=entry.name,
        backward=entry.backward,
        captured=tuple(units.outside.captured),
        injected={**units.outside.injected, **_generated_modules(units, functions)},
        scalar_result=entry.scalar_result,
        restores=units.restores,
        asks=tuple(sorted(units.facts.asked(main) - main.classes.keys())),
        lines=lines,
        places={**units.places(), **dict.fromkeys(entry.names(), main.place)},
        key_parts=(*(s.text for s in units.sources), repr(request)),
    )


def _clashes(units: Units, functions: list[Any]) -> set[str]:
    """Names of the module that are bound in its functions, which were written before the module had them."""
    outside = {*units.outside.given, *units.helpers.values(), *(f.name for f in functions)}
    return outside & set().union(*map(local_names, functions))


def _parameter(main: Function, position: int) -> str:
    star = main.core.args.vararg if main.source is None else None
    if position >= len(main.parameters) or (star and main.parameters[position] == star.id):
        raise NotDifferentiableError(
            f"`{main.name}` has no parameter {position} of its own",
            why="it takes any number of arguments, or leaves some to keywords",
            instead=f"differentiate a function that calls it: lambda x, y: {main.name}(x, y)",
        )
    return main.parameters[position]


def _main(units: Units, function: Callable[..., Any]) -> Function:
    """The user's function, or a function that calls the primitive that was handed in."""
    if TABLE.rule_for(function) is None:
        if function in TABLE.constants:
            raise MissingAdjointError(
                f"`{function.__name__}` has no derivative",
                why="its result does not change smoothly",
                instead="differentiate a function of real numbers",
            )
        if not is_written_in_python(function):
            raise without_rule(
                None,
                public_path(function) or f".{getattr(function, '__name__', repr(function))}",
                "it is not written in Python, and has no rule",
            )
        main = units.load_main(function)
        units.names.taken |= set(main.parameters)
        return main
    core = tree.parse(f"def {function.__name__}({_parameters(function)}):\n    return 0")[0]
    core.body = [tree.return_(_call_of(units, function, core))]
    return Function(function.__name__, core, None)


def _parameters(function: Callable[..., Any]) -> str:
    """Those of the rule of a primitive, without options that only the rule knows by name."""
    own = inspect.signature(TABLE.by_function[function].function).parameters.values()
    known = _keywords(function)
    return ", ".join(
        str(p.replace(annotation=p.empty))
        for p in own
        if p.kind is not p.KEYWORD_ONLY and (p.default is p.empty or p.name in known)
    )


def _keywords(function: Callable[..., Any]) -> set[str]:
    try:
        theirs = inspect.signature(function).parameters.values()
    except ValueError:  # a builtin that does not tell
        return set()
    return {p.name for p in theirs if p.kind is not p.POSITIONAL_ONLY}


def _call_of(units: Units, function: Callable[..., Any], core: gast.FunctionDef) -> tree.Node:
    """A call of a primitive with the parameters of `core`, options by keyword."""
    root = units.outside.module(public_home(function) or np)
    arguments = core.args
    positional = [*arguments.posonlyargs, *arguments.args]
    split = len(positional) - len(arguments.defaults)
    operands = [p.id for p in positional[:split]]
    operands += [f"*{arguments.vararg.id}"] if arguments.vararg else []
    options = [f"{p.id}={p.id}" for p in positional[split:]]
    call = tree.parse_expression(f"f({', '.join(operands + options)})")
    call.func = tree.attribute(tree.name(root), function.__name__)
    return call


def _imports(units: Units, functions: list[tree.Node]) -> list[tree.Node]:
    """Imports of what the functions read."""
    read = tree.names_read(functions)
    imports: list[tree.Node] = []
    members: dict[str, dict[str, str]] = {}
    for alias, module in units.outside.imports.items():
        if _is_generated(module):
            continue
        package, _, name = module.rpartition(".")
        if alias in read and package and alias == name:
            members.setdefault(package, {})[name] = name
        elif alias in read:
            imports.append(tree.import_(module, alias if alias != module else None))
    helpers = {text: alias for text, alias in units.helpers.items() if alias in read}
    if helpers:
        members.setdefault("knetsrc.backends", {}).update(helpers)
    return imports + [tree.import_from(package, names) for package, names in members.items()]


def _generated_modules(units: Units, functions: list[tree.Node]) -> dict[str, Any]:
    """Other generated modules that the functions read, by name: nobody can import these."""
    read = tree.names_read(functions)
    modules = units.outside.imports.items()
    return {
        alias: units.outside.roots[alias]
        for alias, module in modules
        if alias in read and _is_generated(module)
    }


def _is_generated(module: str) -> bool:
    return module.startswith(f"{PACKAGE}.")


_LITERALS: dict[type, type] = {gast.Tuple: tuple, gast.List: list, gast.Dict: dict}


@dataclass
class _Entry:
    """The function or the pair of functions that the user calls."""

    units: Units
    main: Function
    request: Request
    wrt: list[str]
    scalar_result: bool = True
    backward: str | None = None

    def __post_init__(self) -> None:
        suffix = "forward" if self.request.kind == "vjp" else self.request.kind
        self.name = self.units.names.fresh(f"{self.main.name}_{suffix}")

    def names(self) -> list[str]:
        return [self.name, self.backward] if self.backward else [self.name]

    def functions(self) -> list[tree.Node]:
        return self._pair() if self.request.kind == "vjp" else [self._gradient()]

    def _pair(self) -> list[tree.Node]:
        self.backward = self.units.names.fresh(f"{self.main.name}_backward")
        reversal = self.units.reverse(
            self.main,
            Task(tuple(self.wrt), is_seeded=True, want_value=True, scalars=self._numbers()),
        )
        pair = Pair(self.name, self.backward)
        functions = split_pair(
            pair, self.main, self._finished(reversal), True, tuple(self.units.outside.captured)
        )
        functions[0].args = self._arguments()
        return [self._documented(f) for f in functions]

    def _gradient(self) -> tree.Node:
        with_value = self.request.kind == "value_and_grad"
        has_aux = self.request.has_aux
        if not has_aux:
            self._refuse_container()
        task = Task(
            tuple(self.wrt),
            want_value=with_value,
            scalar_result=True,
            scalars=self._numbers(),
            has_aux=has_aux,
        )
        reversal = self.units.reverse(self.main, task)
        self.scalar_result = reversal.is_scalar
        pair = self.units.pair_of_main(self.main, tuple(self.wrt))
        if pair is not None and not has_aux:
            reversal = self._through_pair(pair, reversal)
        adjoints = self._finished(reversal).adjoints
        gradient = adjoints[0] if self.request.single else tree.tuple_of(adjoints)
        result = gradient
        if with_value:
            result = tree.tuple_of([reversal.value, gradient])
        elif self.request.has_aux:
            result = tree.tuple_of([gradient, reversal.value.elts[1]])
        blank = [tree.blank()] if reversal.forward and reversal.backward else []
        body = [*reversal.forward, *blank, *reversal.backward, tree.return_(result)]
        function = return_early(tree.function_def(self.name, self._arguments(), body))
        return self._documented(function)

    def _refuse_container(self) -> None:
        """Refuse a function that returns a tuple, list or dict, as a call would: there is no source to be shown or written."""
        source = self.main.source
        if source is None or _is_generated(source.module_name):  # the call names what that is of
            return
        value = getattr(self.main.core.body[-1], "value", None)
        parts = getattr(value, "keys", getattr(value, "elts", []))
        kind = _LITERALS.get(type(value))
        if kind is None or any(p is None or isinstance(p, gast.Starred) for p in parts):
            return
        alike = kind((n, n) for n in range(len(parts)))
        refused = refused_result(alike, source.function, has_aux=False)
        if refused is not None:
            raise refused

    def _numbers(self) -> frozenset[str]:
        """Parameters that a call has shown to be single numbers."""
        return frozenset(p for p in self.main.parameters if self.main.told.ranks.get(p) == 0)

    def _through_pair(self, pair: Pair, reversal: Reversal) -> Reversal:
        """The gradient of a recursive function, by the pair that it has as its own helper."""
        names = Names(Names.of(self.main.core).taken | self.units.names.taken)
        value, kept = (names.fresh("value"), names.fresh("kept"))
        arguments = self.main.core.args
        call = tree.call(
            pair.forward, *(tree.name(a.id) for a in [*arguments.posonlyargs, *arguments.args])
        )
        call.keywords = tree.call(
            "f", **{a.id: tree.name(a.id) for a in arguments.kwonlyargs}
        ).keywords
        forward = tree.assign(tree.tuple_of([tree.name(value), tree.name(kept)]), call)
        if self.request.kind == "grad":
            forward = tree.assign(tree.tuple_of([tree.name("_"), tree.name(kept)]), call)
        backward = tree.call(pair.backward, tree.name(kept), tree.constant(1.0))
        if len(self.wrt) == 1:
            return Reversal([forward], tree.name(value), [], [backward], reversal.numeric)
        adjoints = [names.fresh(adjoint_name(w)) for w in self.wrt]
        unpack = tree.assign(tree.tuple_of(map(tree.name, adjoints)), backward)
        return Reversal(
            [forward],
            tree.name(value),
            [unpack],
            [tree.name(a) for a in adjoints],
            reversal.numeric,
        )

    def _finished(self, reversal: Reversal) -> Reversal:
        """Gradients in memory of their own, and of what may be a container in the structure of the argument."""
        rebound = tree.names_written(reversal.forward)
        reshaped = tree.names_written([n for n in reversal.forward if not _is_copy_of_argument(n)])
        wholes = [taken_apart(adjoint, reversal.told) for adjoint in reversal.adjoints]
        copied = self._in_own_memory(reversal, wholes)
        adjoints = []
        for text, adjoint, whole in zip(self.wrt, copied, wholes, strict=True):
            is_finished = (
                whole is not None
                or text in reversal.numeric
                or tree.called_name(adjoint) == "gradient_like"
            )
            is_zero = tree.is_same(adjoint, tree.call("zeros_like", tree.name(text)))
            given = tree.name(text)
            if text in (reshaped if is_finished else rebound) and (is_zero or not is_finished):
                # the structure is that of the argument, not of what the name holds later
                given = tree.name(self.units.names.fresh(f"{text}_given"))
                reversal.forward = [tree.assign(given.id, tree.name(text)), *reversal.forward]
                adjoint = tree.call("zeros_like", given) if is_zero else adjoint
            if not is_finished:
                adjoint = tree.call(self.units.spell("finished", None), adjoint, given)
            adjoints.append(adjoint)
        reversal.adjoints = adjoints
        return reversal

    def _in_own_memory(self, reversal: Reversal, wholes: Sequence[Whole | None]) -> list[tree.Node]:
        """The adjoints, copied where their memory may be another's; containers of which all entries are told part by part."""
        apart = [
            whole or Whole("", (), [adjoint], [text not in reversal.numbers])
            for text, adjoint, whole in zip(self.wrt, reversal.adjoints, wholes, strict=True)
        ]
        body = [*reversal.forward, *reversal.backward]
        parts = [part for whole in apart for part in whole.parts]
        shared = iter(to_copy(body, parts, reversal.seed or ""))
        return [
            whole.put_together(
                [
                    self._copied(p, next(shared) and a)
                    for p, a in zip(whole.parts, whole.are_arrays, strict=True)
                ]
            )
            for whole in apart
        ]

    def _copied(self, adjoint: tree.Node, is_shared: bool) -> tree.Node:
        return tree.call(self.units.spell("owned", None), adjoint) if is_shared else adjoint

    def _arguments(self) -> gast.arguments:
        """The user's parameters, then the captured variables by keyword.

        Defaults that are not literals are injected.
        """
        arguments = tree.clone(self.main.core.args)
        positional = [*arguments.posonlyargs, *arguments.args]
        late = positional[len(positional) - len(arguments.defaults) :]
        arguments.defaults = [
            self._default(p.id, d) for p, d in zip(late, arguments.defaults, strict=True)
        ]
        arguments.kw_defaults = [
            d and self._default(p.id, d)
            for p, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        ]
        captured = list(self.units.outside.captured)
        arguments.kwonlyargs += [tree.parameter(n) for n in captured]
        arguments.kw_defaults += [None] * len(captured)
        return arguments

    def _default(self, text: str, node: tree.Node) -> tree.Node:
        value = (
            inspect.signature(self.main.source.function).parameters[text].default
            if self.main.source
            else None
        )
        if self.main.source is None or (isinstance(value, float) and value != value):
            return node
        if (written := written_default(value)) is not None:
            return written
        alias = self.units.outside.fresh(f"default_{text}")
        self.units.outside.injected[alias] = value
        return tree.name(alias)

    def _told(self) -> str:
        """A line that says for which arguments the source is right, if not for all."""
        told = self.main.told
        by_rank: dict[int, list[str]] = {}
        inside: dict[str, set[int]] = {}
        for text in [p for p in self.main.parameters if p in told.ranks.keys() - told.integers]:
            by_rank.setdefault(told.ranks[text], []).append(f"`{text}`")
        rows = told.rows
        for text in told.ranks.keys() - set(self.main.parameters) - told.integers:
            if root_of(text) in rows:
                continue
            inside.setdefault(root_of(text), set()).add(told.ranks[text])
        said = [f"{', '.join(names)} of rank {rank}" for rank, names in sorted(by_rank.items())]
        whole = {text: f"a {kind} of {len(keys)}" for text, kind, keys in told.containers}
        for text, ranks in sorted(inside.items()):
            entries = f"entries of rank {', '.join(map(str, sorted(ranks)))}"
            said.append(f"`{text}` {whole.get(text, 'with')} {entries}")
        integers = [f"`{p}`" for p in sorted(told.integers) if p.isidentifier()]
        said += [f"{', '.join(integers)} an integer"] if integers else []
        lists = [root_of(p) for p in sorted(told.integers) if p.endswith("[*]")]
        said += [f"`{text}` of integers" for text in lists]
        said += [f"`{text}` of tuples ({', '.join(kinds)})" for text, kinds in rows.items()]
        return f"    For {'; '.join(said)}.\n" if said else ""

    def _documented(self, function: gast.FunctionDef) -> gast.FunctionDef:
        source = self.main.source
        place = f" ({source.filename}:{source.tree.lineno})" if source else ""
        wrt = ", ".join(f"`{w}`" for w in self.wrt)
        of = f"of `{self.main.name}`{place}"
        vjp = "Value" if function.name == self.name else "Adjoints"
        kinds = {
            "grad": f"Gradient {of} with respect to {wrt}.",
            "value_and_grad": f"Value {of} and its gradient with respect to {wrt}.",
            "vjp": f"{vjp} {of}, with respect to {wrt}.",
        }
        text = f"{kinds[self.request.kind]}\n\n{self._told()}    Generated by knetsrc {__version__}.\n    "
        function.body = [tree.expression(tree.constant(text)), *function.body]
        return function


def _is_copy_of_argument(node: tree.Node) -> bool:
    """Whether a statement is `x = x.copy()` or `x = deep_copy(x)`."""
    if not isinstance(node, gast.Assign) or not isinstance(node.value, gast.Call):
        return False
    return tree.names_read(node.value) - {"deep_copy", "copied"} == tree.names_written(node.targets)
