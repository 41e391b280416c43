"""Lists and dicts of objects that are arguments, or that helpers are handed, and whose objects change."""

import copy
import itertools

import numpy as np
import pytest

from knetsrc import KnetsrcError, UnsupportedAliasError, grad
from language.checking import check

X = np.array([0.3, 1.1, -0.7])
U = np.array([0.5, -0.2, 0.9])


class Particle:
    def __init__(self, x, v):
        self.x = x
        self.v = v
        self.f = 0.0

    def move(self, dt):
        self.x = self.x + self.v * dt

    def kick(self, force, dt):
        self.v = self.v + force * dt
        self.move(dt)
        return self.x * self.v

    def energy(self):
        return 0.5 * np.sum(self.v**2) + np.sum(self.x**2)

    def itself(self):
        return self


def particles():
    return [Particle(x * X, x * U) for x in (0.5, -1.2, 0.8)]


def check_arguments(f, ps, dt=0.3, rtol=1e-6):
    """Both gradients of `f(ps, dt)` against central differences; the objects must stay as they were."""
    before = copy.deepcopy(ps)
    plain = (lambda d: f(copy.deepcopy(ps), d))(dt)
    numeric = (f(copy.deepcopy(ps), dt + 1e-6) - f(copy.deepcopy(ps), dt - 1e-6)) / 2e-6
    by_time = grad(f, argnums=1)
    by_both = grad(f, argnums=(0, 1))
    for _ in range(2):
        assert by_time(ps, dt) == pytest.approx(numeric, rel=rtol)
        value, (d_ps, d_dt) = by_both.value_and_grad(ps, dt)
        assert value == pytest.approx(plain)
        assert d_dt == pytest.approx(numeric, rel=rtol)
    assert type(d_ps) is type(ps)
    keys = list(ps) if isinstance(ps, dict) else range(len(ps))
    for key, name, i in itertools.product(keys, ("x", "v"), range(3)):

        def moved(h, key=key, name=name, i=i):
            other = copy.deepcopy(ps)
            getattr(other[key], name)[i] += h
            return f(other, dt)

        wanted = (moved(1e-6) - moved(-1e-6)) / 2e-6
        assert d_ps[key][name][i] == pytest.approx(wanted, rel=rtol, abs=1e-7)
        np.testing.assert_array_equal(getattr(ps[key], name), getattr(before[key], name))


# --- arguments ---------------------------------------------------------------------------------------------------------------
def assigned(ps, dt):
    for p in ps:
        p.x = p.x + p.v * dt
    return sum(p.x @ p.x for p in ps)


def updated(ps, dt):
    for _ in range(3):
        for p in ps:
            p.x += p.v * dt
            p.v *= 1.0 - dt
    return sum(p.x @ p.x for p in ps)


def by_methods(ps, dt):
    total = 0.0
    for p in ps:
        p.move(dt)
        total += np.sum(p.kick(np.sin(p.x), dt))
    return total + ps[0].energy() * ps[-1].energy()


def in_pairs(ps, dt):
    for p, q in itertools.combinations(ps, 2):
        d = q.x - p.x
        p.f = p.f + d * dt
        q.f = q.f - d * dt
    for i, p in enumerate(ps):
        p.v = p.v + p.f * i
        p.move(dt)
    return sum(p.energy() for p in ps)


def by_index(ps, dt):
    ps[0].x[1] = dt
    ps[1].x[0] *= ps[0].x[1]
    last = ps[-1]
    last.v = last.v * ps[0].x
    return sum(p.energy() for p in ps)


def in_branches(ps, dt):
    for p in ps:
        if p.x[0] < 0:
            p.v = -0.8 * p.v
            continue
        p.move(dt)
    return sum(p.x @ p.v for p in ps)


def move_all(ps, dt):
    for p in ps:
        p.move(dt)


def forces(particles, k=0.3):
    for p in particles:
        p.f = np.zeros(3)
    for i in range(len(particles)):
        for j in range(i + 1, len(particles)):
            p, q = particles[i], particles[j]
            force = k * np.sin(q.x - p.x)
            p.f = p.f + force
            q.f = q.f - force


def total_energy(ps):
    return sum(p.energy() for p in ps)


def step(ps, dt):
    forces(ps, k=0.5)
    for p in ps:
        p.v += p.f * dt
    move_all(dt=dt, ps=ps)
    return total_energy(ps)


def by_helpers(ps, dt):
    total = 0.0
    for _ in range(2):
        total = step(ps, dt) + total * 0.5
        ps[0].x = ps[0].x * dt
    return total + sum(p.f @ p.x for p in ps)


def one_after_the_other(ps, n, dt):
    if n > 0:
        ps[n].x = ps[n].x + ps[n - 1].x * dt
        one_after_the_other(ps, n - 1, dt)


