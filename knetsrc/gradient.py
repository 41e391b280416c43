"""The object that `grad` and `value_and_grad` return: a gradient as a function, with its source."""

import ast
import dataclasses
import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from types import MethodType
from typing import Any, Self

import numpy as np

from knetsrc.arguments import (
    MISSING,
    check_differentiable,
    check_kinds,
    checked_parameters,
    differentiated,
    formed,
    refused_result,
    signature,
)
from knetsrc.callee import Callee, name_of, parameters_of, positions, taken_apart
from knetsrc.errors import DefectError, KnetsrcError, MissingAdjointError, NotDifferentiableError
from knetsrc.given import CONTAINERS, OF_NUMBERS
from knetsrc.known import Demands, Known
from knetsrc.origin import as_refusal, as_refused_argument, comes_from_generated, explain
from knetsrc.request import Generated, Request
from knetsrc.runner import Plan, Runner, retried
from knetsrc.structure import independent, leaves
from knetsrc.wrapped import Form, as_called, position_in, whole_form, wrapped_parameters

Argnums = int | Sequence[int]
Wrt = str | Sequence[str] | None
MOST_SIGNATURES = 4096
PLAIN_TYPES = (float, list, tuple, dict, np.float64, np.float32)


class Gradient:
    """The gradient of a function, itself a function of the same arguments.

    It is made by `grad` or `value_and_grad`. The source of the gradient is generated at the first
    call and kept in a file; every later call runs it directly. As a decorator in a class it makes a
    method, whose `argnums` count from the first argument after `self`.

    Parameters
    ----------
    function
        A function, lambda, closure, method or callable object, or another `Gradient`.
    argnums, wrt, has_aux
        As of `grad`.
    kind
        "grad" or "value_and_grad": what a call returns.

    Raises
    ------
    NotDifferentiableError
        If `function` is not one, or has no such parameter.

    Examples
    --------
    >>> import math
    >>> from knetsrc import grad
    >>> slope = grad(math.sin)
    >>> slope(0.0)
    1.0
    """

    __wrapped__: Callable[..., Any]
    _unbound: "Gradient | None" = None
    _form: Form | None = None  # of a wrapper: the call that this gradient is for

    def __init__(
        self,
        function: Callable[..., Any],
        argnums: Argnums = 0,
        *,
        wrt: Wrt = None,
        has_aux: bool = False,
        kind: str = "grad",
    ) -> None:
        functools.update_wrapper(self, function, updated=())
        self._options: dict[str, Any] = {
            "argnums": argnums,
            "wrt": wrt,
            "has_aux": has_aux,
            "kind": kind,
        }
        self._inner: Gradient | None = function if isinstance(function, Gradient) else None
        self._callee: Callee = self._inner._callee if self._inner else taken_apart(function)
        if not hasattr(function, "__name__"):
            self.__name__ = self.__qualname__ = name_of(self._callee.function)
        self._first: tuple[Any, ...] = self._inner._first if self._inner else self._callee.first
        self._is_partial = bool(self._first or self._callee.keywords)
        self._form = self._inner._form if self._inner else None
        self._wrapper: Callable[..., Any] = self._callee.function
        self._prepare(skip=self._inner._skip if self._inner else 0)

    def _prepare(self, skip: int) -> None:
        options = self._options
        self._by_form: dict[Form, Gradient] = {}
        self._latest: Gradient | None = None
        wrt, is_single = self._positions(skip)
        self._skip: int = skip
        self._checked = checked_parameters(self._callee.function, wrt)
        request = Request(wrt, options["kind"], single=is_single, has_aux=options["has_aux"])
        inner = self._inner._runner if self._inner else None
        self._runner: Runner = Runner(self._callee.function, request, inner)
        self._is_single: bool = is_single
        self._is_plain: bool = request.kind == "grad" and not request.has_aux
        with_value = dataclasses.replace(request, kind="value_and_grad")
        self._with_value: Runner = Runner(self._callee.function, with_value, inner)
        self._sibling: Gradient | None = None

    def _positions(self, skip: int) -> tuple[tuple[int, ...], bool]:
        """What is differentiated: parameters of the function, else of what it wraps."""
        asked = self._options["argnums"], self._options["wrt"]
        parameters = wrapped_parameters(self._wrapper)
        try:
            return positions(self._callee, *asked, skip=skip)
        except NotDifferentiableError:
            if self._form is not None or not parameters:
                raise
        form = whole_form(parameters)
        function = as_called(self._wrapper, parameters, form)
        callee = dataclasses.replace(self._callee, function=function)
        found = positions(callee, *asked, skip=skip)
        self._callee, self._form = callee, form
        return found

    def for_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> "Gradient":
        """The gradient for calls that pass as many arguments, and the same keywords, of a function that a decorator has wrapped.

        Raises
        ------
        NotDifferentiableError
            If such a call does not pass what is differentiated.
        """
        form = len(args), tuple(kwargs)
        if self._form is None or form == self._form:
            self._latest = None
            return self
        if form not in self._by_form:
            self._by_form[form] = self._made_for(form, args, kwargs)
        self._latest = self._by_form[form]
        return self._latest

    def _made_for(self, form: Form, args: tuple[Any, ...], kwargs: dict[str, Any]) -> "Gradient":
        names = [p.name for p in parameters_of(self._callee.function)]
        found = [position_in(form, names, p) for p in self._runner.request.wrt]
        if None in found:
            name = names[self._runner.request.wrt[found.index(None)]]
            raise NotDifferentiableError(
                f"a derivative with respect to `{name}`, which the call does not pass",
                why="its default is known to the function inside of the decorator only",
                instead=f"pass it: {name}=...",
            )
        inner = self._inner.for_call(args, kwargs) if self._inner else None
        function = inner or as_called(self._wrapper, wrapped_parameters(self._wrapper), form)
        options = self._options | {"argnums": found[0] if self._is_single else found, "wrt": None}
        return Gradient(function, **options)

    def __set_name__(self, owner: type, name: str) -> None:
        if not self._callee.first and not self._skip:
            self._prepare(skip=1)

    def __get__(self, instance: Any, owner: type | None = None) -> Self:
        if instance is None or self._callee.first:
            return self
        bound = object.__new__(type(self))
        vars(bound).update(vars(self))
        bound._first, bound._is_partial = (instance,), True
        bound.__wrapped__ = MethodType(self.__wrapped__, instance)
        bound._unbound = self
        return bound

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """The gradient at these arguments; of `value_and_grad`, the pair of value and gradient.

        Raises
        ------
        NotDifferentiableError
            If a differentiated argument is an integer, a bool, a string, None, or an array of such.
        NonScalarOutputError
            If the function does not return a single number.
        KnetsrcError
            If the function cannot be differentiated (at the first call).
        """
        if self._is_partial:
            args, kwargs = self._first + args, self._callee.keywords | kwargs
        if self._form is not None and (other := self.for_call(args, kwargs)) is not self:
            return other(*args, **kwargs)
        try:
            plan = self._runner.front
            if plan is not None:
                if kwargs:
                    types = _types(args, kwargs)
                else:  # one argument is common, and `map` costs more than the rest
                    types = (type(args[0]),) if len(args) == 1 else tuple(map(type, args))
                known = plan.known.get(types)
                if (
                    known is not None
                    and plan.is_current()
                    and (known.is_free or known.admits(args, kwargs, plan.scalar_for))
                ):
                    result = known.call(*args, **kwargs) if kwargs else known.call(*args)
                    if type(result) is known.form:
                        return result
                    if self._is_plain:
                        return self._formed_gradients(result, args, kwargs)
                    return self._formed(result, args, kwargs)
            return self._formed(self._checked_call(args, kwargs), args, kwargs)
        except Exception as error:
            of_argument = as_refused_argument(error, (*args, *kwargs.values()))
            if of_argument is not None:
                raise of_argument from error
            is_foreign = comes_from_generated(error) or isinstance(error, DefectError)
            own = self._own_error(args, kwargs) if is_foreign else None
            refusal = as_refusal(error) if own is None else None
            if refusal is not None:
                raise refusal from error
            if own is None or (type(own) is type(error) and own.args == error.args):
                explain(error)
                raise
            raise own from None

    def _own_error(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Exception | None:
        """What the primal raises: the gradient alone may fail elsewhere, as it computes less."""
        inner, function = self._inner, self._callee.function
        args, kwargs = independent((args[len(inner._first) :] if inner else args, kwargs))
        try:
            value = (inner or function)(*args, **kwargs)
        except Exception as own:
            return own
        return refused_result(value, function, has_aux=self._runner.request.has_aux)

    def _formed(self, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a call returns, each gradient in the form of its argument."""
        request = self._runner.request
        if request.has_aux or request.kind == "value_and_grad":
            first, second = result
            if request.kind == "value_and_grad":
                return first, self._formed_gradients(second, args, kwargs)
            return self._formed_gradients(first, args, kwargs), second
        return self._formed_gradients(result, args, kwargs)

    def _formed_gradients(self, found: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = len(args)
        if self._is_single:
            position, name, default = self._checked[0]
            return formed(found, args[position] if position < given else kwargs.get(name, default))
        gradients = []
        for i, (position, name, default) in enumerate(self._checked):
            d = found[i]
            value = args[position] if position < given else kwargs.get(name, default)
            if type(d) is np.ndarray is type(value):  # as a rule there is nothing to be done
                if d.dtype is not value.dtype or d.shape != value.shape:
                    d = formed(d, value)
            elif type(value) is float and isinstance(d, float):
                d = float(d)
            else:
                d = formed(d, value)
            gradients.append(d)
        return tuple(gradients)

    def _checked_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        function = self._callee.function
        check_differentiable(self._checked, args, kwargs, function)
        check_kinds(args, kwargs, function)
        plan, result = retried(
            lambda: self._planned_call(args, kwargs), self._runner, self._with_value
        )
        if plan is self._runner.own_plan or all(map(_is_told_by_type, plan.given)):
            self._remember(plan, args, kwargs)
        return result

    def _planned_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Plan, Any]:
        plan = self._runner.ready_for(args, kwargs)
        if plan.generated.scalar_result:
            return plan, plan.call(args, kwargs)
        return plan, self._called_with_check(plan, args, kwargs)

    def _remember(self, plan: Plan, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note argument types of which a later call needs no other check than `Known` says."""
        values = differentiated(self._checked, args, kwargs)
        places = [p if p < len(args) else name for p, name, _ in self._checked]
        arrays = [p for p, v in zip(places, values, strict=True) if type(v) is np.ndarray]
        plain = [v for v in values if v is MISSING or type(v) in PLAIN_TYPES]
        is_given = all(p in kwargs for p in arrays if isinstance(p, str))
        if len(arrays) + len(plain) == len(values) and is_given:
            types = _types(args, kwargs) if kwargs else tuple(map(type, args))
            are_numbers = all(type(v) in (float, int, bool) for v in (*args, *kwargs.values()))
            is_scalar = plan.generated.scalar_result or are_numbers
            self._runner.front = front = self._runner.own_plan or plan
            known = front.known
            if len(known) >= MOST_SIGNATURES:
                known.clear()
            is_ready = self._is_plain and self._is_single and not arrays
            form = (
                type(values[0]) if is_ready and not _are_mixed((*args, *kwargs.values())) else None
            )
            named: list[tuple[int | str, Any]] = [*enumerate(args), *kwargs.items()]
            tests = Demands(named, arrays, plan.given)
            known[types] = Known(plan.fitting_call, is_scalar, form, tests)

    def _called_with_check(self, plan: Plan, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        request = self._runner.request
        form = signature(args, kwargs)
        if form in plan.scalar_for:
            return plan.call(args, kwargs)
        with_value = plan if request.kind != "grad" else self._with_value.ready_for(args, kwargs)
        value, gradient = _checked_value(with_value, args, kwargs, has_aux=request.has_aux)
        if len(plan.scalar_for) >= MOST_SIGNATURES:
            plan.scalar_for.clear()
        plan.scalar_for.add(form)
        if request.kind != "grad":
            return value, gradient
        return (gradient, value[1]) if request.has_aux else gradient

    @property
    def primal(self) -> Callable[..., Any]:
        """The function that is differentiated, as it was handed in."""
        return self.__wrapped__

    @property
    def value_and_grad(self) -> "Gradient":
        """The same with the value: `value, gradient = loss.value_and_grad(w, x, y)`."""
        if self._runner.request.kind == "value_and_grad":
            return self
        if self._unbound:
            return self._unbound.value_and_grad.__get__(self._first[-1])
        if self._sibling is None:
            self._sibling = self.as_kind("value_and_grad")
        return self._sibling

    def as_kind(self, kind: str) -> "Gradient":
        """The gradient of the same function by the same parameters, that returns something else.

        Parameters
        ----------
        kind
            "grad" or "value_and_grad".
        """
        made = Gradient(self.__wrapped__, **{**self._options, "kind": kind})
        if self._skip != made._skip:
            made._prepare(self._skip)
        return made

    @property
    def function(self) -> Callable[..., Any]:
        """The generated function itself."""
        return self._runner.ready().entry

    @property
    def source(self) -> str:
        """The module that is executed, as text: after a call for arrays with as many axes, before any for all arrays."""
        if self._latest is not None:
            return self._latest.source
        text: str = self._runner.shown.generated.text
        return text

    def dump(self, path: str | PathLike[str]) -> Path:
        """Write the generated module to a file that can be imported without the transpiler.

        It is for arrays of every rank. Where `v *= e` changes an array that has another name, and a number would get a new value,
        it does what it did in the latest call; before any call it is for numbers, and refuses arrays.

        Parameters
        ----------
        path
            The file; it is replaced if it exists.

        Raises
        ------
        KnetsrcError
            If the source reads objects that no import gives, or the function is a partial.
        OSError
            If it cannot be written.
        """
        try:
            generated = self._runner.for_all().generated
        except MissingAdjointError as error:
            name = self._called_argument(error)
            if not name:
                raise
            raise self._not_written(
                f"what `{name}` is is known only from a call, and a file is for all calls",
                f"differentiate a function that names it; where it is an object, annotate: {name}: Model, "
                "a class from which no other is derived",
            ) from None
        reason = self._not_in_a_file(generated)
        if reason is not None:
            raise self._not_written(*reason)
        Path(path).write_text(generated.text, encoding="utf-8", newline="")
        return Path(path)

    def _not_written(self, why: str, instead: str) -> KnetsrcError:
        name = name_of(self._callee.function)
        return KnetsrcError(
            f"the gradient of `{name}` cannot be written to a file", why=why, instead=instead
        )

    def _called_argument(self, error: MissingAdjointError) -> str:
        """The parameter whose argument, or a method of it, is called where an error is."""
        node: Any = getattr(error.at, "func", None)
        while hasattr(node, "value"):
            node = node.value
        name = str(getattr(node, "id", ""))
        return name if name in {p.name for p in parameters_of(self._callee.function)} else ""

    def _not_in_a_file(self, generated: Generated) -> tuple[str, str] | None:
        """Why the source alone would not give this gradient, and what to do; None if it would."""
        if isinstance(self.primal, functools.partial):
            name = name_of(self._callee.function)
            given = ", ".join(f"{k}=..." for k in self._callee.keywords) or "..."
            return (
                f"what the partial passes to `{name}` would be lost",
                f"differentiate a function that passes it: def f(x): return {name}(x, {given})",
            )
        defaults = {p.name: p.default for p in parameters_of(self._callee.function)}
        tree = ast.parse(generated.text)
        if any(
            a.name == "__main__" for n in tree.body if isinstance(n, ast.Import) for a in n.names
        ):
            return (
                "it reads names of the script that is run, which another process cannot import as `__main__`",
                "put the function and what it uses into a module of its own",
            )
        read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        injected = {alias: v for alias, v in generated.injected.items() if alias in read}
        for alias, value in injected.items():
            text = alias.removeprefix("default_")
            if defaults.get(text, self) is value:
                return (
                    f"the default of `{text}` is an object that has no text: {type(value).__name__}",
                    f"let it be None, and put the value in its place in the function: if {text} is None: ...",
                )
        for alias, value in injected.items():
            is_described = type(value).__module__ == "knetsrc.transform.resolve"
            what = value if is_described else f"`{alias}`, an object that has no text"
            return f"it reads {what}", "put the function and what it uses into a module of its own"
        return None

    def __getattr__(self, name: str) -> Any:
        if (
            name == "__signature__"
        ):  # computed when asked for; as a property it would hide the signature of the class
            return inspect.signature(self.__wrapped__)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        parameters = parameters_of(self._callee.function)
        names = [
            parameters[i].name if parameters else f"argument {i}" for i in self._runner.request.wrt
        ]
        kind = self._runner.request.kind.replace("grad", "gradient").replace("_", " ")
        return f"<{kind} of {name_of(self.primal)} with respect to {', '.join(names)}>"

    def _repr_html_(self) -> str:
        from knetsrc.notebook import side_by_side

        return side_by_side(self)

    def __reduce__(self) -> Any:
        if self._unbound:
            return _bound, (self._unbound, self._first[-1])
        name: str = getattr(self, "__qualname__", "")
        found = _looked_up(self.__module__, name)
        if found is self:
            return name
        function = self.__wrapped__
        if isinstance(found, Gradient) and found.__wrapped__ is function:
            return _like, (found, self._options)
        return _made, (function, self._options)


def _types(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    return (*map(type, args), *kwargs, *map(type, kwargs.values()))


def _looked_up(module: str | None, qualname: str) -> Any:
    found: Any = sys.modules.get(module or "")
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


def _bound(unbound: Gradient, instance: Any) -> Gradient:
    return unbound.__get__(instance)


def _like(other: Gradient, options: dict[str, Any]) -> Gradient:
    return _made(other.__wrapped__, options)


def _made(function: Callable[..., Any], options: dict[str, Any]) -> Gradient:
    return Gradient(function, **options)


def _are_mixed(values: Sequence[Any]) -> bool:
    """Whether there are arrays of several floating-point types, of which a product has that of one."""
    every = [leaf for value in values for _, leaf in leaves(value)]
    kinds = {v.dtype.char for v in every if type(v) is np.ndarray and v.dtype.kind == "f"}
    return len(kinds) > 1


def _checked_value(
    plan: Plan, args: tuple[Any, ...], kwargs: dict[str, Any], *, has_aux: bool
) -> Any:
    """Value and gradient, if the value is a single number."""
    result = plan.call(args, kwargs)
    refused = refused_result(result[0], plan.function, has_aux=has_aux)
    if refused is not None:
        raise refused
    return result


def _is_told_by_type(given: tuple[str, str, Any]) -> bool:
    """Whether arguments of the same types tell the same."""
    _, kind, what = given
    return kind in OF_NUMBERS | {"none", "plain"} or what in CONTAINERS
