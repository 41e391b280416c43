"""From a function and what is asked for of it to generated functions that are up to date.

    function, request -> bindings -> cache -> (generate -> cache) -> module -> Plan

A plan stands as long as the outside functions that shaped it are the same objects; then the next
call makes a new one.
"""

import dataclasses
import threading
import weakref
from collections.abc import Callable
from types import CellType, ModuleType
from typing import Any, TypeVar

import numpy as np

from knetsrc import cache
from knetsrc.arguments import error_of_primal
from knetsrc.bindings import Bindings, bindings_of
from knetsrc.callee import parameters_of
from knetsrc.errors import KnetsrcError, MissingAdjointError, UnsupportedAliasError
from knetsrc.given import (
    CONTAINERS,
    OF_NUMBERS,
    Given,
    given_by,
    ranks_by,
    without_lengths,
)
from knetsrc.known import Known
from knetsrc.objects import classes_in, has_behaviour
from knetsrc.origin import remember
from knetsrc.request import Generated, Request

_LEAVES = frozenset({float, int, bool, str, type(None), np.ndarray})


_plans: "weakref.WeakSet[Plan]" = weakref.WeakSet()
_plans_lock = threading.Lock()


def outdate_plans() -> None:
    """Have every plan made anew before it is used again: a user has entered a derivative rule."""
    with _plans_lock:
        plans = list(_plans)
    for plan in plans:
        plan.is_current = lambda: False  # type: ignore[method-assign]


class Plan:
    """Generated functions, and what must hold for them to be used.

    Attributes
    ----------
    function
        The primal, a plain function.
    generated
        What the pipeline returned, or what the cache kept of it.
    entry, pull_back
        The functions of the module that was made of its text.
    cells
        Variables of enclosing functions that the entry takes by keyword.
    given
        What a call has told of arguments, see `given.given_by`.
    scalar_for
        Signatures of arguments for which the primal is known to return a single number.
    known
        What is left to be checked of a call, by the types of its arguments.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        generated: Generated,
        module: ModuleType,
        bindings: Bindings,
        inner: "Runner | None",
        given: Given = (),
    ) -> None:
        self.function = function
        self.generated = generated
        remember(module, generated)
        self.entry: Callable[..., Any] = getattr(module, generated.name)
        self.pull_back: Any = generated.backward and getattr(module, generated.backward)
        cells = cells_of(function)
        self.cells = [(name, cells[name]) for name in generated.captured]
        self.scalar_for: set[Any] = set()
        self.known: dict[Any, Known] = {}
        self.given = given
        self._bindings = bindings
        self._inner = inner
        self.has_captured = bool(generated.captured) or inner is not None
        if inner is None:  # asked at each call
            self.is_current = bindings.is_current  # type: ignore[method-assign]
        with _plans_lock:
            _plans.add(self)

    def is_current(self) -> bool:
        """Whether every outside function is still the one that the source was generated for."""
        if not self._bindings.is_current():
            return False
        return self._inner is None or self._inner.ready().entry is self.function

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the entry returns, given what the captured variables hold now.

        Raises
        ------
        TypeError
            The one that the primal raises, for arguments that don't fit its parameters.
        NameError
            If a captured variable holds nothing yet, as the primal would.
        """
        try:
            return self.fitting_call(*args, **kwargs)
        except TypeError as error:
            if _is_of_call(error, self.has_captured):
                raise error_of_primal(error, self._written_by_user(), args, kwargs) from None
            raise

    @property
    def fitting_call(self) -> Callable[..., Any]:
        """The entry, or what hands it the captured variables as well."""
        return self._with_captured if self.has_captured else self.entry

    def _with_captured(self, /, *args: Any, **kwargs: Any) -> Any:
        """What the entry returns, called with what the captured variables hold now as well."""
        return self.entry(*args, **kwargs, **self._captured())

    def _captured(self) -> dict[str, Any]:
        try:
            found = {name: cell.cell_contents for name, cell in self.cells}
        except ValueError:
            raise _unbound(next(name for name, cell in self.cells if _is_empty(cell))) from None
        return self._inner.ready()._captured() | found if self._inner else found

    def _written_by_user(self) -> Callable[..., Any]:
        return self._inner.ready()._written_by_user() if self._inner else self.function


def _is_of_call(error: TypeError, has_captured: bool) -> bool:
    """Whether arguments didn't fit the parameters: the entry has not begun to run."""
    traceback = error.__traceback__
    if has_captured and traceback is not None:
        traceback = traceback.tb_next
    return traceback is not None and traceback.tb_next is None


