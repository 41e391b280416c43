"""Objects in lists and dicts that change: particles, bodies, chains."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest

from knetsrc import KnetsrcError, grad
from language.checking import check

X = np.array([0.3, 1.1, -0.7])
U = np.array([0.5, -0.2, 0.9])
PLACES = np.array([[0.0, 1.0], [1.5, -0.3], [-1.0, 0.2]])
SPEEDS = np.array([[0.1, 0.0], [0.2, -0.3], [-0.1, 0.2]])


class Particle:
    def __init__(self, x, v):
        self.x = x
        self.v = v
        self.f = 0.0

    def move(self, dt):
        self.x += self.v * dt

    def kick(self, force, dt):
        self.v = self.v + force * dt
        self.move(dt)
        return self.x * self.v

    def energy(self):
        return 0.5 * self.v**2 + self.x**2

    def spring(self, other):
        self.f += other.x - self.x
        other.f -= other.x - self.x

    def itself(self):
        return self

    def in_a_dict(self):
        found = {"a": self}
        return found

    @property
    def same(self):
        return self

    def __call__(self, y):
        self.x = self.x * y
        return self.x


@dataclass
class Node:
    u: float
    v: float = 0.0

    def push(self, a, dt):
        self.v += a * dt
        self.u += self.v * dt


class Body:
    def __init__(self, place, speed):
        self.place = place
        self.speed = speed
        self.force = np.zeros(2)

    def step(self, dt):
        self.speed += self.force * dt
        self.place = self.place + self.speed * dt


def test_attributes_and_methods_in_loops():
    def f(x, v, dt):
        ps = [Particle(x[i], v[i]) for i in range(len(x))]
        trace = []
        for _ in range(2):
            for p in ps:
                p.x += p.v * dt
                trace.append(p.x)
            for i, p in enumerate(ps):
                p.move(dt * (i + 1))
                if p.x > 1.0:
                    p.v = -0.8 * p.v
        return sum(p.energy() for p in ps) + sum(trace) * ps[-1].x

    check(f, X, U, 0.1)


def test_pairs_of_particles():
    def f(x, v, dt):
        ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]
        for _ in range(2):
            for p in ps:
                p.f = 0.0
            for i in range(len(ps)):
                for j in range(i + 1, len(ps)):
                    p, q = ps[i], ps[j]
                    d = q.x - p.x
                    p.f += np.sin(d)
                    q.f -= np.sin(d)
            for p, q in itertools.combinations(ps, 2):
                p.f += 0.1 * q.x
                q.f -= 0.1 * p.x
            for p in ps:
                for q in ps:
                    if q is not p:
                        p.f += 0.2 * q.x
            for p in ps:
                p.kick(p.f, dt)
        return sum(p.x * p.v for p in ps)

    check(f, X, U, 0.1)


def test_bodies_with_arrays():
    def f(places, speeds):
        bodies = [Body(places[i], speeds[i].copy()) for i in range(len(places))]
        for b in bodies:
            b.force[:] = 0.0
        for i, b in enumerate(bodies):
            for o in bodies[i + 1 :]:
                r = o.place - b.place
                b.force += r / (np.sum(r**2) + 0.1)
                o.force -= r / (np.sum(r**2) + 0.1)
        for b in bodies:
            b.step(0.1)
        return sum(np.sum(b.place * b.speed) for b in bodies)

    check(f, PLACES, SPEEDS)


def test_chain_of_nodes():
    def f(u0, stiffness):
        chain = [Node(u) for u in u0]
        for _ in range(2):
            forces = []
            for i in range(len(chain)):
                left = chain[i - 1].u if i > 0 else 0.0
                forces.append(stiffness * (left - chain[i].u))
            for node, a in zip(chain, forces, strict=True):
                node.push(a, 0.1)
        for other, one in zip(chain[1:], chain):  # noqa: B905
            other.u += one.u * one.v
        for node in reversed(chain):
            node.v *= chain[0].u
        for node in chain[::2]:
            node.u *= 3.0
        return sum(node.u**2 + node.v for node in chain)

    check(f, [0.1, 0.5, -0.3], 1.5)


def test_objects_in_a_dict():
    def f(x, v):
        ps = {name: Particle(a, b) for name, a, b in zip("abc", x, v, strict=True)}
        for name in ps:
            ps[name].x += ps[name].v
        for p in ps.values():
            p.move(0.1)
        for name, p in ps.items():
            p.v *= 2.0 if name == "b" else p.x
        return ps["a"].x * ps["b"].v + sum(p.energy() for p in ps.values())

    check(f, X, U)


def test_list_that_grows_and_is_made_again():
    def f(x, v):
        total = 0.0
        for k in range(2):
            ps = []
            for a, b in zip(x, v, strict=True):
                ps.append(Particle(a, b * k))
            for p in ps:
                p.kick(1.0, 0.1)
            ps.append(Particle(ps[0].x, v[k]))
            ps[-1].x = ps[-1].x * total
            last = ps[-1]
            last.v += last.x
            total += sum(p.x * p.v for p in ps)
        return total + ps[0].x

    check(f, X, U)


def test_jumps_between_writes():
    def f(x, v):
        ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]
        for _ in range(4):
            for p in ps:
                if p.x > 0.9:
                    continue
                p.x = p.x + 0.3 * p.v
                if p.x < -0.6:
                    break
                p.v *= 1.1
        for p in ps:
            p.x *= 2.0
            if p.v > 0.5:
                return p.x * ps[0].v
        return ps[1].x

    check(f, X, U)


def test_values_of_methods_and_several_targets():
    def f(x, v):
        ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]
        total, y = 0.0, x[0]
        for p in ps:
            total += p.kick(1.0, 0.1)
            total = total + p.kick(total, 0.2) * p.x
            y = p(y)
        for i in range(3):
            for j in range(3):
                y = ps[i].kick(ps[j].x, 0.1)
                total += y * ps[j].x
        ps[0].x, ps[1].v = ps[1].v * ps[0].x, ps[0].x
        old = ps[0].x
        ps[0].x = 2.0 * old
        return total + old + sum(p.x * p.v for p in ps)

    check(f, X, U)


def handed_on(x, v):
    ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]
    seen = []
    for p in ps:
        seen.append(p)
        p.x = p.x * 2
    return sum(p.x for p in seen)


def same_object_twice(x, v):
    p = Particle(x[0], v[0])
    ps = [p, p]
    for p in ps:
        p.x = p.x * 2
    return ps[0].x


def object_that_is_copied_over(x, v):
    ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]
    ps[0] = ps[1]
    for p in ps:
        p.x = p.x * 2
    return sum(p.x for p in ps)


def second_list(x, v):
    ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]
    qs = list(ps)
    for p in ps:
        p.x = p.x * 2
    return sum(p.x for p in qs)


def chosen(x, v):
    ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]
    for p in [p for p in ps if p.v > 0]:
        p.x = p.x * 2
    return sum(p.x for p in ps)


def given_by_a_method(x, v):
    ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]
    q = ps[0].itself()
    ps[0].x = 3.0 * ps[0].x
    return q.x


def given_by_a_property(x, v):
    ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]
    q = ps[0].same
    ps[0].x = 3.0 * ps[0].x
    return q.x


def kept_method(x, v):
    ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]
    energies = [p.energy for p in ps]
    for p in ps:
        p.x = p.x * 2
    return energies[0]()


def given_in_a_dict(x, v):
    ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]
    q = ps[0].in_a_dict()
    ps[0].x = 3.0 * ps[0].x
    return q["a"].x


def written_by_another(x, v):
    ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]
    ps[0].spring(ps[1])
    return ps[0].f * ps[1].f


def index_that_changes(x, v):
    ps, i = [Particle(a, b) for a, b in zip(x, v, strict=True)], 0
    while i < len(ps):
        p = ps[i]
        i += 1
        p.x = p.x * 2
    return sum(p.x for p in ps)


def list_that_grows_in_its_loop(x, v):
    ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]
    for p in ps:
        if len(ps) < 5:
            ps.append(Particle(p.x, p.v))
        p.x = p.x * 2
    return sum(p.x for p in ps)


def captured(x, v):
    ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]

    def total():
        return sum(p.x for p in ps)

    first = total()
    for p in ps:
        p.x = p.x * 2
    return first * total()


def failing_half_way(x, v):
    ps = [Particle(a, b) for a, b in zip(x, v, strict=True)]
    for p in ps:
        try:
            p.x = p.x * 2
            p.v = 1.0 / float(len(ps) - 3)
        except ZeroDivisionError:
            p.v = 2.0
    return sum(p.x * p.v for p in ps)


def shared_array(x, v):
    force = np.zeros(3)
    bodies = [Body(x, v), Body(v, x)]
    for b in bodies:
        b.force = force
    for b in bodies:
        b.force += b.place
    return sum(np.sum(b.force**2) for b in bodies)


def array_of_another(x, v):
    bodies = [Body(x.copy(), v.copy()), Body(v.copy(), x.copy())]
    bodies[1].place = bodies[0].place
    for b in bodies:
        b.place += b.speed
    return sum(np.sum(b.place**2) for b in bodies)


def array_with_a_name(x, v):
    total = 0.0
    for b in [Body(x.copy(), v.copy())]:
        total = total + np.sum(b.place)
    bodies = [Body(x.copy(), v.copy())]
    for b in bodies:
        place = b.place
        b.place += b.speed
        total = total + np.sum(place * b.speed)
    return total


def array_that_is_read_later(x, v):
    y = x * 2.0
    bodies = [Body(y, v)]
    for b in bodies:
        b.place += b.speed
    return np.sum(y * bodies[0].place)


@pytest.mark.parametrize(
    "f",
    [
        handed_on, same_object_twice, object_that_is_copied_over, second_list, chosen, given_by_a_method, given_by_a_property,
        given_in_a_dict, kept_method, written_by_another, index_that_changes, list_that_grows_in_its_loop, captured, failing_half_way,
        shared_array, array_of_another, array_with_a_name, array_that_is_read_later,
    ],
)  # fmt: skip
def test_object_that_something_else_may_stand_for_is_refused(f):
    with pytest.raises(KnetsrcError):
        grad(f)(X, U)
