"""Attributes that are written: of objects that the function makes, and of arguments."""

from dataclasses import FrozenInstanceError, dataclass

import numpy as np
import pytest

from knetsrc import KnetsrcError, UnsupportedAliasError, grad
from language.checking import V, check


@dataclass
class State:
    pos: float
    vel: float
    steps: int = 0


@dataclass(slots=True)
class Slotted:
    a: float
    b: float


@dataclass(frozen=True)
class Frozen:
    a: float


class Body:
    def __init__(self, place, mass):
        self.place = place
        self.mass = mass
        self.age = 0

    def energy(self):
        return 0.5 * self.mass * np.sum(self.place**2)


class Guarded:
    def __init__(self, value):
        self._value = value

    @property
    def value(self):
        return self._value

    @value.setter
    def value(self, new):
        self._value = new * 2.0


def test_state_in_a_loop():
    def f(x, n):
        s = State(x, 0.0)
        for _ in range(n):
            s.vel = s.vel - 0.1 * np.sin(s.pos)
            s.pos += 0.1 * s.vel
            s.steps += 1
        return s.pos * s.vel * s.steps

    check(f, 0.7, 3)


def test_object_with_arrays():
    def f(x, n):
        body = Body(x, 2.0)
        total = 0.0
        for _ in range(n):
            body.place = np.sin(body.place) * body.mass
            body.mass = body.mass * 0.9
            total = total + body.energy()
        return total + np.sum(body.place) + body.age

    check(f, V, 3)


def test_argument_is_left_alone():
    def f(s, x):
        s.vel = s.vel * x
        s.pos, s.vel = s.vel * s.pos, np.sin(s.pos)
        return s.pos * s.vel + s.steps

    check(f, State(0.5, 1.5, 3), 0.7)


def test_object_in_one_branch():
    def f(x, flag):
        s = State(x, 2.0)
        if flag:
            s.pos = x * s.vel
        else:
            s = State(x * x, s.pos)
            s.vel *= 3.0
        return s.pos * s.vel

    check(f, 0.7, True)
    check(f, 0.7, False)


def test_attribute_that_is_new():
    def f(x):
        body = Body(x, 2.0)
        body.charge = body.mass * x
        body.mass = body.charge = np.sum(body.charge) * body.mass
        return np.sum(body.charge * body.place)

    check(f, V)


def test_object_is_returned():
    def f(x):
        s = State(x, 1.0)
        s.vel = x * s.pos
        return s

    check(f, 0.7)


def test_object_of_each_round():
    def f(xs):
        total = 0.0
        for x in xs:
            s = State(x, total)
            s.pos = s.pos * s.vel + x
            total = total + np.sin(s.pos)
        return total

    check(f, [0.5, -1.2, 2.0])


def test_attribute_that_holds_an_array_is_not_added_to_in_place():
    def f(x):
        body = Body(x, 2.0)
        body.place += 1.0
        return np.sum(body.place * x)

    with pytest.raises(UnsupportedAliasError, match="changes in place a value"):
        grad(f)(V)


@dataclass
class Point:
    x: float
    self_: float = 1.0


def test_attribute_that_is_named_like_a_parameter():
    def f(a):
        p = Point(a)
        with np.errstate(all="ignore"):
            p.x = a * a
        for _ in range(2):
            if p.x > 10.0:
                break
            p.x *= 1.5 * a
        return p.x

    check(f, 0.7)


class Shared:
    rate = 3.0
    count = 0.0

    def counted(self, x):
        self.count = self.count + x * self.rate
        return self.count


def test_write_to_an_attribute_of_the_class():
    def f(x):
        shared = Shared()
        shared.rate = x * 2.0
        return shared.rate * x + shared.counted(x)

    with pytest.raises(UnsupportedAliasError, match=r"`shared\.rate`, an attribute"):
        grad(f)(0.7)


def test_attribute_that_starts_as_one_of_the_class():
    def f(x):
        shared = Shared()
        return shared.counted(x) * shared.counted(x * x) + shared.count

    check(f, 0.7)


