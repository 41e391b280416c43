"""Containers: taken apart, rebuilt, copied; cotangents held against values."""

import dataclasses
import threading
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

from knetsrc import structure

Pair = namedtuple("Pair", ["a", "b"])


@dataclasses.dataclass(frozen=True)
class Layer:
    weight: object
    name: str


NESTED = {"w": [1.0, (2.0, None)], "pair": Pair(3.0, "x"), "layer": Layer(4.0, "first")}


def test_leaves_with_paths():
    assert list(structure.leaves(NESTED)) == [
        ("['w'][0]", 1.0),
        ("['w'][1][0]", 2.0),
        ("['w'][1][1]", None),
        ("['pair'].a", 3.0),
        ("['pair'].b", "x"),
        ("['layer'].weight", 4.0),
        ("['layer'].name", "first"),
    ]


def test_map_leaves_keeps_types():
    doubled = structure.map_leaves(lambda x: 2 * x if isinstance(x, float) else x, NESTED)
    assert doubled["w"] == [2.0, (4.0, None)]
    assert doubled["pair"] == Pair(6.0, "x")
    assert doubled["layer"] == Layer(8.0, "first")
    assert NESTED["layer"].weight == 4.0


def test_map_leaves_keeps_the_kind_of_dict():
    made = structure.map_leaves(str, OrderedDict(a=1))
    assert made == OrderedDict(a="1")
    assert type(made) is OrderedDict


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, True),
        (np.float32(1), True),
        (np.ones(2), True),
        (1, False),
        (True, False),
        (None, False),
        ("x", False),
        (1j, False),
        (np.ones(2, int), False),
        (np.ones(2, bool), False),
        (np.ones(2, complex), False),
        (np.array(["x"]), False),
    ],
)
def test_is_differentiable(value, expected):
    assert structure.is_differentiable(value) is expected
    assert structure.has_differentiable_leaf([value, 3]) is expected


def test_independent_copies_arrays_and_generators():
    x, rng = np.ones(2), np.random.default_rng(0)
    (copied, other) = structure.independent([x, rng])
    copied[:] = 0
    assert x[0] == 1.0
    assert other.random() == rng.random()


def test_independent_shares_what_cannot_be_copied():
    lock, x = threading.Lock(), np.ones(2)
    copied, same = structure.independent([x, lock])
    assert same is lock
    assert copied is not x


def test_fresh_lists_share_arrays():
    x = np.ones(2)
    saved = ([x, [x]], x)
    fresh = structure.fresh_lists(saved)
    fresh[0].pop().pop()
    assert saved[0][1] == [x]
    assert fresh[0][0] is x


def test_cotangent_takes_the_form_of_the_value():
    value = {"a": np.ones(2, np.float32), "b": (1.0, 3)}
    found = structure.matched({"b": (1, None), "a": np.ones(2)}, value)
    assert list(found) == ["a", "b"]
    assert found["a"].dtype == np.float32
    assert type(found["b"][0]) is float


@pytest.mark.parametrize(
    ("cotangent", "value", "message"),
    [
        (
            np.ones(3),
            np.ones(2),
            "the cotangent is an array of shape (3,), the value there is an array of shape (2,)",
        ),
        (1.0, np.ones(2), "the cotangent is a float, the value there is an array of shape (2,)"),
        (None, 1.0, "the cotangent is a NoneType, the value there is a float"),
        ([1.0], (1.0,), "the cotangent is a list of 1, the value there is a tuple of 1"),
        (
            {"a": [1.0]},
            {"a": [1.0, 2.0]},
            "`['a']` of the cotangent is a list of 1, the value there is a list of 2",
        ),
        ({"a": 1.0}, {"b": 1.0}, "the cotangent is a dict of 1, the value there is a dict of 1"),
    ],
)
def test_cotangent_of_another_form_is_refused(cotangent, value, message):
    with pytest.raises(structure.StructureError) as error:
        structure.matched(cotangent, value)
    assert error.value.message == message
