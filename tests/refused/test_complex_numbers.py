"""Complex numbers between a real argument and a real result."""

import numpy as np
import pytest

from knetsrc import grad, vjp
from knetsrc.errors import NotDifferentiableError
from language.checking import V, check

WAVE = np.exp(1j * np.arange(4))


def rotated(t):
    return np.exp(1j * t)


def buffer(x):
    z = np.zeros(4, dtype=complex)
    z[:] = x
    return np.sum(np.abs(z) ** 2)


def named(x):
    w = np.exp(1j * np.arange(4))
    z = x * w
    return np.sum(z.real**2 + z.imag**2)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: abs(x[0] + 1j * x[1]) ** 2,
        lambda x: np.sum(np.abs(x * WAVE)),
        lambda x: np.abs(np.sum(x * np.exp(1j * np.arange(4)))) ** 2,
        named,
        buffer,
    ],
)
def test_complex_numbers_are_refused(f):
    with pytest.raises(NotDifferentiableError, match="a complex number") as caught:
        grad(f)(V)
    assert "test_complex_numbers.py" in str(caught.value)


def test_complex_value_of_a_helper_is_refused_when_the_code_runs():
    def f(x):
        w = rotated(0.3)
        return np.sum(np.abs(x * w) ** 2) + np.sum(np.abs(w * x + w))

    with pytest.raises(NotDifferentiableError, match="a complex number"):
        grad(f)(V)
    with pytest.raises(NotDifferentiableError, match="a complex number"):
        vjp(f, V)[1](1.0)


def test_complex_numbers_beside_what_is_differentiated():
    def f(x):
        spectrum = np.abs(np.exp(1j * np.arange(4)) + 1.0)
        return np.sum(x**2 * spectrum) * abs(3 + 4j)

    check(f, V)