def test_dataclass_with_slots():
    def f(x):
        s = Slotted(x, 1.0)
        s.b = s.a * x
        s.a *= s.b
        return s.a * s.b

    check(f, 0.7)


def test_frozen_dataclass_says_so():
    def f(x):
        s = Frozen(x)
        s.a = x * x
        return s.a

    with pytest.raises(FrozenInstanceError):
        grad(f)(0.7)


def test_write_that_calls_a_setter():
    def f(x):
        g = Guarded(x)
        g.value = x * 3.0
        return g._value

    with pytest.raises(UnsupportedAliasError, match="attribute `value` of a Guarded"):
        grad(f)(0.7)


# --- refused ----------------------------------------------------------------------------------------------------------------
def second_name(x):
    s = State(x, 1.0)
    t = s
    s.pos = x * x
    return t.pos


def held_by_a_list(x):
    s = State(x, 1.0)
    held = [s]
    s.pos = x * x
    return held[0].pos


def held_by_an_object(x):
    s = State(x, 1.0)
    body = Body(s, 1.0)
    s.pos = x * x
    return body.place.pos


def handed_to_a_function(x):
    s = State(x, 1.0)
    t = _same(s)
    s.pos = x * x
    return t.pos


def written_by_a_helper(x):
    s = State(x, 1.0)
    _advance(s)
    return s.pos


def read_by_an_inner_function(x):
    s = State(x, 1.0)

    def position():
        return s.pos

    s.pos = x * x
    return position()


def appended_to_a_list(x):
    s = State(x, 1.0)
    held = []
    held.append(s)
    s.pos = x * x
    return held[0].pos


def appended_on_one_way(x):
    s = State(x, 1.0)
    held = []
    if x > 0.0:
        held.append(s)
    s.pos = x * x
    return held[0].pos


def appended_in_the_round_before(x):
    s = State(x, 1.0)
    held = []
    for _ in range(2):
        s.pos = s.pos * x
        held.append(s)
    return held[0].pos


def held_by_a_dictionary(x):
    s = State(x, 1.0)
    held = dict(a=s)
    s.pos = x * x
    return held["a"].pos


def greatest(x):
    s = State(x, 1.0)
    t = max(s, State(x - 1.0, 1.0), key=position)
    s.pos = x * x
    return t.pos


def position(s):
    return s.pos


def _same(s):
    return s


def _advance(s):
    s.pos = s.pos * 2.0


@pytest.mark.parametrize(
    "f",
    [
        second_name, held_by_a_list, held_by_an_object, handed_to_a_function, written_by_a_helper,
        read_by_an_inner_function, appended_to_a_list, appended_on_one_way, appended_in_the_round_before,
        held_by_a_dictionary, greatest,
    ],
)  # fmt: skip
def test_object_that_something_else_holds_is_refused(f):
    with pytest.raises(KnetsrcError):
        grad(f)(0.7)


def test_object_that_is_two_arguments():
    def f(s, t):
        s.pos = s.pos * 2.0
        return s.pos * t.pos

    s = State(0.5, 1.5)
    with pytest.raises(UnsupportedAliasError, match="at two places"):
        grad(f)(s, s)
    assert s.pos == 0.5


# --- methods that write to their object ----------------------------------------------------------------------------------------
class Cell:
    def __init__(self, w, h):
        self.w = w
        self.h = h
        self.calls = 0

    def step(self, x):
        self.h = np.tanh(self.w * x + self.h)
        return self.h

    def twice(self, x):
        return self.step(x) * self.step(x * 0.5)

    def reset(self):
        self.h = self.h * 0.0

    def both(self, x):
        self.calls += 1
        self.h = self.h + x
        return self.h, x * self.calls

    def energy(self):
        return np.sum(self.h * self.h)

    def __call__(self, x):
        return self.step(x) + self.energy()

    def itself(self):
        self.calls += 1
        return self

    @property
    def counted(self):
        self.calls += 1
        return self.h


class Damped(Cell):
    def step(self, x):
        y = super().step(x) * 0.5
        self.h = self.h * 0.9
        return y