def by_recursion(ps, dt):
    one_after_the_other(ps, 2, dt)
    return total_energy(ps)


ON_LISTS = [
    assigned, updated, by_methods, in_pairs, by_index, in_branches, by_helpers, by_recursion,
]  # fmt: skip


@pytest.mark.parametrize("f", ON_LISTS)
def test_list_that_is_an_argument(f):
    check_arguments(f, particles())


@pytest.mark.parametrize("f", [assigned, by_methods, in_pairs, by_helpers])
def test_tuple_that_is_an_argument(f):
    check_arguments(f, tuple(particles()))


def test_dict_that_is_an_argument():
    def f(ps, dt):
        for p in ps.values():
            p.x += p.v * dt
        for name, p in ps.items():
            p.v = p.v * (2.0 if name == "a" else dt)
        ps["b"].move(dt)
        return sum(p.energy() for p in ps.values()) * ps["a"].energy()

    check_arguments(f, dict(zip("abc", particles(), strict=True)))


def move_named(ps, dt):
    for name in ps:
        ps[name].x = ps[name].x * dt


def test_dict_that_a_helper_is_handed():
    def f(ps, dt):
        move_named(ps, dt)
        return sum(p.energy() for p in ps.values())

    check_arguments(f, dict(zip("abc", particles(), strict=True)))


@pytest.mark.parametrize("f", ON_LISTS)
def test_list_that_the_function_makes(f):
    def loss(x, u, dt):
        ps = [Particle(x * a, u * a) for a in (0.5, -1.2, 0.8)]
        return f(ps, dt)

    check(loss, X, U, 0.3)


def attract(ps, qs, dt):
    for p, q in zip(ps, qs, strict=True):
        d = q.x - p.x
        p.v = p.v + d * dt
        q.v -= d * dt


def test_two_lists():
    def f(x, u, dt):
        ps = [Particle(x * a, u * a) for a in (0.5, -1.2)]
        qs = [Particle(u * a, x * a) for a in (0.7, 0.2)]
        attract(ps, qs, dt)
        attract(qs, ps, 2.0 * dt)
        move_all(ps, dt)
        move_all(qs, dt)
        return total_energy(ps) + total_energy(qs)

    check(f, X, U, 0.3)


def test_call_before_which_an_object_is_read():
    def f(x, u, dt):
        ps = [Particle(x * a, u * a) for a in (0.5, -1.2)]
        first = ps[0].x.copy()
        both = ps[0].x @ ps[1].x
        both += step(ps, dt)
        return both + first @ ps[0].x

    check(f, X, U, 0.3)


# --- objects at several places -------------------------------------------------------------------------------------------
def test_object_that_is_twice_in_an_argument_is_refused():
    p, q = particles()[:2]
    with pytest.raises(UnsupportedAliasError):
        grad(assigned, argnums=1)([p, q, p], 0.1)


def test_object_that_another_argument_holds_is_refused():
    def f(dt, ps, q):
        for p in ps:
            p.x = p.x * dt
        return q.x @ q.x

    ps = particles()
    assert grad(f)(0.1, ps, particles()[0]) == 0.0
    with pytest.raises(UnsupportedAliasError):
        grad(f)(0.1, ps, ps[0])


def test_list_that_is_two_arguments_is_refused():
    def f(dt, ps, qs):
        for p in ps:
            p.x = p.x * dt
        return sum(q.x @ q.x for q in qs)

    ps = particles()
    with pytest.raises(UnsupportedAliasError):
        grad(f)(0.1, ps, ps)


SUN = Particle(X, U)


def of_the_sun():
    return SUN.x


def in_a_list(dt, ps):
    for p in ps:
        p.x = p.x * dt
    return np.sum(SUN.x) * dt


def by_itself(dt, p):
    p.x = p.x * dt
    return np.sum(of_the_sun()) * dt


@pytest.mark.parametrize(("f", "given"), [(in_a_list, lambda p: [p]), (by_itself, lambda p: p)])
def test_object_that_a_name_from_outside_stands_for_is_refused(f, given):
    assert grad(f)(0.3, given(particles()[0])) == pytest.approx(np.sum(X))
    with pytest.raises(UnsupportedAliasError):
        grad(f)(0.3, given(SUN))


def test_array_that_another_argument_is_is_refused():
    def f(dt, ps, x):
        for p in ps:
            p.x += p.v * dt
        return sum(p.x @ x for p in ps)

    ps = particles()
    numeric = sum(p.v @ X for p in ps)
    assert grad(f)(0.1, ps, X) == pytest.approx(numeric)
    with pytest.raises(UnsupportedAliasError):
        grad(f)(0.1, ps, ps[1].x)


