"""Arrays without axes, `np.array(0.0)`: `s = s + e` makes a number of one, which is no array any more."""

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.errors import UnsupportedAliasError
from language.checking import V, check


def _add(s, v):
    s += v


def _added(s, v):
    s += v
    return 2.0


def test_accumulator_is_written_after_it_was_added_to():
    def f(x):
        s = np.array(0.0)
        s += x[0] ** 2
        s[()] = s + x[1]
        return s * x[2]

    def parameter(s, x):
        s += x[0]
        s[()] = s * x[1]
        return s * 1.0

    def like(x):
        s = np.zeros_like(x[0])
        s += x[0] ** 2
        for i in range(2):
            s[...] = s * x[i]
            s *= x[2]
        return s

    check(f, V)
    check(parameter, np.array(1.5), V)
    check(like, V)


def test_accumulator_is_written_by_a_call_after_it_was_added_to():
    def f(x):
        s = np.zeros(())
        for v in x:
            s += v**2
            np.multiply(s, v, out=s)
        return s * x[1]

    def filled(x):
        s = np.array(0.0)
        for v in x:
            if v > 0:
                s += v**2
            else:
                s.fill(x[0] * v)
        return s * x[1]

    check(f, V)
    check(filled, V)


def test_helper_adds_to_an_accumulator():
    def f(x):
        s = np.array(0.0)
        s += x[0] ** 2
        _add(s, x[1])
        return s * x[1]

    def within_an_expression(x):
        s = np.array(0.0)
        s += x[0] ** 2
        return _added(s, x[1]) * s

    def parameter(s, x):
        s += x[0]
        _add(s, x[0])
        return s * x[1]

    check(f, V)
    check(within_an_expression, V)
    check(parameter, np.array(1.5), V)


def test_accumulator_that_is_only_added_to_is_a_number():
    def f(x):
        s = np.array(0.0)
        for v in x:
            s += v**2
        return np.exp(s)

    check(f, V)
    assert "s = s + v ** 2" in grad(f).source


def test_write_into_an_element_of_a_new_axis():
    def f(x):
        s = np.array(0.0)
        s[()] = x[0] ** 2
        s[None][0] = x[0] * x[1]
        return s * x[1]

    def updated(x):
        s = np.array(x[0] ** 2)
        t = s[..., None]
        t[0] *= x[0]
        return s * x[1]

    check(f, V)
    check(updated, V)


def test_write_through_a_view_with_an_axis():
    def f(x):
        s = np.array(x[0] ** 2)
        t = s.reshape(1)
        t[0] = x[0] * x[1]
        return s * x[1]

    def squeezed(x):
        s = np.array(x[0] ** 2)
        t = s.squeeze()
        t *= x[1]
        return s * x[1]

    check(f, V)
    check(squeezed, V)


def _stored(s):
    s[...] = s * s
    return s * 2.0


def _updated(s):
    s += s * s
    return s * 2.0


def _total(xs):
    total = xs[0] * xs[0] + xs[1]
    total = total * 1.0
    return total


def test_adjoint_of_what_a_helper_writes_into_is_an_array():
    def stored(x, s):
        return s * x + _stored(s) * np.sin(s) * s

    def updated(x, s):
        y = _updated(s)
        return s * x + y

    def by_an_index(x, s):
        y = _stored(s[...])
        return s * x + y * np.sin(s) * s

    def by_a_new_axis(x, s):
        y = _stored(s[None])
        return s * x + np.sum(y)

    def transposed(x, s):
        y = _updated(s.T)
        return s * x + y

    def in_a_loop(x, s):
        total = 0.0
        for _ in range(3):
            total += _updated(s) * x
            s[...] *= 0.5
        return s * x + total

    for f in (stored, updated, by_an_index, by_a_new_axis, transposed, in_a_loop):
        check(f, 0.7, np.array(-0.55))


def test_adjoint_of_what_a_list_holds_is_an_array_where_it_is_written_into():
    def by_a_helper(x, xs):
        y = _stored(xs[0])
        return _total(xs) * x + y

    def by_an_index(x, xs):
        y = _stored(xs[0][...])
        return _total(xs) * x + y * _total(xs)

    def here(x, xs):
        xs[0][...] = xs[0] * x
        return _total(xs) * x

    def here_by_no_index(x, xs):
        xs[0][()] = xs[0] * x
        return _total(xs) * x

    def here_by_a_new_axis(x, xs):
        xs[0][None][0] = xs[0] * x
        return _total(xs) * x

    for f in (by_a_helper, by_an_index, here, here_by_no_index, here_by_a_new_axis):
        check(f, 0.7, [np.array(-0.55), 0.3])

    def of_the_function(x, s):
        xs = [s.copy(), x]
        y = _updated(xs[0])
        return _total(xs) * x + y

    check(of_the_function, 0.7, np.array(-0.55))


def test_what_has_no_axes_is_no_number_in_a_helper_that_hands_it_on():
    def outer(s):
        y = _stored(s)
        return y * s

    def twice(s):
        _updated(s)
        _updated(s)

    def by_an_index(s):
        y = _updated(s[...])
        return y + s * s

    def f(x, s):
        y = outer(s)
        return y * x + s * y

    def stated(x, s):
        twice(s)
        return s * x

    def viewed(x, s):
        y = by_an_index(s)
        return y * x + s

    for g in (f, stated, viewed):
        check(g, 0.7, np.array(-0.55))


