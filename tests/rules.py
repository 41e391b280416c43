"""Checks a derivative rule as a plain function.

Against central differences in float64, and that float32 stays float32.
"""

import copy
import inspect
from typing import Any

import numpy as np
import pytest

from knetsrc.adjoints.table import Case, Rule, Sample, options_of

STEP = 1e-6


def build(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, Sample):
        return value.build(rng)
    if isinstance(value, list | tuple):
        return type(value)(build(v, rng) for v in value)
    return value


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return leaves(list(value.values()))
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in leaves(part)]
    return [value]


def rebuild(value: Any, new: list[Any]) -> Any:
    if isinstance(value, dict):
        return {key: rebuild(part, new) for key, part in value.items()}
    if isinstance(value, list | tuple):
        made = [rebuild(v, new) for v in value]
        return type(value)(*made) if hasattr(value, "_fields") else type(value)(made)
    return new.pop(0)


def inner(a: Any, b: Any) -> float:
    return sum(
        float(np.sum(np.asarray(x) * np.asarray(y)))
        for x, y in zip(leaves(a), leaves(b), strict=True)
    )


def bound_arguments(rule: Rule, case: Case, dtype: type = np.float64) -> dict[str, Any]:
    """Arguments of the rule by name, made from the case."""
    rng = np.random.default_rng(7)
    args = [build(a, rng) for a in case.args]
    kwargs = {name: build(v, rng) for name, v in case.kwargs.items()}
    bound = inspect.signature(rule.function).bind_partial(*args, **kwargs)
    bound.apply_defaults()
    if dtype is not np.float64:
        for name in rule.operands:
            value = bound.arguments[name]
            cast = [
                v.astype(dtype) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
                for v in leaves(value)
            ]
            bound.arguments[name] = rebuild(value, cast)
    return dict(bound.arguments)


def call_primitive(rule: Rule, case: Case, arguments: dict[str, Any]) -> Any:
    """The primitive at `arguments`, passed the way the case passes them."""
    signature = inspect.signature(rule.function)
    values = dict(arguments)
    positional = []
    names = [p.name for p in options_of(rule.function) if p.kind is not p.KEYWORD_ONLY]
    for name in names:
        if len(positional) >= len(case.args) or name not in values:
            break
        value = values.pop(name)
        if signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
            positional += value
        else:
            positional.append(value)
    return rule.primitives[0](*positional, **{n: values[n] for n in case.kwargs})