def test_array_that_two_objects_hold_is_refused():
    ps = particles()
    ps[1].x = ps[0].x
    with pytest.raises(UnsupportedAliasError):
        grad(updated, argnums=1)(ps, 0.1)


def handed_on(ps, dt):
    seen = list(ps)
    for p in ps:
        p.x = p.x * dt
    return sum(np.sum(p.x) for p in seen)


def second_name_of_the_list(ps, dt):
    qs = ps
    for p in ps:
        p.x = p.x * dt
    return sum(np.sum(p.x) for p in qs)


def first_of(ps, dt):
    ps[0].x = ps[0].x * dt
    return ps[0]


def given_by_a_helper(ps, dt):
    p = first_of(ps, dt)
    ps[0].x = ps[0].x * dt
    return np.sum(p.x)


def append_one(ps, dt):
    ps.append(Particle(ps[0].x, dt * X))
    for p in ps:
        p.x = p.x * dt


def list_that_grows_in_a_helper(ps, dt):
    append_one(ps, dt)
    return sum(np.sum(p.x) for p in ps)


def replace_one(ps, dt):
    ps[0] = Particle(ps[1].x, dt * X)
    for p in ps:
        p.x = p.x * dt


def object_that_a_helper_replaces(ps, dt):
    p = ps[0]
    replace_one(ps, dt)
    return np.sum(p.x)


def keep(ps, dt, seen=[]):  # noqa: B006
    for p in ps:
        p.x = p.x * dt
    seen.append(ps[0])
    return seen


def object_that_a_helper_keeps(ps, dt):
    seen = keep(ps, dt)
    ps[0].x = ps[0].x * dt
    return np.sum(seen[-1].x)


def both(ps, qs, dt):
    for p in ps:
        p.x = p.x * dt
    return sum(np.sum(q.x) for q in qs)


def list_that_is_handed_twice(ps, dt):
    return both(ps, ps, dt)


def change_one(p, dt):
    p.x = p.x * dt


def object_that_is_handed_on(ps, dt):
    change_one(ps[0], dt)
    return np.sum(ps[0].x)


def in_a_comprehension(ps, dt):
    return sum(np.sum(p.x) * step(ps, dt) for p in ps)


def beside_a_call(ps, dt):
    return np.sum(ps[0].x) * step(ps, dt)


def slice_of_the_list(ps, dt):
    move_all(ps[1:], dt)
    return total_energy(ps)


def captured_list(ps, dt):
    def total():
        return sum(np.sum(p.x) for p in ps)

    first = total()
    for p in ps:
        p.x = p.x * dt
    return first * total()


def scaled(u, ps, dt):
    for p in ps:
        p.x += p.v * dt
    return np.sum(u * ps[0].x)


def through_a_name(ps, dt):
    for p in ps:
        u = p.x
        u[0] = dt


def array_that_a_helper_writes_into(ps, dt):
    x = ps[0].x
    through_a_name(ps, dt)
    ps[0].v = ps[0].v * dt
    return np.sum(x) * np.sum(ps[0].v)


def array_that_is_handed_with_its_object(ps, dt):
    return scaled(ps[0].x, ps, dt)


def array_that_is_read_after_a_call(ps, dt):
    x = ps[0].x
    y = scaled(ps[1].v, ps, dt)
    return np.sum(x) * y


REFUSED = [
    handed_on, second_name_of_the_list, given_by_a_helper, list_that_grows_in_a_helper, object_that_a_helper_replaces,
    object_that_a_helper_keeps, list_that_is_handed_twice, object_that_is_handed_on, in_a_comprehension, beside_a_call,
    slice_of_the_list, captured_list, array_that_is_handed_with_its_object, array_that_a_helper_writes_into,
    array_that_is_read_after_a_call,
]  # fmt: skip


@pytest.mark.parametrize("f", REFUSED)
def test_list_of_which_something_else_may_see_the_change_is_refused(f):
    def loss(x, u, dt):
        ps = [Particle(x * a, u * a) for a in (0.5, -1.2, 0.8)]
        return f(ps, dt)

    with pytest.raises(KnetsrcError):
        grad(f, argnums=1)(particles(), 0.3)
    with pytest.raises(KnetsrcError):
        grad(loss, argnums=2)(X, U, 0.3)


class World:
    def __init__(self, ps):
        self.particles = ps

    def step(self, dt):
        for p in self.particles:
            p.x = p.x + p.v * dt


def test_list_in_an_attribute_is_refused_with_what_to_write_instead():
    def f(dt, world):
        world.step(dt)
        return sum(np.sum(p.x) for p in world.particles)

    with pytest.raises(UnsupportedAliasError, match="as a function of the list") as caught:
        grad(f)(0.1, World(particles()))
    assert "p.x = p.x + p.v * dt" in str(caught.value)
