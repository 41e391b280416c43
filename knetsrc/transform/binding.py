"""Which argument of a call goes to which parameter of a derivative rule.

    np.sum(x, 1, None, keepdims=True)  ->  {"a": x, "axis": 1, "keepdims": True}

A call is bound by the signature of what it calls: the rule leaves options out, and may call its
operands by other names. An option that the rule leaves out is refused, unless it is written with
the value that it has anyway.
"""

import functools
import inspect
import itertools
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gast
import numpy as np

from knetsrc.adjoints.table import Rule, options_of
from knetsrc.errors import UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.resolve import is_distribution

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_WITHOUT_EFFECT = frozenset(
    {"casting", "check_finite", "device", "kind", "order", "optimize", "stable", "subok"}
)
_NEUTRAL = {"where": True, "out": None, "dtype": None, "initial": None}
_OTHER_NAMES = {"min": "a_min", "max": "a_max", "newshape": "shape", "correction": "ddof"}
_UFUNC_OPTIONS = (
    "where",
    "casting",
    "order",
    "dtype",
    "subok",
    "signature",
    "axes",
    "axis",
    "keepdims",
)


@dataclass(frozen=True)
class Binding:
    """How the calls of one primitive are bound to its rule.

    Attributes
    ----------
    signature
        Of the primitive.
    names
        The rule's parameter for each parameter of the primitive that the rule knows.
    own
        The rule's parameters.
    leading
        The rule's parameters for arguments by position, as far as it knows each.
    """

    signature: inspect.Signature
    names: Mapping[str, str]
    own: tuple[inspect.Parameter, ...]
    spelling: str
    leading: tuple[str, ...]

    def bind(
        self, args: tuple[tree.Node, ...], keywords: Mapping[str, tree.Node]
    ) -> dict[str, Any]:
        """Argument nodes by the rule's parameter names; a star parameter holds a list of nodes.

        Raises
        ------
        UnsupportedSyntaxError
            If the rule does not know an argument, or the primitive does not.
        """
        self._refuse_stars(args, keywords)
        if not keywords and len(args) <= len(self.leading):
            return dict(zip(self.leading, args, strict=False))
        try:
            given = self.signature.bind_partial(*args, **keywords).arguments
        except TypeError as error:
            known = ", ".join(f"`{p.name}`" for p in self.own)
            raise self._error(
                "arguments that its derivative rule does not take",
                f"{error}; the rule supports {known}",
                "leave them out, or write what they do as an operation of its own",
            ) from None
        kinds = {n: p.kind for n, p in self.signature.parameters.items()}
        bound: dict[str, Any] = {}
        for name, value in given.items():
            if kinds[name] is inspect.Parameter.VAR_KEYWORD:
                for option, node in value.items():
                    self._enter(bound, option, node)
            else:
                self._enter(bound, name, value)
        return bound

    def _enter(self, bound: dict[str, Any], name: str, value: Any) -> None:
        if name == "initial" and tree.is_constant(value, None):
            return  # the same as none
        if name in self.names:
            bound[self.names[name]] = _sequence(value) if isinstance(value, tuple) else value
        elif not self._is_idle(name, value):
            known = ", ".join(f"`{p.name}`" for p in self.own)
            raise self._error(
                f"the argument `{name}`",
                f"its derivative rule supports {known} only",
                f"leave `{name}` out, or write what it does as an operation of its own",
            )

    def _is_idle(self, name: str, node: Any) -> bool:
        """Whether an option makes no difference to the derivative."""
        if name in _WITHOUT_EFFECT:
            return True
        parameter = self.signature.parameters.get(name)
        default = inspect.Parameter.empty if parameter is None else parameter.default
        if not isinstance(node, gast.Constant):
            return False
        return _is_value(node.value, default) or (
            name in _NEUTRAL and _is_value(node.value, _NEUTRAL[name])
        )

    def _refuse_stars(self, args: tuple[tree.Node, ...], keywords: Mapping[str, tree.Node]) -> None:
        first = next((i for i, a in enumerate(args) if isinstance(a, gast.Starred)), None)
        if first is None and None not in keywords:
            return
        positional = [p for p in self.signature.parameters.values() if p.kind in _POSITIONAL]
        has_star = any(p.kind is p.VAR_POSITIONAL for p in self.signature.parameters.values())
        if first is None or not has_star or first < len(positional):
            raise self._error(
                "star arguments",
                "which argument goes to which parameter is not known while transforming",
                "pass the arguments one by one",
            )

    def _error(self, what: str, why: str, instead: str) -> Exception:
        return UnsupportedSyntaxError(f"`{self.spelling}` with {what}", why=why, instead=instead)


def _is_value(value: Any, other: Any) -> bool:
    return type(value) is type(other) and value == other


