"""The gradient has the structure, shapes and dtypes of the argument; arguments stay as they are."""
# ruff: noqa: B007

from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

from knetsrc import grad, vjp
from language.checking import M, V, check

Pair = namedtuple("Pair", ["a", "b"])


@dataclass
class Box:
    value: object
    label: str = "box"


def total(container):
    s = 0.0
    if isinstance(container, dict):
        for part in container.values():
            s = s + total(part)
    elif isinstance(container, (list, tuple)):
        for part in container:
            s = s + total(part)
    elif isinstance(container, (float, np.ndarray)):
        s = s + np.sum(container**2)
    return s


def first(p):
    return np.sum(p["layers"][0][1] ** 2) * p["scale"]


def test_deeply_nested_container():
    check(first, {"layers": [(M, V), (V, M)], "scale": 2.0, "unused": [{"deep": (M, 3, None)}]})


def test_recursion_over_any_container():
    check(total, {"a": [V, (2.0, M)], "b": {"c": 0.5, "n": 3, "s": "x"}})


def test_leaves_without_a_derivative_are_none():
    def f(p):
        return p[0] * p[1]

    found = grad(f)([2.0, 3.0, 4, True, "text", None, np.array([1, 2])])
    assert found == [3.0, 2.0, None, None, None, None, None]


def test_leaves_that_are_not_read_are_zeros():
    def f(p):
        return p["x"] ** 2

    found = grad(f)({"x": 3.0, "y": 1.0, "z": V, "w": [M]})
    assert found["x"] == 6.0 and found["y"] == 0.0
    assert np.array_equal(found["z"], np.zeros(4)) and np.array_equal(
        found["w"][0], np.zeros((2, 3))
    )


def test_empty_containers():
    def f(p):
        return p[0] * 2.0

    assert grad(f)([1.0, [], {}, ()]) == [2.0, [], {}, ()]


def test_dataclass_in_a_named_tuple():
    def f(p):
        return np.sum(p.a.value**2) * p.b

    check(f, Pair(Box(V), 2.0))


def test_subclasses_of_dict_keep_their_type():
    def f(p):
        return p["x"] * p["y"]

    found = grad(f)(OrderedDict(x=2.0, y=3.0))
    assert type(found) is OrderedDict and found == {"x": 3.0, "y": 2.0}
    found = grad(f)(defaultdict(float, x=2.0, y=3.0))
    assert type(found) is defaultdict and found == {"x": 3.0, "y": 2.0}


def test_float32_array_times_python_float():
    def f(x, y):
        return np.sum(x * y) * 2.0

    d_x, d_y = grad(f, (0, 1))(V.astype(np.float32), 3.0)
    assert d_x.dtype == np.float32 and isinstance(d_y, float)


def test_mixed_precision_keeps_each_dtype():
    def f(x, y):
        return np.sum(x * y)

    d_x, d_y = grad(f, (0, 1))(V.astype(np.float32), V)
    assert d_x.dtype == np.float32 and d_y.dtype == np.float64


def test_float32_with_accumulator_that_starts_as_python_float():
    def f(xs):
        s = 0.0
        for x in xs:
            s = s + np.sum(x) * 1.5
        return s

    for d_x in grad(f)([V.astype(np.float32)] * 2):
        assert d_x.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_every_float_dtype_is_kept(dtype):
    def f(x):
        return np.sum(np.tanh(x) * 2.0 + x[0])

    assert grad(f)(V.astype(dtype)).dtype == dtype


def test_zero_dimensional_array():
    def f(x):
        return x * x * 2.0

    found = grad(f)(np.array(3.0, dtype=np.float32))
    assert found == 12.0 and found.dtype == np.float32 and np.shape(found) == ()


def test_numpy_scalars():
    def f(x, y):
        return x * y

    found = grad(f, (0, 1))(np.float32(2.0), np.float64(3.0))
    assert found == (3.0, 2.0) and found[0].dtype == np.float32


def test_arrays_of_size_zero():
    def f(x, w):
        return np.sum(w @ x) + np.sum(x * 3.0)

    check(f, np.zeros((3, 0)), M)


def test_fortran_and_strided_arrays():
    def f(x):
        return np.sum(x**2 * np.arange(3))

    check(f, np.asfortranarray(M))
    check(f, np.concatenate([M, M])[::2])
    check(f, M[:, ::-1])


def test_read_only_argument():
    def f(x):
        y = x * 2.0
        y += x
        return np.sum(y**2)

    x = V.copy()
    x.flags.writeable = False
    np.testing.assert_allclose(grad(f)(x), 18.0 * V)


def test_same_array_passed_twice():
    def f(x, y):
        return np.sum(x * y + x)

    check(f, V, V)
    d_x, d_y = grad(f, (0, 1))(V, V)
    assert not np.shares_memory(d_x, d_y)


def test_same_array_twice_in_a_container():
    def f(p):
        return np.sum(p[0] * p[1] + p[0])

    check(f, [V, V])


def test_gradients_of_two_arguments_do_not_share_memory():
    def f(x, y):
        return np.sum((x + y) ** 2)

    d_x, d_y = grad(f, (0, 1))(V, V + 1.0)
    assert not np.shares_memory(d_x, d_y)


def test_gradient_does_not_share_memory_with_an_argument():
    def f(x, y):
        return np.sum(x * y)

    y = V.copy()
    d_x = grad(f)(V, y)
    d_x *= 2.0
    np.testing.assert_array_equal(y, V)


def test_gradient_does_not_share_memory_with_the_cotangent():
    def f(x):
        return x

    cotangent = np.ones(4)
    (d_x,) = vjp(f, V)[1](cotangent)
    d_x *= 2.0
    np.testing.assert_array_equal(cotangent, np.ones(4))


def test_gradients_inside_a_container_do_not_share_memory():
    def f(p):
        return np.sum(p[0] + p[1])

    a, b = grad(f)([V, V + 1.0])
    a *= 3.0
    np.testing.assert_array_equal(b, np.ones(4))


def test_two_pullbacks_do_not_disturb_each_other():
    def f(x):
        ys = []
        for i in range(3):
            x = np.sin(x)
            ys.append(x)
        return ys

    _, pullback = vjp(f, V)
    once = pullback([np.ones(4)] * 3)[0]
    twice = pullback([np.full(4, 2.0)] * 3)[0]
    np.testing.assert_allclose(twice, 2.0 * once)


def test_float_leaf_stays_a_float():
    def f(p):
        return np.sum(V * p["scale"]) + p["bias"]

    found = grad(f)({"scale": 2.0, "bias": 1.0})
    assert isinstance(found["scale"], float) and isinstance(found["bias"], float)


def test_gradient_of_a_broadcast_argument_has_its_own_shape():
    def f(x, y):
        return np.sum(x * y)

    for shape in [(), (1,), (1, 1), (3,), (2, 1), (1, 3), (2, 3)]:
        assert grad(f, argnums=1)(M, np.ones(shape)).shape == shape
