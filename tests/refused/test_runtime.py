"""Errors that come out of generated code: the primal's own, with the place in the user's file."""

import re
import traceback
from pathlib import Path

import numpy as np
import pytest

from knetsrc import (
    KnetsrcError,
    NonScalarOutputError,
    NotDifferentiableError,
    grad,
    value_and_grad,
    vjp,
)

def product(a, b):
    return np.sum(a @ b)


def wrong_shapes(x):
    y = x * 2.0
    return product(y, np.ones(5))


def missing_key(params):
    w = params["w"]
    return w * params["missing"]


def division_by_zero(x):
    return x / (x - x)


def index_out_of_bounds(x):
    return x[7] * 2.0


def own_exception(x):
    if x > 0:
        raise LookupError("x must be negative")
    return x * x


def assertion(x):
    assert x < 0, "x must be negative"
    return x * x


def error_of(function, *args):
    with pytest.raises(Exception) as caught:  # noqa: B017, PT011
        function(*args)
    return caught.value


CASES = [
    (missing_key, {"w": 1.0}, 'return w * params["missing"]'),
    (division_by_zero, 1.0, "return x / (x - x)"),
    (index_out_of_bounds, np.ones(3), "return x[7] * 2.0"),
    (own_exception, 1.0, 'raise LookupError("x must be negative")'),
    (assertion, 1.0, 'assert x < 0, "x must be negative"'),
]


@pytest.mark.parametrize("make", [grad, value_and_grad, lambda f: lambda x: vjp(f, x)])
@pytest.mark.parametrize(("f", "x", "text"), CASES, ids=[f.__name__ for f, *_ in CASES])
def test_error_is_that_of_the_primal(make, f, x, text):
    own, found = error_of(f, x), error_of(make(f), x)
    assert type(found) is type(own)
    assert str(own).startswith(str(found))  # pytest adds to what its own `assert` says
    assert found.__cause__ is None
    assert found.__context__ is None or found.__suppress_context__


@pytest.mark.parametrize(("f", "x", "text"), CASES, ids=[f.__name__ for f, *_ in CASES])
def test_error_names_the_line_of_the_primal(f, x, text):
    place, source, carets = error_of(lambda x: vjp(f, x), x).__notes__[0].splitlines()
    found = re.fullmatch(rf"  \S*test_runtime.py:(\d+), in {f.__name__}", place)
    number = int(found[1])
    assert Path(__file__).read_text().splitlines()[number - 1].strip() == text
    assert source == f"   {number} |     {text}"
    assert carets.split("|")[1].strip() == "^" * len(text)


def test_statement_that_the_gradient_does_without_fails_as_in_the_primal():
    error = error_of(grad(wrong_shapes), np.ones(3))
    assert str(error).startswith("matmul: ")
    assert traceback.extract_tb(error.__traceback__)[-1].line == "return np.sum(a @ b)"


def test_error_in_an_inlined_helper_names_the_line_of_the_helper():
    note = error_of(lambda x: vjp(wrong_shapes, x), np.ones(3)).__notes__[0].splitlines()
    assert note[0].endswith(", in product") and note[1].endswith("|     return np.sum(a @ b)")


def test_error_in_an_inlined_helper_of_another_file_names_the_call(tmp_path, monkeypatch):
    (tmp_path / "inlined_helper.py").write_text("def divided(x):\n    return x / (x - x)\n")
    monkeypatch.syspath_prepend(tmp_path)
    from inlined_helper import divided

    def f(x):
        y = x * 2.0
        return divided(y)

    note = error_of(grad(f), 1.0).__notes__[0].splitlines()
    assert note[0].endswith(", in f") and note[1].endswith("|     return divided(y)")


def test_error_in_a_helper_names_the_line_of_the_helper():
    def helper(a, b):
        c = a @ b
        return np.sum(c * c)

    def f(x):
        y = x * 2.0
        return helper(y, np.ones(5))

    error = error_of(grad(f), np.ones(3))
    assert ", in helper" in error.__notes__[0] and "|     c = a @ b" in error.__notes__[0]


def test_generated_line_is_in_the_traceback():
    error = error_of(grad(division_by_zero), 1.0)
    assert "value = x / (x - x)" in "".join(traceback.format_exception(error))


def test_place_of_an_error_survives_the_cache(cache_folder):
    def f(x):
        return x / (x - x)

    first, second = error_of(grad(f), 1.0), error_of(grad(f), 1.0)
    assert first.__notes__ == second.__notes__ and "in f" in first.__notes__[0]


def test_note_is_added_once_by_nested_gradients():
    inner = grad(division_by_zero)
    error = error_of(grad(lambda x: inner(x) * 2.0), 1.0)
    assert len(error.__notes__) == 1


def test_result_that_breaks_the_backward_part_is_refused_without_a_second_error():
    error = error_of(grad(lambda x: (x, x * 2.0)), 1.0)
    assert isinstance(error, NonScalarOutputError)
    assert error.__cause__ is None and error.__suppress_context__


def test_refusal_at_run_time_has_a_place():
    def f(x):
        both = x["a"] + x["b"]
        return both[0] * both[1]

    error = error_of(grad(f), {"a": [2.0], "b": [3.0]})
    assert isinstance(error, KnetsrcError)
    assert str(error).splitlines()[2].endswith('|     both = x["a"] + x["b"]')


def test_division_by_zero_that_only_numpy_answers():
    def mean(x, n):
        m = np.sum(x) / n
        return m if n > 0 else np.sum(x)

    with (
        np.errstate(all="ignore"),
        pytest.raises(NotDifferentiableError, match="a division by zero") as caught,
    ):
        grad(mean)(np.array([0.3, 0.4]), 0)
    assert "m = np.sum(x) / n" in str(caught.value)
    assert "divide only where the divisor is not zero" in str(caught.value)
    np.testing.assert_allclose(grad(mean)(np.array([0.3, 0.4]), 2), [0.5, 0.5])
