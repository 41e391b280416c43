"""Objects that change, and that two names, two arguments or two objects stand for."""

import numpy as np
import pytest

from knetsrc import MissingAdjointError, UnsupportedAliasError, grad, value_and_grad
from language.checking import V, check


class Mass:
    def __init__(self, u):
        self.u = u
        self.other = None

    def heat(self, e):
        self.u[0] = e

    def scale(self, k):
        self.u = self.u * k
        return 2.0

    def mixed(self, other):
        self.u = self.u * 2.0
        return np.sum(self.u * other.u)

    def mixed_with_own(self):
        self.u = self.u * 2.0
        return np.sum(self.u * self.other.u)

    def add(self, other):
        self.u = self.u + other.u**2
        return np.sum(self.u)

    def add_into(self, other):
        old = other.u
        self.u[0] = 3.0
        return np.sum(self.u * old)


class Holder:
    def __init__(self, mass):
        self.mass = mass

    def hold(self, mass):
        self.mass = mass
        return 1.0

    def value(self):
        return np.sum(self.mass.u**2)


# --- arguments -------------------------------------------------------------------------------------------------------------
def two_masses(m, n):
    m.scale(2.0)
    return np.sum(m.u * n.u)


def mass_and_holder(m, holder):
    m.u = m.u * 3.0
    return holder.value()


def mass_and_list(m, masses):
    m.u = m.u * 3.0
    return np.sum(masses[0].u)


def mixed(m, n):
    return m.mixed(n)


@pytest.mark.parametrize(
    ("f", "around"),
    [
        (two_masses, lambda m: m),
        (mixed, lambda m: m),
        (mass_and_holder, Holder),
    ],
)
def test_object_of_two_arguments_is_refused(f, around):
    mass = Mass(V)
    with pytest.raises(UnsupportedAliasError, match="has one object at two places"):
        grad(f)(mass, around(mass))
    assert np.all(np.isfinite(grad(f)(mass, around(Mass(2.0 * V)))["u"]))


def test_object_in_a_list_beside_it_is_refused():
    mass = Mass(V)
    with pytest.raises(UnsupportedAliasError, match="at two places"):
        grad(mass_and_list)(mass, [mass])


def test_object_that_holds_itself_is_refused():
    def f(x, m):
        return x * m.mixed_with_own()

    mass = Mass(V)
    mass.other = mass
    with pytest.raises(UnsupportedAliasError, match="has one object at two places"):
        grad(f)(0.7, mass)
    mass.other = Mass(3.0 * V)
    assert grad(f)(0.7, mass) == pytest.approx(6.0 * np.sum(V * V))


def test_objects_of_two_arguments():
    first, second = Mass(V.copy()), Mass(2.0 * V)
    value, d = value_and_grad(two_masses)(first, second)
    assert value == pytest.approx(4.0 * np.sum(V * V))
    np.testing.assert_allclose(d["u"], 4.0 * V)
    assert first.u is not second.u
    np.testing.assert_array_equal(first.u, V)


# --- an object that its own method is handed, or that another keeps -----------------------------------------------------------
def handed_itself(x):
    mass = Mass(x * 1.0)
    return mass.mixed(mass)


def handed_itself_by_keyword(x):
    mass = Mass(x * 1.0)
    return 1.0 + mass.mixed(other=mass)


def handed_itself_by_view(x):
    mass = Mass(x * 1.0)
    return mass.add_into(mass)


@pytest.mark.parametrize("f", [handed_itself, handed_itself_by_keyword, handed_itself_by_view])
def test_object_handed_to_its_own_method_is_refused(f):
    with pytest.raises(UnsupportedAliasError, match="which is an argument as well"):
        grad(f)(V)


def test_object_that_its_own_method_reads_before_it_writes():
    def f(x):
        mass = Mass(x * 1.0)
        return mass.add(mass) * np.sum(mass.u)

    check(f, V)


def test_object_that_another_one_keeps_is_refused():
    def assigned(x):
        mass, holder = Mass(x * 1.0), Holder(None)
        z = 1.0 + holder.hold(mass)
        mass.u = mass.u * 3.0
        return z * holder.value()

    def by_method(x):
        mass = Mass(x * 1.0)
        holder = Holder(None)
        z = 1.0 + holder.hold(mass)
        return z * mass.scale(3.0) * holder.value()

    for f in (assigned, by_method):
        with pytest.raises(UnsupportedAliasError):
            grad(f)(V)


def test_object_that_another_one_keeps_when_it_is_complete():
    def f(x):
        mass = Mass(x * 1.0)
        holder = Holder(Mass(x))
        mass.u = mass.u * 3.0
        z = 1.0 + holder.hold(mass)
        return z * holder.value()

    check(f, V)


# --- objects of which the class is not known -----------------------------------------------------------------------------------
class Renewed:
    def __init__(self, mass):
        self.mass = mass

    def renew(self):
        self.mass = None


def test_method_of_an_unknown_object_that_may_hold_what_the_result_depends_on_is_refused():
    def f(x):
        y = x * 1.0
        renewed = Renewed(Mass(y))
        renewed.mass.heat(3.0)
        return np.sum(y)

    with pytest.raises(MissingAdjointError, match="of which nothing is known"):
        grad(f)(V)
