"""Adjoints of containers: zeros, sums, copies, and gradients in the structure of an argument."""

from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from knetsrc import backends
from knetsrc.backends import add, add_at, adjoint_like, finished, gradient_like, owned, zeros_like
from knetsrc.backends.structures import NOTHING

Pair = namedtuple("Pair", "w b")


@dataclass(frozen=True)
class Frozen:
    w: Any
    b: Any = 0.0


@dataclass(slots=True)
class Slotted:
    w: Any
    label: str = "layer"
    rest: list[Any] = field(default_factory=list)


def alike(a: Any, b: Any) -> bool:
    """Equal in values, types, shapes and dtypes."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b) and a.shape == b.shape
    if isinstance(a, dict):
        return list(a) == list(b) and all(alike(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, Frozen):
        return alike((a.w, a.b), (b.w, b.b))
    if isinstance(a, Slotted):
        return alike((a.w, a.rest), (b.w, b.rest))
    return a == b


ONES, ZEROS = np.ones(3), np.zeros(3)
VALUES = [
    (1.5, 0.0),
    (np.float32(1.5), np.float32(0)),
    (ONES, ZEROS),
    (np.ones((2, 0)), np.zeros((2, 0))),
    (np.array(2.0), np.array(0.0)),
    (ONES.astype(np.float32), ZEROS.astype(np.float32)),
    (3, None),
    (True, None),
    (np.int64(3), None),
    (np.arange(3), None),
    ("text", None),
    (None, None),
    ([], []),
    ((), ()),
    ({}, {}),
    ([1.5, ONES], [0.0, ZEROS]),
    ((1.5, [ONES, (2.0,)]), (0.0, [ZEROS, (0.0,)])),
    ([1, "a", None, 2.0], [None, None, None, 0.0]),
    ({"w": ONES, 3: (1.0, 2)}, {"w": ZEROS, 3: (0.0, None)}),
    (OrderedDict(b=1.0, a=ONES), OrderedDict(b=0.0, a=ZEROS)),
    (Pair(ONES, 1.0), Pair(ZEROS, 0.0)),
    ([Pair(1.0, [2.0])], [Pair(0.0, [0.0])]),
    (Frozen(ONES, 1.0), Frozen(ZEROS, 0.0)),
    (Frozen([ONES], Pair(1.0, 2)), Frozen([ZEROS], Pair(0.0, None))),
    (Slotted(1.0, "x", [ONES]), Slotted(0.0, None, [ZEROS])),
]
IDS = [repr(value)[:40] for value, _ in VALUES]


@pytest.mark.parametrize(("value", "zeros"), VALUES, ids=IDS)
def test_zeros_have_the_structure_of_the_value(value, zeros):
    assert alike(finished(zeros_like(value), value), zeros)


@pytest.mark.parametrize(("value", "zeros"), VALUES, ids=IDS)
def test_no_adjoint_at_all_is_zeros(value, zeros):
    assert alike(finished(NOTHING, value), zeros)
    assert alike(gradient_like([value], {}), [zeros])


@pytest.mark.parametrize(("value", "zeros"), VALUES, ids=IDS)
def test_zeros_of_zeros_are_zeros(value, zeros):
    assert alike(finished(zeros_like(zeros_like(value)), value), zeros)


@pytest.mark.parametrize(("value", "zeros"), VALUES, ids=IDS)
def test_zeros_are_neutral_in_sums(value, zeros):
    buffer = zeros_like(value)
    assert alike(finished(add(buffer, owned(buffer)), value), zeros)
    assert alike(finished(owned(buffer), value), zeros)


def test_owned_shares_no_memory():
    d = {"a": [ONES, (ONES,)], "b": Pair(ONES, 1.0)}
    copies = owned(d)
    for copy in (copies["a"][0], copies["a"][1][0], copies["b"][0]):
        assert not np.shares_memory(copy, ONES)


def test_an_int_that_becomes_a_float_keeps_its_adjoint():
    assert zeros_like(0) + 2.5 == 2.5
    assert NOTHING + 2.5 == 2.5
    assert 2.5 + NOTHING == 2.5


def test_add_gives_new_containers():
    a, b = {"w": [ONES, 1.0]}, {"w": [ONES, 2.0]}
    assert alike(finished(add(a, b), a), {"w": [2 * ONES, 3.0]})
    assert alike(a, {"w": [ONES, 1.0]})


def test_float32_stays_float32():
    x = [ONES.astype(np.float32), np.float32(2)]
    total = add(zeros_like(x), [x[0], np.float32(1)])
    assert [v.dtype for v in finished(total, x)] == [np.float32, np.float32]


def test_gradient_like_adds_entries_that_are_one():
    assert alike(gradient_like([1.0, 2.0], {1: 3.0, -1: 4.0}), [0.0, 7.0])
    assert alike(gradient_like(ONES, {1: 3.0, -2: 4.0}), np.array([0.0, 7.0, 0.0]))
    assert alike(gradient_like((1.0, 2.0), {-1: 4.0}), (0.0, 4.0))


def test_gradients_of_two_entries_share_no_memory():
    d = np.ones((2, 3))
    first, second, third = gradient_like([d, d, d[0]], {0: d, 1: d, 2: d[1]})
    second *= 2
    third *= 3
    assert alike(first, np.ones((2, 3)))


def test_adjoint_of_parts_has_room_for_what_has_no_derivative():
    d = adjoint_like((2.0, 3, [ONES]), {0: 1.0})
    d[1] += 2.0
    assert alike(finished(d, (2.0, 3.0, [ONES])), (1.0, 2.0, [ZEROS]))
    assert alike(list(adjoint_like([1.0, ONES], {-1: 2.0, 1: ONES})), [0.0, 3.0 * ONES])
    assert alike(list(adjoint_like([ONES], {0: np.ones(1)})), [ONES])


def test_adjoint_of_two_parts_shares_no_memory():
    d = np.ones((2, 3))
    first, second = adjoint_like((d, d), {0: d, 1: d})
    second *= 2
    assert alike(first, np.ones((2, 3)))


def test_gradient_like_takes_names_and_positions():
    assert alike(gradient_like(Pair(ONES, 1.0), {"b": 2.0}), Pair(ZEROS, 2.0))
    assert alike(gradient_like(Pair(ONES, 1.0), {1: 2.0, "b": 1.0}), Pair(ZEROS, 3.0))
    assert alike(gradient_like(Frozen(ONES, 1.0), {"w": ONES}), Frozen(ONES, 0.0))
    assert alike(gradient_like({"w": 1.0, 2: ONES}, {2: ONES}), {"w": 0.0, 2: ONES})


def test_gradient_like_keeps_the_kind_of_nested_containers():
    assert alike(gradient_like([(1.0, 2.0)], {0: [3.0, 4.0]}), [(3.0, 4.0)])
    assert alike(gradient_like([Pair(1.0, 2)], {0: [3.0, 4.0]}), [Pair(3.0, None)])


def test_leaves_without_derivative_are_none():
    assert gradient_like([1, "a", None, 2.0], {0: 5.0, 3: 1.0}) == [None, None, None, 1.0]


def test_plain_objects_give_their_attributes():
    class Model:
        def __init__(self) -> None:
            self.w, self.name = ONES, "m"

    assert alike(finished(zeros_like(Model()), Model()), {"w": ZEROS, "name": None})


@pytest.mark.parametrize(
    ("value", "key", "d", "expected"),
    [
        ([1.0, 2.0], 1, 3.0, [0.0, 3.0]),
        ([1.0, 2.0], -1, 3.0, [0.0, 3.0]),
        ([[1.0, 2.0], 3.0], 0, [5.0, 6.0], [[5.0, 6.0], 0.0]),
        ([(1.0, 2.0)], 0, (5.0, 6.0), [(5.0, 6.0)]),
        ([1.0, 2.0, 3.0], slice(1, None), [5.0, 6.0], [0.0, 5.0, 6.0]),
        ([{"w": ONES}], 0, {"w": ONES}, [{"w": ONES}]),
        ({"w": [ONES, 1.0]}, "w", [ONES, 2.0], {"w": [ONES, 2.0]}),
        ([Pair(ONES, 1.0)], 0, [ONES, 2.0], [Pair(ONES, 2.0)]),
        ([ONES], 0, 2.0, [2 * ONES]),
        ([1, 2.0], 0, 7.0, [None, 0.0]),
        ([None, 2.0], 0, 7.0, [None, 0.0]),
    ],
)
def test_add_at_adds_to_an_entry_of_a_container(value, key, d, expected):
    buffer = zeros_like(value)
    add_at(buffer, key, d)
    assert alike(finished(buffer, value), expected)


def test_names_of_helpers_are_safe_in_a_module():
    import builtins
    import keyword

    for name in backends.__all__:
        assert callable(getattr(backends, name))
        assert name.isidentifier() and not keyword.iskeyword(name) and not hasattr(builtins, name)
        assert name not in ("np", "math", "special") and not name.startswith(("d_", "_"))
