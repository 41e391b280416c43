"""Objects with operators and methods like those of arrays, where it takes some following to know their class."""

import functools
import math
import operator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

from knetsrc import KnetsrcError, grad
from knetsrc.errors import UnsupportedSyntaxError
from language.checking import check

X = np.array([1.3, 1.9])


class Log:
    """A number, held as its logarithm; what it does is nothing that an array does."""

    def __init__(self, l):  # noqa: E741
        self.l = l

    def __add__(self, o):
        return Log(np.logaddexp(self.l, o.l))

    def __radd__(self, o):
        return Log(o + self.l)

    def __sub__(self, o):
        return Log(self.l * o.l)

    def __rsub__(self, o):
        return Log(o / self.l)

    def __mul__(self, o):
        return Log(self.l + o.l)

    def __pow__(self, n):
        return Log(self.l * n)

    def __pos__(self):
        return Log(2 * self.l)

    def __floordiv__(self, o):
        return Log(self.l / o.l)

    def conj(self):
        return Log(-self.l)

    def copy(self):
        return Log(self.l**2)

    def round(self):
        return Log(self.l**2)

    def mean(self):
        return self.l**2

    def exp(self):
        return Log(self.l**3)

    def keys(self):
        return [self.l, self.l**2]

    @property
    def size(self):
        return self.l**2

    @property
    def T(self):  # noqa: N802
        return self.l * 3

    @classmethod
    def of(cls, x):
        return cls(np.log(x))

    @staticmethod
    def make(x):
        return Log(np.log(x))


class Pair(NamedTuple):
    x: float
    y: float

    def __add__(self, o):
        return Pair(self.x * o.x, self.y * o.y)


@dataclass
class Cell:
    w: float

    def copy(self):
        return Cell(self.w**2)

    def mean(self):
        return self.w**2

    def __add__(self, o):
        return Cell(self.w * o.w)


@dataclass
class Other(Cell):
    def mean(self):
        return self.w**4


class Holder:
    def __init__(self, x):
        self.items = [Log(v) for v in x]
        self.first = self.items[0]
        self.made = of(x[1])

    def total(self):
        return (self.first + self.made).l


def of(x):
    return Log(np.log(x))


def both(x):
    return Log(np.log(x[0])), Log(np.log(x[1]))


def table(x):
    return {"p": of(x[0]), "q": of(x[1])}


def recursive(x, n):
    return Log(x[0]) if n == 0 else recursive(x, n - 1) + Log(x[n])


def pair(x):
    return Pair(x[0], x[1])


def unpacked(x):
    a, b = both(x)
    return (a + b).l


def by_key(x):
    d = table(x)
    return (d["p"] + d["q"]).l


def largest(x):
    m = max([Log(x[0]), Log(x[1])], key=lambda t: t.l)
    return (m + Log(x[0])).l


def elements(x):
    ls = [of(v) for v in x]
    return (ls[0] + ls[1]).l


def none_first(x):
    s = None
    for v in x:
        s = Log(v) if s is None else s + Log(v)
    return s.l


def entries(x):
    d = {i: Log(v) for i, v in enumerate(x)}
    t = d[0]
    for o in d.values():
        t = t - o
    return t.l


def stack(x):
    st = []
    st.append(of(x[0]))
    st.append(of(x[1]))
    return (st.pop() - st.pop()).l