CAPTURED = Cell(0.5, 0.1)


class Sigmoid:
    def __init__(self):
        self.out = 0.0

    def forward(self, x):
        self.out = 1.0 / (1.0 + np.exp(-x)) + self.out
        return self.out


def test_attribute_that_is_named_like_an_option_of_numpy():
    def f(x):
        layer = Sigmoid()
        return np.sum(layer.forward(layer.forward(x)) * layer.out)

    check(f, V)


def test_recurrent_cell():
    def f(w, xs):
        cell = Cell(w, np.zeros(4))
        total = 0.0
        for x in xs:
            total = total + np.sum(cell.step(x) ** 2)
        return total + np.sum(cell.h)

    check(f, V, [0.5, -1.2, 2.0])


@pytest.mark.parametrize("kind", [Cell, Damped])
def test_method_that_calls_methods(kind):
    def f(w, x):
        cell = kind(w, 0.3)
        y = cell.twice(x) + cell(x) * cell.twice(w)
        cell.reset()
        z = cell(x)
        return y * z + cell.energy()

    check(f, 0.7, 0.4)


def test_method_in_conditions_and_branches():
    def f(w, xs):
        cell = Cell(w, 0.1)
        total = 0.0
        for x in xs:
            if cell.step(x) > 0.0:
                total = total + cell.energy() * cell.calls
                a, b = cell.both(x)
                total = total + a * b
            else:
                cell.reset()
        while cell.calls < 5:
            total = total + cell.both(total)[1]
        return total + cell.h

    check(f, 0.7, [0.5, -1.2, 2.0])


def test_object_that_is_an_argument():
    def f(cell, xs):
        for x in xs:
            cell.step(x)
        cell.w = cell.w * cell.h
        return cell.twice(xs[0]) * cell.w

    cell = Cell(0.7, 0.1)
    slope = grad(f)(cell, [0.5, 1.5])
    assert (cell.w, cell.h, cell.calls) == (0.7, 0.1, 0)

    def at(w, h):
        return f(Cell(w, h), [0.5, 1.5])

    step = 1e-6
    assert slope["w"] == pytest.approx((at(0.7 + step, 0.1) - at(0.7 - step, 0.1)) / (2 * step))
    assert slope["h"] == pytest.approx((at(0.7, 0.1 + step) - at(0.7, 0.1 - step)) / (2 * step))


def test_two_objects_of_one_class():
    def f(w, xs):
        a, b = Cell(w, 0.1), Cell(w * w, 0.2)
        for x in xs:
            b.step(a.step(x))
        return a.h * b.h

    check(f, 0.7, [0.5, -1.2])


def captured(x):
    return CAPTURED.step(x)


def appended(x):
    cell = Cell(x, 0.1)
    cells = []
    cells.append(cell)
    cell.step(x)
    return cells[0].h


def appended_before(x):
    cell = Cell(x, 0.1)
    cells = []
    while len(cells) < 2 and cell.step(x) > 0.0:
        cells.append(cell)
    return cells[0].h


def copied(x):
    cell = Cell(x, 0.1)
    same = cell
    cell.step(x)
    return same.h


def handed_out(x):
    cell = Cell(x, 0.1)
    same = cell.itself()
    cell.step(x)
    return same.h


def called_on_the_class(x):
    cell = Cell(x, 0.1)
    y = Cell.step(cell, x)
    return y * cell.h


def inside_of_another(x):
    cell = Cell(x, 0.1)
    body = Body(cell, 1.0)
    cell.step(x)
    return body.place.h


def part_of_another(x):
    body = Body(Cell(x, 0.1), 1.0)
    body.place.step(x)
    return body.place.h


def read_of_a_property_that_writes(x):
    cell = Cell(x, 0.1)
    return cell.counted * cell.calls


def in_a_comprehension(x):
    cell = Cell(x, 0.1)
    return sum([cell.step(x) for _ in range(3)])