def _sequence(nodes: tuple[tree.Node, ...]) -> Any:
    """The arguments for a star parameter.

    A list of nodes, or one node for a sequence of unknown length.
    """
    if not any(isinstance(n, gast.Starred) for n in nodes):
        return list(nodes)
    return nodes[0].value if len(nodes) == 1 else tree.tuple_of(nodes)


@functools.cache
def binding_of(rule: Rule, function: Callable[..., Any] | str) -> Binding:
    """How calls of `function`, a primitive or the name of a method, are bound to `rule`."""
    own = options_of(rule.function)
    signature = _signature(rule, function) or inspect.Signature(own)
    spelling = f".{function}" if isinstance(function, str) else _spelling(function)
    theirs = list(signature.parameters.values())
    names = _names(theirs, own, rule)
    known = itertools.takewhile(lambda p: p.kind in _POSITIONAL and p.name in names, theirs)
    return Binding(signature, names, own, spelling, tuple(names[p.name] for p in known))


def _spelling(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", str(function))
    holder = getattr(function, "__self__", None)
    if is_distribution(holder):
        known = (n for n, d in vars(sys.modules["scipy.stats"]).items() if d is holder)
        return ".".join(["scipy.stats", *itertools.islice(known, 1), name])
    module = (getattr(function, "__module__", None) or "").removeprefix("_")
    if isinstance(function, np.ufunc) and getattr(np, name, None) is function:
        module = "numpy"
    return name if module in ("", "builtins") else f"{module.replace('numpy', 'np', 1)}.{name}"


def _names(
    theirs: list[inspect.Parameter], own: tuple[inspect.Parameter, ...], rule: Rule
) -> dict[str, str]:
    """Same names go together; an operand of another name is paired by position."""
    known = {p.name for p in own}
    names = {p.name: p.name for p in theirs if p.name in known}
    for parameter, other in zip(theirs, own, strict=False):
        is_operand = other.default is other.empty or other.name in rule.operands
        if parameter.kind is parameter.VAR_KEYWORD:
            break
        is_option = parameter.name in known or parameter.name in _NEUTRAL
        if is_operand and not is_option and other.name not in names:
            names[parameter.name] = other.name
    if any(p.kind is p.VAR_KEYWORD for p in theirs):  # np.pad(x, 1, constant_values=2)
        names |= {
            p.name: p.name
            for p in own
            if p.kind is not p.VAR_POSITIONAL and p.name not in names.values()
        }
    return names | {n: o for n, o in _OTHER_NAMES.items() if o in known and n not in known}


def _signature(rule: Rule, function: Callable[..., Any] | str) -> inspect.Signature | None:
    """The signature of a primitive.

    None if it cannot be read, or if the rule groups the arguments in another way.
    """
    if isinstance(function, np.ufunc):
        return _ufunc_signature(rule, function)
    candidates: list[Any] = [function]
    if isinstance(
        function, str
    ):  # before NumPy 2.4, methods have no signature, but those of functions fit
        candidates = [getattr(np.ndarray, function, None), getattr(np, function, None)]
        if candidates[1] not in rule.primitives:
            candidates.pop()
    for candidate in candidates:
        try:
            signature = inspect.signature(candidate)
        except (TypeError, ValueError):
            continue
        return signature if _is_grouped_alike(signature, rule) else _regrouped(signature, rule)
    return None


def _is_grouped_alike(signature: inspect.Signature, rule: Rule) -> bool:
    def place(parameters: Any) -> int:
        return next((i for i, p in enumerate(parameters) if p.kind is p.VAR_POSITIONAL), -1)

    return place(signature.parameters.values()) == place(options_of(rule.function))


def _regrouped(signature: inspect.Signature, rule: Rule) -> inspect.Signature:
    """The rule's positional parameters and the primitive's keywords.

    `einsum_rule(subscripts, *operands)`.
    """
    own = [p for p in options_of(rule.function) if p.kind is not p.KEYWORD_ONLY]
    names = {p.name for p in own}
    theirs = [
        p for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY and p.name not in names
    ]
    return inspect.Signature([*own, *theirs])


def _ufunc_signature(rule: Rule, function: np.ufunc) -> inspect.Signature:
    """Operands by position, then `out`, then options by keyword."""
    own = options_of(rule.function)
    inputs = [p.replace(kind=p.POSITIONAL_ONLY, default=p.empty) for p in own[: function.nin]]
    known = {p.name for p in inputs}
    out = inspect.Parameter("out", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
    rest = [
        inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=_NEUTRAL.get(n))
        for n in _UFUNC_OPTIONS
        if n not in known
    ]
    return inspect.Signature([*inputs, out, *rest])