FOLLOWED = [
    lambda x: (of(x[0]) + of(x[1])).l,
    lambda x: (Log.of(x[0]) + Log.of(x[1])).l,
    lambda x: (Log.make(x[0]) - Log.make(x[1])).l,
    lambda x: recursive(x, 1).l,
    lambda x: (pair(x) + pair(x)).x,
    lambda x: ((Log(x[0]) if x[0] > 1 else of(x[0])) + of(x[1])).l,
    lambda x: (+of(x[0])).l,
    lambda x: (of(x[0]) // of(x[1])).l,
    lambda x: (of(x[0]) ** 3 * of(x[1])).l,
    lambda x: of(x[0]).conj().l,
    lambda x: of(x[0]).copy().l,
    lambda x: of(x[0]).round().l,
    lambda x: of(x[0]).mean() + of(x[0]).size + of(x[1]).T + x[1],
    lambda x: Holder(x).total(),
    lambda x: functools.reduce(lambda p, q: p + q, [Log(v) for v in x]).l,
    unpacked, by_key, largest, elements, none_first, entries, stack,
]  # fmt: skip


@pytest.mark.parametrize("f", FOLLOWED)
def test_class_of_a_result_is_followed(f):
    check(f, X)


def sum_from_zero(x):
    t = 0.0
    for v in x:
        t = t - Log(v)
    return t.l


def of_two_kinds(x):
    t = 0.0
    for o in [Log(x[0]), Cell(x[1])]:
        t = t + o.mean()
    return t


LOST = [
    (sum_from_zero, "__sub__"),
    (lambda x: ([of(x[0]), 1.0][0] + of(x[1])).l, "__add__"),
    (lambda x: np.exp([of(x[0]), 1.0][0]).l, "exp"),
    (lambda x: ({"a": Log(x[0]), "b": 1.0}["a"] - Log(x[1])).l, "__sub__"),
]


@pytest.mark.parametrize(("f", "member"), LOST)
def test_operation_of_an_object_of_a_class_that_is_lost_is_refused(f, member):
    with pytest.raises(UnsupportedSyntaxError) as refused:
        grad(f)(X)
    assert refused.value.message == f"`{member}` of an object of the class `Log`"
    assert refused.value.instead.startswith("let each name, and each list, hold objects of one")


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.exp(Log(x[0])).l,
        lambda x: np.exp(of(x[0])).l,
        lambda x: np.add(Log(x[0]), Log(x[1])).l,
        lambda x: np.subtract(x[0], of(x[1])).l,
    ],
)
def test_elementwise_function_of_an_object_is_refused(f):
    f(X)
    with pytest.raises(KnetsrcError, match="of an object of the class Log"):
        grad(f)(X)


TWO = [Cell(0.5), Cell(0.3)]
HELD = [
    (lambda x, ps: sum(w * d.copy().w for d, w in ps) * x, [(Cell(0.5), 1.0)]),
    (lambda x, ps: sum(w * d.mean() for d, w in ps) * x, [(Cell(0.5), 1.0)]),
    (lambda x, ds: sum(e["w"] * e["d"].mean() for e in ds) * x, [{"d": TWO[0], "w": 1.0}]),
    (lambda x, ls: sum(e.mean() for e in ls) * x, [TWO[0], Other(0.3)]),
    (lambda x, ls: sum(e.mean() for e in ls if e is not None) * x, [None, TWO[0]]),
]


@pytest.mark.parametrize(("f", "held"), HELD)
def test_methods_of_objects_beside_others_in_a_container(f, held):
    check(f, 0.7, held)


def test_method_named_like_one_of_arrays_of_objects_of_two_classes():
    check(of_two_kinds, X)


def test_objects_in_containers_of_their_own():
    def of_list(x, ls):
        return sum(d.copy().w for d in ls) * x

    def of_zip(x, ls):
        d = dict(zip("ab", ls, strict=True))
        return (d["a"] + d["b"]).w * x

    _, cells = grad(of_list, argnums=(0, 1))(0.7, TWO)
    assert [c.w for c in cells] == pytest.approx([0.7, 0.42])
    found, cells = grad(of_zip, argnums=(0, 1))(0.7, TWO)
    assert [found, *(c.w for c in cells)] == pytest.approx([0.15, 0.21, 0.35])


class Dual:
    k = 3.0

    def __init__(self, v, d=0.0):
        self.v, self.d = v, d

    @staticmethod
    def lift(o):
        return o if isinstance(o, Dual) else Dual(o)

    @staticmethod
    def scaled(o):
        return o.k * o.v

    def __add__(self, o):
        o = Dual.lift(o)
        return Dual(self.v + o.v, self.d + o.d)

    __radd__ = __add__

    def __mul__(self, o):
        o = Dual.lift(o)
        return Dual(self.v * o.v, self.v * o.d + self.d * o.v)

    def sin(self):
        return Dual(np.sin(self.v), np.cos(self.v) * self.d)