@pytest.mark.parametrize(
    "f",
    [
        captured, appended, appended_before, copied, handed_out, called_on_the_class, inside_of_another, part_of_another,
        read_of_a_property_that_writes,
    ],
)  # fmt: skip
def test_method_that_something_else_may_notice_is_refused(f):
    with pytest.raises(KnetsrcError):
        grad(f)(0.7)
    assert (CAPTURED.h, CAPTURED.calls) == (0.1, 0)


def test_object_is_put_into_a_list_when_it_is_complete():
    def f(xs):
        cells, states = [], []
        for x in xs:
            cell = Cell(x, 0.1)
            s = State(x, 1.0)
            cell.step(x)
            cells.append(cell)
            s.vel = s.pos * x
            states.append(s)
        return sum(c.energy() * c.h for c in cells) * states[1].vel + states[0].vel

    check(f, V)


def test_method_in_a_comprehension():
    check(in_a_comprehension, 0.7)


# --- containers that are filled as attributes ------------------------------------------------------------------------------------
class Joint:
    def __init__(self, angle):
        self.angle = angle

    def turn(self):
        c, s = np.cos(self.angle), np.sin(self.angle)
        return np.array([[c, -s], [s, c]])


class Arm:
    def __init__(self, angles):
        self.joints = []
        self.count = 0
        for angle in angles:
            self.joints.append(Joint(angle * 2.0))
            self.count += 1
        self.first = Joint(angles[0]).turn()

    def place(self):
        m = self.first
        for joint in self.joints:
            m = m @ joint.turn()
        return m[0] * len(self.joints) * self.count


class Perceptron:
    def __init__(self, w, depth):
        self.params: dict = {}
        self.depth = depth
        for i in range(depth):
            self.params["w" + str(i)] = w * (i + 1.0)
            self.params[f"b{i}"] = np.sum(w) * i
        self.params["w0"] *= 3.0
        self.scale = self.params["w0"]

    def run(self, x):
        for i in range(self.depth):
            x = np.tanh(x * self.params["w" + str(i)] + self.params[f"b{i}"])
        return x * self.scale


class ByName(Joint):
    def __init__(self, w):
        super().__init__(w[2])
        self.joints = {}
        self.joints["a"] = Joint(w[0])
        self.joints["b"] = Joint(w[1])

    def turn(self):
        return super().turn() @ self.joints["a"].turn() @ self.joints["b"].turn()


class Series:
    def __init__(self, p):
        self.rows = []
        self.sums = []
        for i in range(3):
            self.rows.append(p * i)
            self.sums.append(self.rows[i] * p)
        self.rows[0] = self.sums[-1]

    def total(self, x):
        return np.sum(sum(self.rows) * x + self.sums[2])


def test_list_of_objects_that_init_fills():
    check(lambda angles: np.sum(Arm(angles).place()), V)


def test_dictionary_that_init_fills():
    def f(w, x):
        return np.sum(Perceptron(w, 3).run(x))

    check(f, V, V[::-1])


def test_dictionary_of_objects_that_init_fills():
    check(lambda w: np.sum(ByName(w).turn()[0]), V)


def test_two_lists_that_init_fills():
    def f(w, x):
        return Series(w).total(x)

    check(f, V, V[::-1])


def test_list_of_an_object_that_the_function_fills():
    def f(x):
        body = Body(x, 2.0)
        body.history = []
        for _ in range(3):
            body.mass = body.mass * 0.9
            body.history.append(x * body.mass)
        return sum(np.sum(h * h) for h in body.history) + body.energy()

    check(f, V)


class SeenByAMethod:
    def __init__(self, p):
        self.rows = []
        self.rows.append(p)
        self.note(p)
        self.rows.append(p * p)

    def note(self, p):
        self.half = self.rows[0] * 0.5 * p


class SeenByAProperty(SeenByAMethod):
    def __init__(self, p):
        self.rows = []
        self.rows.append(p)
        self.half = self.size * p
        self.rows.append(p * p)

    @property
    def size(self):
        return len(self.rows)