def cells_of(function: Callable[..., Any]) -> dict[str, CellType]:
    """The variables of enclosing functions that `function` reads."""
    names = function.__code__.co_freevars if hasattr(function, "__code__") else ()
    return dict(zip(names, getattr(function, "__closure__", None) or (), strict=True))


def _is_empty(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return True
    return False


def _unbound(name: str) -> NameError:
    return NameError(
        f"cannot access free variable '{name}' where it is not associated with a value "
        "in enclosing scope"
    )


class Runner:
    """Makes the plan for one function and one request, and makes it anew when it is out of date.

    Parameters
    ----------
    function
        A plain function or a builtin; with `inner`, whatever that one generates.
    request
        What is asked for.
    inner
        The runner whose generated function is differentiated once more.
    """

    def __init__(
        self, function: Callable[..., Any], request: Request, inner: "Runner | None" = None
    ) -> None:
        self.request = request
        self._function = function
        self._inner = inner
        self.plan: Plan | None = None
        self.front: Plan | None = None
        self._ranked: Runner | None = None
        self._ranks: Given | None = tuple(f for f in request.given if f[1] in OF_NUMBERS) or None
        self._lock = threading.RLock()
        self._by_given: dict[Given, Runner] = {}
        self._asks: tuple[str, ...] = ()
        self._latest: Runner | None = None
        defaults = (p.default for p in parameters_of(function))
        self._has_module_default = ModuleType in map(type, defaults)

    def ready_for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Plan:
        """The plan for a call, which may depend on functions and objects among its arguments.

        Raises
        ------
        KnetsrcError
            If the function cannot be differentiated.
        """
        ranked = self._ranked_for(args, kwargs)
        if ranked is not None:
            return ranked.ready_for(args, kwargs)
        has_module = ModuleType in map(type, args) or ModuleType in map(type, kwargs.values())
        if self._latest is None and not has_module and not self._has_module_default:
            try:
                plan = self.ready()
            except KnetsrcError as error:
                self._asks = tuple(p.name for p in parameters_of(self._function))
                is_about_calls = isinstance(error, MissingAdjointError)
                if not given_by(self._function, args, kwargs, self._asks):
                    raise
                if not is_about_calls and not self._is_told_more(args, kwargs):
                    raise
            else:
                self._asks = plan.generated.asks
                if not self._is_told_more(args, kwargs):
                    return plan
        self._latest = self._told(given_by(self._function, args, kwargs, self._asks))
        return self._latest.ready()

    def _told(self, given: Given) -> "Runner":
        """The runner for calls that tell this of functions and objects among their arguments."""
        with self._lock:
            if given not in self._by_given:
                ranks = tuple(fact for fact in self.request.given if fact[1] in OF_NUMBERS)
                request = dataclasses.replace(self.request, given=(*ranks, *given))
                inner = self._inner._told(given) if self._inner else None
                self._by_given[given] = Runner(self._function, request, inner)
            return self._by_given[given]

    def _ranked_for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> "Runner | None":
        """The runner for arrays with as many axes as those of the first call; None once a call had others."""
        if self.request.given or self._ranks == ():
            return None
        ranks = ranks_by(self._function, args, kwargs)
        with self._lock:
            if self._ranks is None:
                self._keep(ranks)
            elif self._ranks not in (ranks, loose := without_lengths(ranks)):
                self._keep(loose if without_lengths(self._ranks) == loose else ())
            return self._ranked

    def _keep(self, ranks: Given) -> None:
        """Generate for calls of these ranks from now on; for all, if there are none."""
        request = dataclasses.replace(self.request, given=ranks)
        self._ranks = ranks
        self._ranked = Runner(self._function, request, self._inner) if ranks else None
        self.front = None

    @property
    def own_plan(self) -> Plan | None:
        """The plan for calls that tell nothing but the ranks of arrays."""
        return self._ranked.plan if self._ranked else self.plan

    @property
    def shown(self) -> Plan:
        """The plan of the latest call; before any, one for all arguments."""
        return self._of_latest_call().ready()

    def _is_told_more(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether the call tells what makes another source: containers where these matter, objects that have methods."""
        values = [v for v in (*args, *kwargs.values()) if type(v) not in _LEAVES]
        if not values:
            return False
        if self._asks and any(type(v) in CONTAINERS for v in values):
            given = given_by(self._function, args, kwargs, self._asks)
            if any(kind == "class" and what in CONTAINERS for _, kind, what in given):
                return True
        return any(has_behaviour(kind) for v in values for kind in classes_in(v).values())

    def learn(self, statement: str) -> bool:
        """Generate from now on for a call in which `statement` changes an array in place; False if that is known."""
        runner = self._of_latest_call()
        fact = (statement, "in_place", None)
        with runner._lock:
            if fact in runner.request.given:
                return False
            given = (*runner.request.given, fact)
            runner.request = dataclasses.replace(runner.request, given=given)
            runner.plan = None
        return True

    def forget(self) -> None:
        """Generate as if no call had shown what statements change."""
        runner = self._of_latest_call()
        with runner._lock:
            given = tuple(fact for fact in runner.request.given if fact[1] != "in_place")
            runner.request = dataclasses.replace(runner.request, given=given)
            runner.plan = None

    def for_all(self) -> Plan:
        """The plan for arrays of every rank: statements of which the latest call has shown that they change arrays in place do so.

        Raises
        ------
        KnetsrcError
            If the function cannot be differentiated.
        """
        latest = self._of_latest_call().request.given
        facts = tuple(f for f in latest if f[1] == "in_place" and f not in self.request.given)
        if not facts:
            return self.ready()
        request = dataclasses.replace(self.request, given=(*self.request.given, *facts))
        try:
            return Runner(self._function, request, self._inner).ready()
        except UnsupportedAliasError:  # it needs to know more of the call: numbers alone are right
            return self.ready()

    def _of_latest_call(self) -> "Runner":
        inner = self._ranked or self._latest
        return inner._of_latest_call() if inner else self

    def ready(self) -> Plan:
        """The plan, which is current; it is for whatever functions and objects the arguments are, if nothing is told of them.

        Raises
        ------
        KnetsrcError
            If the function cannot be differentiated.
        """
        plan = self.plan
        if plan is not None and plan.is_current():
            return plan
        with self._lock:
            if self.plan is None or not self.plan.is_current():
                function = self._inner.ready().entry if self._inner else self._function
                self.plan = _plan(function, self.request, self._inner)
            return self.plan


_MOST_LESSONS = 32
Result = TypeVar("Result")


def retried(call: Callable[[], Result], *runners: Runner) -> Result:
    """What `call` gives; tried again where its error tells what the transform could not know: that `s += e` changes an array."""
    first: UnsupportedAliasError | None = None
    for _ in range(_MOST_LESSONS):
        try:
            return call()
        except UnsupportedAliasError as error:
            if error.in_place and any([r.learn(error.in_place) for r in runners]):
                first = first or (None if error.is_guess else error)
                continue
            for runner in runners:
                runner.forget()
            if error.in_place != "" or first is not None:
                raise first or error from None
    return call()


def _plan(function: Callable[..., Any], request: Request, inner: Runner | None) -> Plan:
    bindings = bindings_of(function, request)
    name = f"{getattr(function, '__name__', 'function')}_{request.kind}"
    is_told_apart = all(
        kind in OF_NUMBERS | {"class", "none", "plain", "in_place"} for _, kind, _ in request.given
    )
    if bindings.digest is not None and is_told_apart:
        stored = cache.find(cache.stem(name, bindings.digest))
        if stored is not None and stored.facts["is_complete"]:
            return Plan(
                function, _restored(stored), cache.execute(stored), bindings, inner, request.given
            )
    generated = _generated(function, request, bindings)
    known = bindings.digest if is_told_apart else None
    digest = known or cache.digest_of(generated.text, *generated.key_parts)
    stored = cache.store(cache.stem(name, digest), generated.text, _facts(generated))
    module = cache.execute(stored, generated.injected)
    return Plan(function, generated, module, bindings, inner, request.given)


def _generated(function: Callable[..., Any], request: Request, bindings: Bindings) -> Generated:
    # not at the top: a warm start does without the transpiler
    from knetsrc.pipeline import generate

    try:
        return generate(function, request, bindings.has_fields, bindings.members)
    except (
        KnetsrcError
    ) as error:  # the message says it all; the way through the stages does not help
        raise error.with_traceback(None) from error.__cause__


def _facts(generated: Generated) -> dict[str, Any]:
    return {
        "is_complete": not generated.injected,
        "name": generated.name,
        "backward": generated.backward,
        "captured": generated.captured,
        "scalar_result": generated.scalar_result,
        "restores": generated.restores,
        "asks": generated.asks,
        "lines": sorted(generated.lines.items()),
        "places": generated.places,
    }


def _restored(stored: cache.Stored) -> Generated:
    facts = stored.facts
    return Generated(
        stored.text,
        facts["name"],
        facts["backward"],
        captured=tuple(facts["captured"]),
        scalar_result=facts["scalar_result"],
        restores=facts["restores"],
        asks=tuple(facts["asks"]),
        lines=dict(facts["lines"]),
        places=facts["places"],
    )