class Scale:
    k = 7.0

    def __init__(self, v):
        self.v = v


def of_duals(a, b):
    return a * b + a.sin() * 2.0 + (1.0 + b)


@dataclass
class State:
    p: np.ndarray
    v: np.ndarray

    def __add__(self, o):
        return State(self.p + o.p, self.v + o.v)

    def __mul__(self, s):
        return State(self.p * s, self.v * s)

    __rmul__ = __mul__


def pendulum(s):
    return State(s.v, -np.sin(s.p))


def runge_kutta(f, s, h):
    k1 = f(s)
    k2 = f(s + k1 * (h / 2))
    k3 = f(s + k2 * (h / 2))
    k4 = f(s + h * k3)
    return s + (k1 + 2.0 * k2 + 2.0 * k3 + k4) * (h / 6)


def steps(x):
    s = State(x, x * 0.5)
    for _ in range(3):
        s = runge_kutta(pendulum, s, 0.1)
    return np.sum(s.p**2 + s.v)


class Matrix:
    def __init__(self, a):
        self.a = a

    def __matmul__(self, o):
        return Matrix(self.a @ o.a)

    @property
    def T(self):  # noqa: N802
        return Matrix(self.a.T * 2.0)

    def sum(self):
        return np.sum(self.a) * 3


def matrix(x, k):
    return Matrix(np.outer(x, x) * k + np.eye(2))


def products(x):
    m = matrix(x, 1.0)
    for k in range(2):
        m = m @ matrix(x, k + 1.0).T
    return m.sum()


@pytest.mark.parametrize(
    "f",
    [
        lambda x: of_duals(Dual(x[0], 1.0), Dual(x[1])).d,
        lambda x: Dual.scaled(Scale(x[0])) + Dual.lift(x[1]).v * Dual.lift(Dual(x[0])).v,
        steps,
        products,
    ],
)
def test_objects_that_functions_make_and_take(f):
    check(f, X)


class Vec:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, o):
        return Vec(self.x + o.x, self.y + o.y)

    def __mul__(self, s):
        return Vec(self.x * s, self.y * s)

    def dot(self, o):
        return self.x * o.x + self.y * o.y


def length(a, b):
    return np.sqrt(a * a + b)


def spring(p, k, dt=0.1):
    pos, vel = Vec(p[0], p[1]), Vec(0.0, 0.0)
    for i in range(3):
        force = pos * (-k * (i + 1))
        vel = vel + force * dt
        pos = pos + vel * dt
    return pos.dot(pos) + length(pos.x, pos.y) + np.sum(p[1:] * 3)


def test_numbers_in_objects_are_not_checked():
    check(spring, X, 2.0)
    gradient = grad(spring)
    gradient(X, 2.0)
    assert "without_member" not in gradient.source


# --- operators that are written with an assignment, functions of Python that call a method -----------------------------------
class Changing:
    """`a *= b` is not `a = a * b`."""

    def __init__(self, v):
        self.v = v

    def __imul__(self, o):
        return Changing(self.v * o * 3.0)

    def __iadd__(self, o):
        return Changing(self.v + o**2)


class ChangingOrNot(Changing):
    def __mul__(self, o):
        return ChangingOrNot(self.v * o)

    def __add__(self, o):
        return ChangingOrNot(self.v + o)


def name_in_place(x, kind):
    b = kind(x[0])
    b *= x[1]
    return b.v**2


def loop_in_place(x, kind):
    for o in [kind(x[0]), kind(x[1])]:
        o *= x[1]
    return o.v


def element_in_place(x, kind):
    b = [kind(x[0]), kind(x[1])]
    b[0] *= x[1]
    return b[0].v


def element_longer(x, kind):
    b = [kind(x[0]), kind(x[1])]
    for i in range(2):
        b[i] += x[i]
    return b[0].v * b[1].v


