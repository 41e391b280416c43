"""f-strings, print, assert and raise stay in the forward part."""
# ruff: noqa: RUF043, UP031, UP032

import logging
import warnings

import numpy as np
import pytest

from knetsrc import grad, value_and_grad, vjp
from language.checking import V, check

log = logging.getLogger(__name__)


def test_print_of_an_active_value(capsys):
    def f(x):
        y = np.sum(x**2)
        print("y is", y)
        return y * 2.0

    value_and_grad(f)(np.array([1.0, 2.0]))
    assert capsys.readouterr().out == "y is 5.0\n"


def test_print_once_for_a_gradient_alone(capsys):
    def f(x):
        y = x * x
        print(f"y is {y:.2f}")
        return y * 2.0

    slope = grad(f)
    slope(1.5)
    capsys.readouterr()
    slope(1.5)
    assert capsys.readouterr().out == "y is 2.25\n"


def test_print_in_a_loop_keeps_its_order(capsys):
    def f(x):
        for i in range(3):
            x = x * 2.0
            print(i, x)
        return x

    vjp(f, 1.0)[1](1.0)
    assert capsys.readouterr().out == "0 2.0\n1 4.0\n2 8.0\n"


def test_print_in_a_helper(capsys):
    def noisy(x):
        print("noisy")
        return x * x

    def f(x):
        return noisy(x) + noisy(2.0)

    value_and_grad(f)(1.0)
    assert capsys.readouterr().out == "noisy\nnoisy\n"


def test_f_string_of_everything():
    def f(x, name):
        text = f"{name!r:>10} {x.shape} {np.sum(x):.3f} {{}} {len(name):{4}d}"
        return np.sum(x) * len(text)

    check(f, V, "it's")


def test_assert_that_holds():
    def f(x):
        assert np.all(x < 10), f"too large: {x}"
        return np.sum(x**2)

    check(f, V)


def test_assert_that_fails():
    def f(x):
        assert x > 0, f"not positive: {x}"
        return x**2

    with pytest.raises(AssertionError, match="^not positive: -1.0"):
        grad(f)(-1.0)


def test_raise_that_is_not_reached():
    def f(x, kind):
        if kind == "sum":
            y = np.sum(x)
        elif kind == "mean":
            y = np.mean(x)
        else:
            raise ValueError(f"unknown kind {kind!r}")
        return y * y

    check(f, V, "sum")
    check(f, V, "mean")


def test_raise_that_is_reached():
    def f(x):
        s = 0.0
        for i, e in enumerate(x):
            if e < 0:
                raise ValueError(f"negative at {i}")
            s = s + e
        return s

    with pytest.raises(ValueError, match="negative at 1") as caught:
        grad(f)(V)
    assert str(caught.value) == "negative at 1"


def test_raise_from_a_helper():
    def checked(x):
        if x < 0:
            raise ArithmeticError("negative")
        return np.sqrt(x)

    def f(x):
        return checked(x) * x

    check(f, 1.5)
    with pytest.raises(ArithmeticError, match="negative"):
        grad(f)(-1.5)


def test_docstring_and_pass():
    def f(x):
        """Squares."""
        pass
        ...
        return np.sum(x**2)

    check(f, V)


def test_logging(caplog):
    def f(x):
        y = np.sum(x**2)
        log.info("y is %s", y)
        if log.isEnabledFor(logging.DEBUG):
            logging.debug("not shown")
        return y * 2.0

    check(f, V)
    slope = grad(f)
    slope(V)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        slope(np.array([1.0, 2.0]))
    assert [r.getMessage() for r in caplog.records] == ["y is 5.0"]


def test_warning_from_a_branch():
    def f(x):
        y = np.sum(x**2)
        if y > 1.0:
            warnings.warn("large", stacklevel=2)
        return y

    with pytest.warns(UserWarning, match="large"):
        np.testing.assert_array_equal(grad(f)(np.array([1.0, 2.0])), [2.0, 4.0])


def test_text_made_in_other_ways_than_by_f_strings():
    template = "%g of {}"

    def logged(x):
        log = []
        for _ in range(2):
            x = x * 0.5
            log.append("%g" % x.sum())
        return np.sum(x**2), log

    def returned(x):
        pattern, rest = "%d: %g", ""
        for i in range(2):
            rest += pattern % (i, x[i]) + ", "
        return np.sum(x**2), ("-" * 3 + rest + "{:g}".format(x[0])) + ", ".join([str(v) for v in x])

    def read(x):
        return float("%.1f" % np.sum(x)) * np.sum(x) + len(template % x[0])

    gradient, said = grad(logged, has_aux=True)(np.array([0.5, 1.5]))
    np.testing.assert_allclose(gradient, [0.0625, 0.1875])
    assert said == ["1", "0.5"]
    value, pullback = vjp(returned, np.array([0.5, 1.5]))
    assert value[1] == "---0: 0.5, 1: 1.5, 0.50.5, 1.5"
    np.testing.assert_allclose(pullback((1.0, None))[0], [1.0, 3.0])
    np.testing.assert_allclose(grad(read)(np.array([0.5, 1.5])), [2.0, 2.0])
