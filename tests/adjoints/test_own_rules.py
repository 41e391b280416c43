"""Rules of users: what they may read, and those that could not be copied as they are meant."""

import math

import numpy as np
import pytest

from knetsrc import SourceNotFoundError, UnsupportedSyntaxError, adjoint, grad
from language.checking import V, check

GAIN = 3.0


def tripled(x):
    return np.asarray(x) * 3.0


def by_gain(d_y):
    return d_y * GAIN


@adjoint(tripled)
def tripled_adjoint(x, *, d_y):
    """One third of it thrice."""
    third = by_gain(d_y) / GAIN
    d_x = third * abs(-GAIN)
    return d_x


def weighted(a, b):
    return np.asarray(a) * b


@adjoint(weighted)
def weighted_adjoint(a, b, *, d_y):
    d_a = d_y * b
    return d_a, None


def total(*xs):
    return sum(xs)


def one_each(d_y, xs):
    return [d_y for _ in xs]


@adjoint(total)
def total_adjoint(*xs, d_y):
    d_xs = one_each(d_y, xs)
    return d_xs


def scaled_by(factor):
    def scaled(x):
        return np.asarray(x) * factor

    @adjoint(scaled)
    def scaled_adjoint(x, *, d_y):
        d_x = d_y * factor
        return d_x

    return scaled


def test_rule_reads_functions_and_numbers_of_its_module():
    check(lambda x: np.sum(tripled(x) ** 2), V)
    assert grad(grad(lambda x: tripled(x) ** 2))(2.0) == pytest.approx(18.0)


def test_rule_reads_variables_of_the_function_around_it():
    twice, fivefold = scaled_by(2.0), scaled_by(5.0)
    check(lambda x: np.sum(twice(x) * fivefold(x)), V)


def test_rule_with_a_star_parameter_calls_a_function():
    check(lambda x: total(x, x**2, 2 * x), 1.5)


def test_parameter_without_adjoint_is_not_taken_for_constant():
    check(lambda a: np.sum(weighted(a, 2.0)), V)
    with pytest.raises(UnsupportedSyntaxError, match="`b` depends on a differentiated value"):
        grad(lambda b: np.sum(weighted(V, b)))(2.0)


def logarithm(x):
    return math.log(x)


def returns_an_expression(x, *, d_y):
    return d_y / x


def returns_another_value(x, *, d_y):
    d_x = d_y
    return 2 * d_x


def has_a_loop(x, n=3, *, d_y):
    d_x = 0.0
    for i in range(n):
        d_x = d_x + d_y[i]
    return d_x


def adds_in_another_name(x, *, d_y):
    gathered = d_y[0]
    gathered = gathered + d_y[1]
    d_x = gathered
    return d_x


def adds_to_the_adjoint(x, *, d_y):
    d_x = d_y
    d_x += d_y
    return d_x


def binds_a_parameter(x, *, d_y):
    d_y = np.asarray(d_y)
    d_x = d_y
    return d_x


def unpacks(x, *, d_y):
    d_r, _d_t = d_y
    d_x = d_r
    return d_x


def has_a_comprehension(x, *, d_y):
    d_x = [d_y for _ in x]
    return d_x


def reads_an_adjoint(a, b, *, d_y):
    d_a = d_y
    d_b = d_a * 2
    return d_a, d_b


def has_one_branch(x, n=0, *, d_y):
    d_x = d_y
    if n:
        d_x = d_y * n
    return d_x


def has_no_adjoint(x, *, d_y):
    return None


REFUSED = {
    returns_an_expression: "returns something else than names of adjoints",
    returns_another_value: "returns something else than names of adjoints",
    has_a_loop: r"has a statement that cannot be copied: `for i in range\(n\):`",
    adds_in_another_name: "binds `gathered` again",
    adds_to_the_adjoint: "has a statement that cannot be copied: `d_x \\+= d_y`",
    binds_a_parameter: "binds `d_y` again",
    unpacks: "binds something else than one name",
    has_a_comprehension: "has a comprehension",
    reads_an_adjoint: "reads `d_a`",
    has_one_branch: "binds `d_x` again",
    has_no_adjoint: "does not assign an adjoint",
}


@pytest.mark.parametrize("rule", REFUSED, ids=lambda r: r.__name__)
def test_rule_that_cannot_be_copied_is_refused(rule):
    with pytest.raises(UnsupportedSyntaxError, match=REFUSED[rule]):
        adjoint(logarithm)(rule)


def test_refusal_shows_the_rule():
    with pytest.raises(UnsupportedSyntaxError) as caught:
        adjoint(logarithm)(returns_an_expression)
    said = str(caught.value)
    assert "test_own_rules.py:" in said
    assert "return d_y / x\n" in said
    assert "    ^^^^^^^^^^^^^^\n" in said
    assert "instead:  bind the adjoint of each parameter by one statement: d_x = ...\n" in said


class Square:
    def of(self, x):
        return x**2


@pytest.mark.parametrize("method", [Square.of, Square().of, np.ndarray.sum])
def test_rule_of_a_method_is_refused(method):
    with pytest.raises(UnsupportedSyntaxError, match="a rule for the method"):

        @adjoint(method)
        def of_adjoint(self, x, *, d_y):
            d_x = d_y
            return d_x


def test_rule_without_source_is_refused():
    scope = {"__name__": "prompt"}
    exec("def rule(x, *, d_y):\n    d_x = d_y\n    return d_x", scope)
    with pytest.raises(SourceNotFoundError, match="the rule `rule` has no source"):
        adjoint(logarithm)(scope["rule"])


def test_rule_that_is_entered_after_a_call():
    def squared(x):
        return x**2

    def f(x):
        return np.sum(squared(x))

    gradient, second = grad(f), grad(grad(f))
    np.testing.assert_allclose(gradient(V), 2 * V)
    assert second(0.7) == 2.0

    @adjoint(squared)
    def squared_adjoint(x, *, d_y):
        d_x = 10.0 * d_y * x
        return d_x

    np.testing.assert_allclose(gradient(V), 10 * V)
    assert second(0.7) == 10.0

    @adjoint(squared)
    def squared_adjoint_again(x, *, d_y):
        d_x = 20.0 * d_y * x
        return d_x

    np.testing.assert_allclose(gradient(V), 20 * V)