def call_rule(rule: Rule, arguments: dict[str, Any], y: Any, d_y: Any) -> dict[str, Any]:
    """Adjoint of each operand by name."""
    parameters = inspect.signature(rule.function).parameters
    extra: dict[str, Any] = {"y": y, "d_y": d_y}
    if rule.keeping is not None:
        both = {
            n: v for n, v in arguments.items() if n in inspect.signature(rule.keeping).parameters
        }
        extra["kept"] = rule.keeping(**both)[1]
    for name in rule.operands:
        extra[f"d_{name}"] = np.zeros_like(arguments[name]) if f"d_{name}" in parameters else None
    keyword_only = {n for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    extra |= {n: arguments[n] for n in keyword_only & arguments.keys()}
    positional: list[Any] = []
    for n, p in parameters.items():
        if p.kind is p.VAR_POSITIONAL:
            positional += arguments.get(n, ())
        elif p.kind is not p.KEYWORD_ONLY and n in arguments:
            positional.append(arguments[n])
    result = rule.function(*positional, **{n: v for n, v in extra.items() if n in keyword_only})
    if len(rule.operands) == 1:
        result = (result,)
    return dict(zip(rule.operands, result, strict=True))


def cotangent_like(y: Any, rng: np.random.Generator) -> Any:
    if isinstance(y, dict):
        return {key: cotangent_like(part, rng) for key, part in y.items()}
    if y is None:
        return None
    if isinstance(y, list | tuple):
        made = [cotangent_like(v, rng) for v in y]
        return made if isinstance(y, list) else tuple(made)
    return rng.standard_normal(np.shape(y)) if np.shape(y) else float(rng.standard_normal())


def check_rule(rule: Rule, case: Case) -> None:
    """Every element of every adjoint against central differences.

    Shapes are those of the operands.
    """
    arguments = bound_arguments(rule, case)
    y = call_primitive(rule, case, arguments)
    d_y = cotangent_like(y, np.random.default_rng(3))
    before = copy.deepcopy((arguments, d_y))
    adjoints = call_rule(rule, arguments, y, d_y)
    for kept, now in zip(
        leaves([list(before[0].values()), before[1]]),
        leaves([list(arguments.values()), d_y]),
        strict=True,
    ):
        np.testing.assert_array_equal(kept, now, err_msg="the rule wrote into its arguments")
    for name, adjoint in adjoints.items():
        _check_operand(rule, case, arguments, name, adjoint, d_y)


def _check_operand(
    rule: Rule, case: Case, arguments: dict[str, Any], name: str, adjoint: Any, d_y: Any
) -> None:
    operand = arguments[name]
    points, found = leaves(operand), leaves(adjoint)
    assert len(points) == len(found), f"{name}: {len(found)} adjoints for {len(points)} arrays"
    for number, (point, value) in enumerate(zip(points, found, strict=True)):
        if not isinstance(point, float) and np.asarray(point).dtype.kind != "f":
            continue
        assert np.shape(value) == np.shape(point), (
            f"d_{name}: shape {np.shape(value)}, not {np.shape(point)}"
        )
        expected = np.zeros(np.shape(point))
        for index in np.ndindex(np.shape(point)):
            outs = []
            for h in (STEP, -STEP):
                moved = np.array(point, float)
                moved[index] += h
                changed = list(points)
                changed[number] = moved if np.shape(point) else float(moved)
                outs.append(
                    call_primitive(rule, case, {**arguments, name: rebuild(operand, changed)})
                )
            expected[index] = (inner(outs[0], d_y) - inner(outs[1], d_y)) / (2 * STEP)
        np.testing.assert_allclose(
            value, expected, rtol=2e-5, atol=2e-6, err_msg=f"d_{name} of {rule}"
        )


def check_layout(rule: Rule, case: Case) -> None:
    """Adjoints of arrays whose columns lie one after the other are those of arrays whose rows do."""
    arguments = bound_arguments(rule, case)
    y = call_primitive(rule, case, arguments)
    d_y = cotangent_like(y, np.random.default_rng(3))
    by_columns = {name: _by_columns(value) for name, value in arguments.items()}
    y_by_columns = call_primitive(rule, case, by_columns)
    for a, b in zip(leaves(y), leaves(y_by_columns), strict=True):
        if not np.allclose(a, b, equal_nan=True):
            pytest.skip("what comes out depends on the layout, or is drawn")
    expected = call_rule(rule, arguments, y, d_y)
    found = call_rule(rule, by_columns, y_by_columns, _by_columns(d_y))
    for name, adjoint in found.items():
        for a, b in zip(leaves(adjoint), leaves(expected[name]), strict=True):
            if b is not None:
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9, err_msg=f"d_{name}")


def _by_columns(value: Any) -> Any:
    new = [np.array(v, order="F") if isinstance(v, np.ndarray) else v for v in leaves(value)]
    return rebuild(value, new)


def check_float32(rule: Rule, case: Case) -> None:
    """Adjoints of float32 arrays are float32."""
    arguments = bound_arguments(rule, case, np.float32)
    y = call_primitive(rule, case, arguments)
    adjoints = call_rule(
        rule,
        arguments,
        y,
        rebuild(y, [v if np.shape(v) == () else np.ones_like(v) for v in leaves(y)]),
    )
    for name, adjoint in adjoints.items():
        for point, value in zip(leaves(arguments[name]), leaves(adjoint), strict=True):
            if isinstance(point, np.ndarray) and point.dtype == np.float32:
                assert np.asarray(value).dtype == np.float32, (
                    f"d_{name} of {rule} is {np.asarray(value).dtype}"
                )