def test_one_array_as_two_arguments():
    def f(s, t):
        s += t * t
        t *= s
        return s * t

    check(f, np.array(0.4), np.array(-0.7))
    s = np.array(0.4)
    with pytest.raises(UnsupportedAliasError, match="one array or list at two places"):
        grad(f)(s, s)


def _scaled(s, v):
    np.multiply(s, v, out=s)


def _accumulated(s, v):
    total = s.copy()
    total += v
    _add(total, v)
    return total * s


class Box:
    def keep(self, s, v):
        s += v


def test_copy_of_an_array_is_added_to_and_changed_by_a_function():
    def copied(a, x):
        s = a.copy()
        s += x * a
        _add(s, x)
        return s * s * a

    def within_an_expression(a, x):
        s = np.copy(a)
        s -= x
        return s + _added(s, x) * s

    def like(a, x):
        s = np.zeros_like(a)
        s += x
        _add(s, a)
        return s * s * a

    def of_a_shape(a, x):
        s = np.full(np.shape(a), 1.0)
        s += x
        _add(s, a)
        return s * s * a

    def stored(a, x):
        s = np.array(a)
        s *= x
        return _stored(s) * s

    def in_a_loop(a, x):
        s = a.copy()
        for i in range(3):
            s += x * a
            _add(s, x * i)
            s *= 0.9
        return s * s * a

    def in_one_branch(a, x):
        s = a.copy() if x > 0 else x
        s += x
        _add(s, x)
        return s * a

    def by_a_method(a, x):
        s = a.copy()
        s += x
        Box().keep(s, x)
        return s * a

    def in_a_helper(a, x):
        return _accumulated(a, x) * a

    def by_numpy(a, x):
        s = a.copy()
        s += x
        np.multiply(s, a, out=s)
        _scaled(s, x)
        return s * a

    def filled(a, x):
        s = a.copy()
        s += x
        s[...] = s * x
        s -= a
        s.fill(2.0)
        return s * a * x

    programs = (
        copied, within_an_expression, like, of_a_shape, stored, in_a_loop, in_one_branch, by_a_method,
        in_a_helper, by_numpy, filled,
    )  # fmt: skip
    for f in programs:
        check(f, np.array(0.6), 0.7)


def test_copy_of_an_array_that_is_handed_to_what_only_reads_is_bound_anew():
    def halved(v):
        w = v / 2
        return w * v

    def f(a, x):
        s = a.copy()
        s -= x
        return halved(s)

    check(f, np.array(0.6), 0.7)
    assert "check_not_array" not in grad(f).source


def test_view_without_axes_of_a_number_is_a_number():
    def reshaped(a, x):
        acc = (a * 1).reshape(())
        acc += x
        _add(acc, x)
        return acc * a

    def squeezed(a, x):
        acc = np.squeeze(a * 1)
        for i in range(2):
            acc += x * i
        _add(acc, x)
        return acc * a

    def of_a_name(a, x):
        b = a * 1
        acc = np.reshape(b, ())
        acc *= x
        other = acc
        acc += x
        return acc * a * other

    def of_one_element(a, x):
        acc = np.squeeze(np.array([0.0]) + a)
        acc += x
        _add(acc, x)
        return acc * a

    for f in (reshaped, squeezed, of_a_name, of_one_element):
        check(f, np.array(0.7), 1.3)
    check(of_one_element, np.array([0.7]), 1.3)


def _multiplied(a, x):
    return np.sum(a * x)


def _added_to_transpose(a, x):
    total = (a * 1).T
    total += x
    return _multiplied(total, x)


@pytest.mark.parametrize(
    "f",
    [
        _added_to_transpose,
        lambda a, x: a.T * x,
        lambda a, x: np.transpose(a) * x,
        lambda a, x: np.sum(a.T * x),
        lambda a, x: a.transpose() * x,
    ],
)
@pytest.mark.parametrize("a", [np.array(2.0), np.float64(2.0)])
def test_transpose_of_an_array_without_axes_beside_a_number(f, a):
    gradient = grad(f, (0, 1))
    d_a, d_x = gradient(a, 3.0)
    assert d_a == pytest.approx(3.0)
    assert d_x == pytest.approx(8.0 if f is _added_to_transpose else 2.0)
    if f is not _added_to_transpose:
        assert grad(f)(a, np.array(3.0)) == pytest.approx(3.0)


def test_view_by_shape_of_a_copy_without_axes_that_is_written_into():
    def f(a, x):
        kept = np.copy(a)
        flat = kept.reshape(-1)
        flat *= 2.0
        return np.sum(kept * x)

    gradient = grad(f, (0, 1))
    for a, x in [(np.array(1.3), 0.7), (1.3, 0.7), (1.3, np.array(0.7)), (V, 0.7)]:
        d_a, d_x = gradient(a, x)
        np.testing.assert_allclose(d_a, np.full(np.shape(a), 1.4))
        assert d_x == pytest.approx(2.0 * np.sum(a))
