"""Arrays, lists and dicts that change as attributes: objects of a simulation with a `step`, histories, caches, filters."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from knetsrc import KnetsrcError, UnsupportedAliasError, checkpoint, grad, value_and_grad
from language.checking import V, check

TABLE = np.array([1.0, 2.0, 3.0, 4.0])
GRAVITY = 9.81


class Rod:
    def __init__(self, u, k=0.5):
        self.u = u.copy()
        self.k = k
        self.time = 0.0
        self.history = []
        self.cache = {}

    def step(self):
        self.u[1:-1] = self.k * (self.u[2:] + self.u[:-2])

    def relax(self, n):
        for i in range(1, n):
            self.u[i] = self.u[i - 1] * self.k + self.u[i]
            self.time += self.u[i]
        return self.time

    def laplacian(self):
        return self.u[2:] - 2.0 * self.u[1:-1] + self.u[:-2]

    def diffuse(self):
        self.u[1:-1] += self.k * self.laplacian()
        self.u[1:-1] = self.u[1:-1] + self.k * self.laplacian()

    def record(self):
        self.step()
        self.history.append(self.u.copy())
        return np.sum(self.u**2)

    def keep(self, key, value):
        self.cache[key] = value

    def grow(self):
        self.u *= 1.5

    def bounded(self, n):
        for i in range(n):
            if self.u[i] > 1.7:
                return i
            self.u[i] *= 2.0
        return n

    def swap(self):
        if self.u[0] > 0.0:
            self.u[0], self.u[1] = self.u[1], 3.0 * self.u[0]
        else:
            self.u[1] = 2.0

    def heated(self):
        self.u[0] = 7.0 * self.u[1]
        return self.u[2]

    def mixed(self):
        self.u[1] = self.heated() + self.u[0]
        self.step()
        self.u[0] = self.u[1] * 2.0

    def added(self):
        self.u[0] += self.heated()

    def whole(self):
        return self.u

    def seen_by_a_row(self):
        row = self.u[1:3]
        self.u[1] = 5.0
        return np.sum(row)

    def weighed(self, w):
        self.u[0] = 3.0
        return w[0] * w[1]

    def weighed_by_itself(self):
        return self.weighed(self.u)

    def failing(self, x):
        try:
            self.u[0] = x[1] * 2.0
            self.u[1] = self.u[10]
        except IndexError:
            self.u[1] = x[0]
        finally:
            self.u[2] *= 2.0


class Bare(Rod):
    def __init__(self, u):
        super().__init__(u)
        self.u = u


def test_array_that_a_step_changes():
    def f(x):
        rod = Rod(x)
        for _ in range(3):
            rod.step()
        return rod.u @ rod.u

    check(f, V)


def test_source_of_a_step():
    def f(x):
        rod = Rod(x)
        rod.step()
        return rod.u @ rod.u

    gradient = grad(f)
    gradient(V)
    assert (
        "    u = self.u.copy()\n"
        '    check_own_array(u, self, "u", "self.u[1:-1]")\n'
        "    sum_1 = u[2:] + u[:-2]\n"
        "    u[1:-1] = self.k * sum_1\n"
        "    self_1 = with_attributes(self, u=u)\n"
    ) in gradient.source


def test_elements_in_a_loop_and_a_number():
    def f(x):
        rod = Rod(x)
        return rod.relax(4) * rod.u @ x

    check(f, V)


def test_methods_in_what_is_written():
    def f(x):
        rod = Rod(x)
        rod.diffuse()
        rod.mixed()
        return rod.u @ x

    check(f, V)


def test_history_and_what_a_method_returns():
    def f(x):
        rod = Rod(x)
        first, second = rod.record(), rod.record()
        return first * second + sum(np.sum(u**3) for u in rod.history)

    check(f, V)


def test_cache():
    def f(x):
        rod = Rod(x)
        rod.keep("a", x * 2.0)
        rod.keep("b", x[0])
        rod.keep("a", x * 3.0)
        return np.sum(rod.cache["a"] ** 2) * rod.cache["b"]

    check(f, V)


def test_update_of_the_whole_array():
    def f(x):
        rod = Rod(x)
        rod.grow()
        rod.step()
        rod.grow()
        return rod.u @ x

    check(f, V)


def test_return_from_a_loop_and_branches():
    def f(x):
        rod = Rod(x)
        rod.swap()
        return (rod.bounded(4) + 1.0) * rod.u @ x

    check(f, V)


def test_failure_between_two_writes():
    def f(x):
        rod = Rod(x)
        rod.failing(x)
        return rod.u @ x

    check(f, V)


def test_attributes_of_an_object_in_the_function_itself():
    def f(x):
        rod = Rod(x)
        rod.u[0] = x[1] * 2.0
        rod.u[1:] += x[0]
        np.multiply(rod.u, 2.0, out=rod.u)
        np.add.at(rod.u, [0, 0], x[3])
        rod.history.append(x[0] * x[1])
        rod.history.append(rod.u[0])
        rod.cache["z"] = x[2]
        return rod.u @ x + sum(rod.history) + rod.cache["z"] ** 2

    check(f, V)


def test_object_that_is_an_argument():
    def f(rod, x):
        rod.step()
        rod.u[0] = x[0]
        rod.history.append(x[1])
        return rod.u @ x * rod.history[0]

    rod = Rod(V)
    d_rod, d_x = grad(f, argnums=(0, 1))(rod, V)
    np.testing.assert_array_equal(rod.u, V)
    assert rod.history == []
    step = 1e-6
    for i, e in enumerate(np.eye(4) * step):
        assert d_x[i] == pytest.approx((f(Rod(V), V + e) - f(Rod(V), V - e)) / (2 * step))
        assert d_rod["u"][i] == pytest.approx((f(Rod(V + e), V) - f(Rod(V - e), V)) / (2 * step))


def test_checkpoint_of_a_simulation():
    def run(y):
        rod = Rod(y)
        for _ in range(3):
            rod.step()
        return rod.u @ rod.u

    check(lambda x: checkpoint(run)(x), V)


class Filter:
    def __init__(self, n):
        self.x = np.zeros(n)
        self.p = np.eye(n)

    def update(self, z):
        gain = self.p / 2.0
        self.x += gain @ (z - self.x)
        self.p -= 0.3 * gain @ self.p
        self.p[0, 0] += z[0]


def test_filter():
    def f(z):
        kalman = Filter(len(z))
        kalman.update(z)
        kalman.update(2.0 * z)
        return kalman.x @ kalman.x + np.sum(kalman.p**2)

    check(f, V)


class Buffers:
    def __init__(self, u):
        self.u = u.copy()
        self.new = np.zeros_like(u)

    def step(self):
        self.new[1:-1] = 0.5 * (self.u[2:] + self.u[:-2])
        self.new[0] = self.u[0]
        self.new[-1] = self.u[-1]
        self.u, self.new = self.new, self.u


def test_two_buffers_that_change_places():
    def f(x):
        buffers = Buffers(x)
        buffers.step()
        buffers.step()
        return buffers.u @ x

    check(f, V)


class Network:
    def __init__(self, w):
        self.w = w
        self.hidden = []

    def step(self, x):
        h = np.tanh(self.w @ x)
        self.hidden.append(h)
        return h


def test_history_of_what_a_method_returns():
    def f(w):
        network = Network(w)
        y = network.step(network.step(np.ones(3)))
        return np.sum(y**2) + sum(np.sum(h**3) for h in network.hidden) + np.sum(w**2)

    check(f, np.arange(9.0).reshape(3, 3) / 10.0)


class Store:
    def __init__(self, x):
        self.rows = [x.copy(), 2.0 * x]
        self.numbers = {"a": 0.0, "b": 0}
        self.sums = {"w": x * 1.0, "b": 0.0 * x}
        self.stack = [x[0], x[1], 2.0]
        self.queue = np.zeros(3)
        self.at = 0
        self.shape = x * 1.0

    def count(self, v):
        self.numbers["a"] += v
        self.numbers["b"] += v * v
        self.stack[1] += v

    def push(self, v):
        self.queue[self.at % len(self.queue)] = v
        self.at += 1

    def gather(self, key, v):
        self.sums[key] += v

    def edit(self, v):
        self.stack.insert(0, v)
        self.stack.pop()
        del self.stack[0]
        self.stack += [v, v]
        self.stack.extend([v, 1.0])
        self.numbers.update(c=v)
        self.numbers.pop("a")

    def last(self):
        return self.stack.pop()

    def put(self, key, v):
        self.numbers[key] = v
        self.numbers.setdefault(key + "_too", v)

    def bent(self, v):
        self.shape[0] = v
        self.shape *= 2.0


def test_counters_in_containers():
    def f(x):
        store = Store(x)
        store.count(x[0])
        store.count(x[1])
        return store.numbers["a"] * store.numbers["b"] + store.stack[1] ** 2

    check(f, V)


def test_sums_of_arrays_in_a_dictionary():
    def f(x):
        store = Store(x)
        store.gather("w", x**2)
        store.gather("b", x)
        store.gather("w", x)
        return np.sum(store.sums["w"] * store.sums["b"])

    check(f, V)


def test_ring_buffer():
    def f(x):
        store = Store(x)
        for v in x:
            store.push(v * v)
        return store.queue @ store.queue * store.queue[0]

    check(f, V)


def test_methods_of_lists_and_dictionaries():
    def f(x):
        store = Store(x)
        store.edit(x[0] * x[1])
        store.put("d", x[2])
        total = sum(v * i for i, v in enumerate(store.stack)) * store.numbers["c"]
        return total * store.numbers["d_too"] * store.last() * store.last()

    check(f, V)


def test_attribute_that_is_named_like_one_of_arrays():
    def f(x):
        store = Store(x)
        store.bent(x[1] ** 2)
        return store.shape @ x

    check(f, V)


@dataclass
class Record:
    u: np.ndarray
    sums: list = field(default_factory=list)

    def step(self, v):
        self.u[1:] = self.u[:-1] * v
        self.sums.append(np.sum(self.u))


class Slots:
    __slots__ = ("n", "u")

    def __init__(self, u):
        self.u = u.copy()
        self.n = 0.0

    def step(self):
        self.u[0] *= 2.0
        self.n += self.u[0]


def test_dataclass_and_slots():
    def f(x):
        record, slots = Record(x * 1.0), Slots(x)
        record.step(2.0)
        record.step(x[0])
        slots.step()
        slots.step()
        return record.u @ x * record.sums[1] + slots.u @ x * slots.n

    check(f, V)


def test_what_the_object_was_made_of_is_read_later_only_where_it_is_apart():
    def f(x):
        rod = Rod(x, x[3])
        rod.step()
        doubled = x * 2.0
        bare = Bare(doubled)
        bare.step()
        return rod.u @ x + np.sum(bare.u) * GRAVITY

    check(f, V)


# --- refused -----------------------------------------------------------------------------------------------------------------
class SameTwice:
    def __init__(self, u):
        self.u = u.copy()
        self.v = self.u

    def step(self):
        self.u[0] = 2.0 * self.v[1]


class WithProperty:
    def __init__(self, u):
        self.u = u.copy()

    @property
    def first(self):
        return self.u[0]

    def step(self):
        for _ in range(2):
            self.u[0] = self.u[0] * 2.0
            self.u[1] = self.first


class RowsTwice:
    def __init__(self, x):
        self.rows = [x, x]

    def step(self):
        self.rows[0] += 1.0


def whole_is_handed_out(x):
    rod = Rod(x)
    y = rod.whole()
    rod.step()
    return y @ y


def row_is_read_later(x):
    rod = Rod(x)
    return rod.seen_by_a_row() * rod.u @ x


def argument_is_held(x):
    rod = Bare(x)
    rod.step()
    return rod.u @ x


def value_is_held(x):
    y = x * 2.0
    rod = Bare(y)
    rod.u[0] = 1.0
    return rod.u @ y


def list_holds_it(x):
    rod, held = Rod(x), []
    for _ in range(2):
        rod.step()
        held.append(rod.u)
    return np.sum(held[0])


def list_is_read_later(x):
    rod = Rod(x)
    history = rod.history
    rod.record()
    return len(history) * rod.u @ x


def two_attributes(x):
    same = SameTwice(x)
    same.step()
    return same.v @ x


def property_is_read(x):
    made = WithProperty(x)
    made.step()
    return made.u @ x


def method_writes_as_well(x):
    rod = Rod(x)
    rod.added()
    return rod.u @ x


def argument_of_its_own_method(x):
    rod = Rod(x)
    return rod.weighed_by_itself() * rod.u @ x


def array_of_the_module(x):
    rod = Bare(TABLE)
    rod.u[0] = x[0]
    return rod.u @ x * TABLE[0]


def held_by_a_helper(x):
    y = 2.0 * x
    total = _stepped(y)
    return total * np.sum(y**2)


def _stepped(y):
    rod = Bare(y)
    rod.step()
    return np.sum(rod.u)


def row_of_rows(x):
    rows = RowsTwice(x * 1.0)
    rows.step()
    return np.sum(rows.rows[1])


def bound_in_the_round_before(x):
    rod = Rod(x)
    for i in range(3):
        if i > 0:
            x = x * seen[0]  # noqa: F821
        seen = rod.u  # noqa: F841
        rod.step()
    return rod.u @ x


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (whole_is_handed_out, "a change of the attribute `u` that `y` sees"),
        (row_is_read_later, "a change of the attribute `u` that `row` sees"),
        (argument_is_held, "a change of the attribute `u` that `x` sees"),
        (value_is_held, "a change of the attribute `u` that `y` sees"),
        (list_holds_it, "a change of the attribute `u` that `held` sees"),
        (list_is_read_later, "that `history` sees"),
        (two_attributes, r"`self\.u\[0\]` changes what the attribute `v` holds as well"),
        (
            property_is_read,
            r"`self\.u\[0\]` changes an attribute, and `first` of the class is read",
        ),
        (method_writes_as_well, r"`self\.heated`, where an attribute of `self` is being changed"),
        (argument_of_its_own_method, r"a change of the attribute `u` that `self\.u` sees"),
        (array_of_the_module, r"a change of the attribute `u` that `.*TABLE` sees"),
        (held_by_a_helper, "a change that `y` sees"),
        (row_of_rows, r"`self\.rows\[0\]` changes an array or a list that something else holds"),
        (bound_in_the_round_before, "`seen`"),
    ],
)
def test_change_that_something_else_sees_is_refused(f, what):
    before = V.copy()
    with pytest.raises(UnsupportedAliasError, match=what):
        value_and_grad(f)(V)
    np.testing.assert_array_equal(V, before)
    np.testing.assert_array_equal(TABLE, [1.0, 2.0, 3.0, 4.0])


class Nested:
    def __init__(self, x):
        self.rows = [x.copy()]
        self.rod = Rod(x)

    def inside(self):
        self.rows[0][1] = 3.0

    def of_a_part(self):
        self.rod.u[0] = 3.0


def test_change_inside_of_what_an_attribute_holds_is_refused():
    def inside(x):
        nested = Nested(x)
        nested.inside()
        return nested.rows[0] @ x

    with pytest.raises(KnetsrcError, match="a write into an element"):
        grad(inside)(V)


def test_array_of_an_object_that_an_attribute_holds():
    def of_a_part(x):
        nested = Nested(x)
        nested.of_a_part()
        return nested.rod.u @ x

    check(of_a_part, V)


def test_object_and_array_that_are_one():
    def f(rod, x):
        rod.step()
        return rod.u @ x

    with pytest.raises(UnsupportedAliasError, match="`u` that `x` sees"):
        grad(f, argnums=(0, 1))(Bare(V), V)


# --- local names for attributes -------------------------------------------------------------------------------------------------
class Wave:
    def __init__(self, u):
        self.u, self.v = u.copy(), 0.5 * u
        self.turns, self.heights = 0, []

    def leap(self):
        u, v, turns = self.u, self.v, self.turns
        turns += 1
        v[1:-1] += 0.1 * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        for i in range(len(v)):
            u[i] = u[i] + 0.1 * v[i]
        self.turns = turns

    def record(self):
        heights, u = self.heights, self.u
        heights.append(u[0] ** 2)
        np.multiply(u, 1.1, out=u)

    def renew(self):
        self.u = self.u * 2.0

    def renewed_between(self):
        u = self.u
        self.renew()
        u[0] = 1.0

    def assigned_between(self):
        u = self.u
        self.u = u * 2.0
        u[0] = 5.0

    @property
    def doubled(self):
        return self.u * 2.0

    def of_property(self):
        u = self.doubled
        u[0] = 3.0
        return u

    def energy(self):
        return np.sum(self.u**2) + np.sum(self.v * self.u) + self.turns


def wave_leaps(x):
    wave = Wave(x)
    for _ in range(3):
        wave.leap()
    return wave.energy()


def wave_records(x):
    wave = Wave(x)
    for _ in range(2):
        wave.record()
    return wave.energy() + sum(wave.heights)


def wave_of_the_function(x):
    wave = Wave(x)
    u = wave.u
    for i in range(1, len(u)):
        u[i] += u[i - 1] * wave.v[i]
    return wave.energy()


def wave_of_property(x):
    wave = Wave(x)
    return np.sum(wave.of_property()) * wave.energy()


@pytest.mark.parametrize("f", [wave_leaps, wave_records, wave_of_the_function, wave_of_property])
def test_local_name_for_what_an_attribute_holds(f):
    check(f, V)


def test_local_name_for_what_an_attribute_has_held_is_refused():
    def renewed_between(x):
        wave = Wave(x)
        wave.renewed_between()
        return wave.energy()

    def assigned_between(x):
        wave = Wave(x)
        wave.assigned_between()
        return wave.energy()

    for f in (renewed_between, assigned_between):
        with pytest.raises(UnsupportedAliasError, match="may see"):
            grad(f)(V)


# --- what an object made in a method holds ----------------------------------------------------------------------------------
class OfAnother:
    def __init__(self, u):
        self.u = u

    def put(self, e):
        self.u[0] = e


class OfParts:
    def __init__(self, w):
        self.w = w

    def of_view(self):
        made = OfAnother(self.w)
        made.u[0] = 5.0
        return np.sum(made.u)

    def of_view_by_a_method(self):
        made = OfAnother(self.w)
        made.put(5.0)
        return np.sum(made.u)

    def of_copy(self):
        made = OfAnother(self.w.copy())
        made.u[0] = 5.0
        return np.sum(made.u * self.w)


@pytest.mark.parametrize("method", ["of_view", "of_view_by_a_method"])
def test_array_of_an_object_that_one_made_of_it_changes_is_refused(method):
    def seen_by_the_object(x):
        rod = OfParts(x * 1.0)
        a = rod.of_view() if method == "of_view" else rod.of_view_by_a_method()
        return a * np.sum(rod.w**2)

    def seen_by_a_name(x):
        w = x * 1.0
        rod = OfParts(w)
        a = rod.of_view() if method == "of_view" else rod.of_view_by_a_method()
        return a * np.sum(w**2)

    for f in (seen_by_the_object, seen_by_a_name):
        with pytest.raises(UnsupportedAliasError, match=r"a change that `.*` sees"):
            grad(f)(V)


def test_copy_of_an_array_of_an_object_that_one_made_of_it_changes():
    def f(x):
        rod = OfParts(x * 1.0)
        return rod.of_copy() * np.sum(rod.w**2)

    check(f, V)