class WithASecondName(SeenByAMethod):
    def __init__(self, p):
        self.rows = []
        rows = self.rows
        self.rows.append(p)
        rows.append(p * p)
        self.half = p
        self.rows.append(p)


class HeldTwice(SeenByAMethod):
    def __init__(self, p):
        self.rows = []
        self.rows.append(p)
        self.half = self.rows
        self.rows.append(p * p)


class HeldByAnotherName(SeenByAMethod):
    def __init__(self, p):
        rows = [p]
        self.rows = rows
        self.half = p
        rows.append(p * p)


class LeftEarly(SeenByAMethod):
    def __init__(self, p):
        self.rows = []
        self.half = p
        for _ in range(3):
            if len(self.rows) == 2:
                return
            self.rows.append(p)


class HoldsWhatChanges(SeenByAMethod):
    def __init__(self, p):
        self.rows = []
        self.half = State(p, 1.0)
        state = State(p, 1.0)
        self.rows.append(state)
        state.pos = p * p


@pytest.mark.parametrize(
    "kind",
    [SeenByAProperty, WithASecondName, HeldTwice, HeldByAnotherName, HoldsWhatChanges],
)
def test_list_that_init_fills_and_something_else_sees_is_refused(kind):
    def f(x):
        made = kind(x)
        return np.sum(made.half) * len(made.rows)

    with pytest.raises(KnetsrcError):
        grad(f)(0.7)


@pytest.mark.parametrize("kind", [SeenByAMethod, LeftEarly])
def test_list_that_grows_as_an_attribute_while_something_else_is_done(kind):
    def f(x):
        made = kind(x)
        return np.sum(made.half) * len(made.rows)

    check(f, 0.7)


# --- two attributes that hold dicts ----------------------------------------------------------------------------------------
class WithMoments:
    def __init__(self, p):
        self.p = p
        self.m = {k: np.zeros_like(v) for k, v in p.items()}

    def step(self, g):
        for k in self.p:
            self.m[k] = 0.9 * self.m[k] + 0.1 * g[k]
            self.p[k] = self.p[k] - 0.1 * self.m[k]


def test_entries_of_two_dicts_that_an_object_holds():
    def f(x):
        o = WithMoments({"w": x, "b": x * 2.0})
        for i in range(3):
            o.step({k: np.sin(v) * i for k, v in o.p.items()})
        return np.sum(o.p["w"] * o.m["b"]) * o.p["b"][0]

    check(f, V)
    check(lambda p: np.sum(WithMoments(dict(p)).p["w"] ** 2), {"w": V})


class Sharing:
    def __init__(self, p):
        self.p, self.m = dict(p), dict(p)

    def step(self, x):
        for k in list(self.p):
            self.m[k] = self.m[k] * x
            self.p[k][0] = x[1]

    def update(self, x):
        for k in list(self.p):
            self.m[k] = self.m[k] * x
            self.p[k] += x


def written_into(x):
    o = Sharing({"w": x * 2.0, "b": x * 3.0})
    kept = o.m["w"]
    o.step(x)
    return np.sum(o.p["w"] * o.m["b"] * kept)


def updated(x):
    o = Sharing({"w": x * 2.0, "b": x * 3.0})
    kept = o.m["w"]
    o.update(x)
    return np.sum(o.p["w"] * o.m["b"] * kept)


@pytest.mark.parametrize("f", [written_into, updated])
def test_arrays_in_two_dicts_that_an_object_holds_are_refused_or_right(f):
    try:
        grad(f)(V)
    except KnetsrcError:
        return
    check(f, V)


def element_of_a_list(x):
    states = [State(x, 1.0), State(x * x, 2.0)]
    for s in states:
        s.pos = s.pos * s.vel
    return states[0].pos


def in_a_list(x):
    cells = [Cell(x, 0.1), Cell(x, 0.2)]
    for cell in cells:
        x = cell.step(x)
    return x + cells[0].h


@pytest.mark.parametrize("f", [element_of_a_list, in_a_list])
def test_object_in_a_list_that_is_made_there(f):
    check(f, 0.7)
