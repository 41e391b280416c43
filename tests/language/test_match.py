"""`match`: values, sequences, mappings, classes, captures, guards, alternatives."""

import dataclasses
from collections import deque

import numpy as np
import pytest

from knetsrc import UnsupportedSyntaxError, grad
from language.checking import V, check


@dataclasses.dataclass
class Point:
    x: float
    y: float


@dataclasses.dataclass
class Circle:
    center: Point
    radius: float


class Plain:
    def __init__(self, size):
        self.size = size


@pytest.mark.parametrize("kind", ["square", "cube", "third", None, 3, True])
def test_values(kind):
    def f(x, kind):
        match kind:
            case "square":
                return x * x
            case "cube" | "third":
                return x**3
            case None:
                return x * 2.0
            case True:
                return x * 5.0
            case 3:
                return x * 7.0
        return x

    check(f, 1.5, kind, argnums=(0,))


@pytest.mark.parametrize(
    "p", [(1.5, 2.0), [0.5, 2.0, 3.0], (0.5, 2.0, 4.0, 3.0), [0.5], 1.5, (0.5, [2.0, 3.0])], ids=str
)
def test_sequences(p):
    def f(p):
        match p:
            case [a, [b, c]]:
                return a * b * c * 2.0
            case [a, b]:
                return a * b * b
            case [a, *rest, b]:
                return a * rest[0] * b
            case [a]:
                return a * a
            case []:
                return 0.0
            case other:
                return other * 3.0

    check(f, p)


def test_text_is_no_sequence_and_an_array_is_what_python_says():
    def f(x, text):
        match x:
            case [_, _, *_]:
                scale = 2.0
            case _:
                scale = 3.0
        match text:
            case [_, _]:
                scale = scale * 5.0
        return np.sum(x * x) * scale

    check(f, V, "ab", argnums=(0,))


@pytest.mark.parametrize(
    "shape",
    [{"kind": "disk", "r": 2.0}, {"kind": "box", "a": 1.5, "b": 0.5}, {"kind": "?", "a": 1.5}],
    ids=lambda d: d["kind"],
)
def test_mappings(shape):
    def f(shape):
        match shape:
            case {"kind": "disk", "r": r}:
                return 3.0 * r * r
            case {"kind": "box", "a": a, **rest}:
                return a * rest["b"] ** 2
            case {"a": a}:
                return a * a
        return 0.0

    check(f, shape)


@pytest.mark.parametrize(
    "shape", [Point(1.5, 2.0), Circle(Point(0, 2.0), 3.0), Circle(Point(1.0, 2.0), 3.0)], ids=str
)
def test_classes(shape):
    def f(shape):
        match shape:
            case Point(x, y=y):
                return x * y * y
            case Circle(center=Point(x=0), radius=r):
                return r * r
            case Circle(Point() as p, r):
                return p.x * p.y * r**2

    check(f, shape)


def test_builtin_classes_and_attributes_that_may_be_missing():
    def value(tree):
        match tree:
            case float(v):
                return v * v
            case list() | tuple():
                return sum(value(t) for t in tree)
            case _:
                return 0.0

    def f(tree, options):
        match options:
            case Plain(width=w):
                return value(tree) * w
            case Plain(size=s):
                return value(tree) * s

    check(f, [1.5, [2.0, (0.5,)]], Plain(3.0), argnums=(0,))


@pytest.mark.parametrize("p", [(1.5, 2.0), (2.0, 1.5)], ids=str)
def test_guards(p):
    def f(p):
        match p:
            case (a, b) if a < b:
                return a * a * b
            case (a, b) if a > b:
                s = a * b * b
            case both:
                s = both[0] ** 3
        return s * 2.0

    check(f, p)


@pytest.mark.parametrize("p", [(1.5, 2.0), (2.0, 1.5)], ids=str)
def test_name_that_a_failed_guard_leaves_bound(p):
    def f(p):
        a = 1.0
        match p:
            case (a, b) if a < b:
                s = b
            case _:
                s = 2.0
        return s * a

    check(f, p)


def test_match_in_a_loop_with_jumps():
    def f(x, steps):
        for step in steps:
            match step:
                case ("scale", k):
                    x = x * k
                case ("skip",):
                    continue
                case "stop":
                    break
                case {"add": a} | {"plus": a}:
                    x = x + a * x * x
            x = np.sin(x)
        return x

    steps = [("scale", 1.5), ("skip",), {"add": 0.5}, {"plus": 0.25}, "stop", ("scale", 9.0)]
    check(f, 0.5, steps, argnums=(0,))


def test_subject_that_is_bound_by_a_pattern():
    def f(p):
        match p:
            case [p, q]:
                return p * q * q
        return 0.0

    check(f, [1.5, 2.0])


def test_expression_as_subject():
    def f(x, y):
        match x * 2.0, y:
            case a, b:
                return a * b * b

    check(f, 1.5, 2.0)


def test_other_sequences_match():
    def f(x, items):
        match items:
            case [1, *rest]:
                return x * len(rest)
        return x * x

    check(f, 1.5, deque([1, 2, 3]), argnums=(0,))
    check(f, 1.5, range(1, 4), argnums=(0,))


def test_class_without_match_args_is_refused():
    def f(x, options):
        match options:
            case Plain(s):
                return x * s
        return x

    with pytest.raises(UnsupportedSyntaxError, match="a class pattern with parts by position"):
        grad(f)(1.0, Plain(2.0))