def entry_longer(x, kind):
    b = {"a": kind(x[0])}
    b["a"] += x[1]
    return b["a"].v


def changed(b, x):
    b *= x
    return b.v


def helper_in_place(x, kind):
    return changed(kind(x[0]), x[1])


def attribute_in_place(x, kind):
    holder = Holder(x)
    holder.inner = kind(x[0])
    holder.inner *= x[1]
    return holder.inner.v


@pytest.mark.parametrize("kind", [Changing, ChangingOrNot])
@pytest.mark.parametrize(
    "f",
    [name_in_place, loop_in_place, element_in_place, element_longer, entry_longer, helper_in_place, attribute_in_place],
)  # fmt: skip
def test_operator_in_place_of_a_class_is_refused(f, kind):
    with pytest.raises(KnetsrcError, match=r"__i(mul|add)__|changes in place"):
        grad(lambda x: f(x, kind))(X)


class Squaring:
    def __init__(self, v):
        self.v = v

    def __add__(self, o):
        return Squaring(self.v + o * o)


def element_that_adds(x):
    b, c, a = [Squaring(x[0]), Squaring(x[1])], {"c": Squaring(x[0])}, np.zeros(2)
    for i in range(2):
        b[i] += x[i]
        a[i] += x[1 - i] ** 2
    c["c"] += x[1] + a[0]
    return b[0].v * b[1].v + c["c"].v * a[1]


def added_to_first(bs, x):
    bs[0] += x
    return bs[0].v


def test_element_is_added_to_by_the_method_of_its_class():
    check(element_that_adds, X)
    check(lambda x: added_to_first([Squaring(x[0])], x[1]) ** 2, X)


def test_element_of_a_list_of_several_kinds_that_is_added_to_is_refused():
    def f(x):
        b = [x[0], Squaring(x[1])]
        for i in range(2):
            b[i] += x[i]
        return b[1].v

    with pytest.raises(UnsupportedSyntaxError, match="`__add__` of an object"):
        grad(f)(X)


class Asked:
    def __init__(self, v):
        self.v = v

    def __abs__(self):
        return self.v**2

    def __round__(self, n=None):
        return self.v

    def __float__(self):
        return self.v * 2.0

    def __sub__(self, o):
        return Asked(self.v - o.v)


@pytest.mark.parametrize("function", [abs, np.abs, round, float, math.sin])
def test_function_that_calls_a_method_of_an_object_of_a_class_that_is_lost_is_refused(function):
    def f(x):
        objects = [Asked(x[0]), Asked(x[1])]
        return function(functools.reduce(operator.sub, objects)) * x[0]

    with pytest.raises(UnsupportedSyntaxError, match="of an object of the class"):
        grad(f)(X)


def test_method_that_a_function_calls_is_followed():
    check(lambda x: abs(Asked(x[0]) - Asked(x[1])) * round(Asked(x[0])) * abs(x[1]), X)


class Stack:
    """A class with methods that are named like those of a list."""

    def __init__(self):
        self.items = []

    def append(self, v):
        self.items.append(v)

    def insert(self, i, v):
        self.items.insert(i, v)

    def extend(self, vs):
        self.items.extend(vs)

    def reverse(self):
        self.items.reverse()

    def pop(self):
        return self.items.pop()


def test_lists_beside_a_class_with_methods_named_like_theirs():
    def of_stack(w, x):
        s = Stack()
        for v in w:
            s.append(v * v)
        a = s.pop()
        s.append(a * x[0])
        s.insert(0, x[1])
        s.reverse()
        values = [x[0], w[0] * x[0]]
        s.extend(values)
        return s.pop() * s.pop() * sum(s.items)

    def of_list(w, x):
        s = Stack()
        items = []
        s.append(w[0])
        for v in w:
            items.append(v * v)
        items.insert(0, x[0])
        items.extend([x[1], w[1]])
        items.reverse()
        last = items.pop()
        items += [x[1]]
        return last * sum(items) * items[1] * s.pop()

    check(of_stack, X, X[::-1].copy())
    check(of_list, X, X[::-1].copy())
