"""What random programs (`python -m tests.fuzz`) have found, each as its shortest program."""

import itertools

import numpy as np
import pytest

from knetsrc import KnetsrcError, grad, vjp
from knetsrc.errors import UnsupportedAliasError
from language.checking import V, check


def test_shift_of_a_roll_that_is_an_argument():
    check(lambda x, n: np.sum(np.roll(x, n) * x[0]), V, 2)
    check(lambda x, n: np.sum(np.roll(x, n, 0) * x[0]), V, (1,))


def test_second_derivative_where_a_helper_of_the_first_is_not_differentiated():
    def f(x, y):
        def inner(e):
            part = x
            if part < e:
                part = 0.42
            return np.sin(y)

        x = inner(y[0])
        return np.sum(y) + np.sum(x)

    first = grad(f, argnums=(0,))
    _, pullback = vjp(first, 0.3, V)
    d_x, d_y = pullback((1.0,))
    assert d_x == 0.0
    np.testing.assert_array_equal(d_y, np.zeros(4))


def test_try_that_fails_behind_what_it_has_bound_anew():
    def f(x, a):
        y = np.sum(x * x)
        try:
            x = a * y
            x = [0.7, 0.4][2] * x
        except IndexError:
            x = a
        return x * y

    def in_a_loop(x, a):
        y = 0.0
        for i in range(4):
            try:
                x = a * np.sum(x)
                x = [0.7, 0.4][i] * x
            except IndexError:
                x = a * y
            y = y + np.sum(x * x)
        return y

    check(f, V, 0.4)
    check(in_a_loop, V, 0.4)


def test_array_without_axes_that_is_written_and_returned():
    def f(y):
        s = y
        for i in range(3):
            if i:
                s += 0.7 * s
        return y

    assert np.isclose(grad(f)(np.array(0.3)), 1.7**2)


def test_array_without_axes_that_is_written_and_read_with_its_other_name():
    def f(y):
        x = y
        if y > 0.5:
            x = y
        x += np.cos(-x)
        return y + x

    assert np.isclose(grad(f)(np.array(0.87)), 2 * (1 - np.sin(0.87)))


def test_array_without_axes_of_which_the_element_is_written():
    def f(y):
        y[()] = y * y
        return y * y

    assert np.isclose(grad(f)(np.array(0.3)), 4 * 0.3**3)


def test_number_that_is_updated_under_the_name_of_a_view():
    def f(x, z):
        z += x[1, 2] ** 2
        w = z
        z = x[1, :]
        return np.sum(np.sin(z) * z) * w

    check(f, np.arange(6.0).reshape(2, 3), 1.5)
    check(f, np.arange(6.0).reshape(2, 3), np.array(1.5), argnums=(0,))


class Held:
    def __init__(self, w):
        self.w = w


def test_object_that_holds_what_is_written_later():
    def f(x, y):
        total = y
        held = Held(y)
        z = held.w * x
        total[:] += np.sin(z)
        return np.sum(np.sin(total) * total) + np.sum(z)

    check(f, 0.7, V, argnums=(0, 1))


def zeroed(g):
    g[:] = 0.3
    return 1.5


def test_argument_that_writes_and_is_not_used():
    def f(x, y):
        def cosine(e, o):
            return np.cos(o)

        w = cosine(zeroed(y), x)
        return np.sum(w * w) + np.sum(np.sin(y) * y)

    check(f, V, V + 0.1)


def test_argument_that_writes_before_the_other_is_read():
    def f(x, y):
        def both(e, o):
            return np.cos(o) * e

        return both(zeroed(y), y[0] * 1.0) * np.sum(x)

    check(f, V, V + 0.1)


def test_array_that_is_inserted_and_then_written():
    def f(x, y, a):
        a.insert(1, y)
        y[:2] = np.tanh(x)
        return np.sum(sum(a))

    with pytest.raises(UnsupportedAliasError, match="a write into `y"):
        grad(f)(0.4, V, [V + 0.1])


def test_argument_whose_name_a_loop_takes_until_it_breaks():
    def f(x, y):
        for x in ({"p": np.tanh(y), "q": np.sin(y)}).values():
            if np.sum(y) > 0.0 or np.sum(x) > 99.0:
                break
            y = y * 2.0
        return np.sum(y) + 0.0 * np.sum(x)

    matrix = np.ones((2, 3))
    assert grad(f)(matrix, V).shape == (2, 3)
    assert grad(f)(matrix, -V).shape == (2, 3)


def test_entry_of_an_argument_that_is_replaced_and_not_read():
    def f(z, a):
        a[1] = z
        return z * z

    d_z, d_a = grad(f, argnums=(0, 1))(0.7, [V, np.ones((2, 3))])
    assert d_z == 1.4
    np.testing.assert_array_equal(d_a[1], np.zeros((2, 3)))


def test_mask_of_a_clip_is_no_float():
    def f(x):
        x = np.cos(x)
        return np.clip(x, -0.61, 0.77) + 0.5 * x

    check(f, -0.55)
    check(f, 0.2)


def test_mask_of_a_clip_alone():
    def f(x, y):
        x = np.cos(x)
        return np.sum(y) + np.clip(x, -0.61, 0.99)

    check(f, -0.55, V)


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.1.0", reason="it wants a bound")
def test_clip_without_bounds():
    def f(x):
        y = np.clip(x * 2.0, None, None)
        y[0] *= x[1]
        return np.sum(y**2) + np.sum((x**2).clip(None, None)) + np.sum(x.clip(min=None, max=None))

    check(f, np.array([0.5, 1.2, 0.8]))


def test_clip_with_one_bound_that_may_be_none():
    def f(x, low, high):
        return np.sum(np.clip(x, low, None) ** 2) + np.sum(x.clip(None, high) ** 3)

    x = np.array([[0.5, 1.2, 0.8], [0.3, 0.1, 1.9]])
    bounds = [(0.6, 1.0), (x * 0.9, x[:1] + 0.1), (x[0] * 0.9, 1.0)]
    if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
        bounds += [(None, 1.0), (0.6, None), (None, None)]
    g = grad(f)
    for low, high in bounds:
        assert np.allclose(g(x, low, high), grad(f)(x, low, high))
        check(f, x, low, high, argnums=(0,))


def test_list_that_is_filled_and_of_which_only_the_length_is_needed():
    def f(x, y, b):
        for _ in range(2):
            b[1] = 0.5
            for _ in [b for e in y]:
                y[0] = x[0] * y[0]
        return np.sum(y)

    check(f, V, V + 0.5, [0.2, 0.3], argnums=(0, 2))


def test_value_of_another_shape_in_each_iteration_that_is_read_after_the_loop():
    def f(x):
        t = 0.0
        for i in range(3):
            z = np.ones(2 * i + 1) * x
            t = t + np.sum(z * z)
        return t + np.sum(z)

    check(f, 0.3)


@pytest.mark.parametrize("x", [V, -V, V - 2.0])
def test_value_that_a_branch_binds_anew_with_another_shape(x):
    def f(x, y, flag):
        if flag:
            p = np.sin(x)
        if flag:
            p = np.ones((2, 4)) * p if np.sum(x) > 0 else np.ones((2, 4)) * x
        else:
            p = y
        return np.sum(p)

    check(f, x, V, True, argnums=(0, 1))
    check(f, x, V, False, argnums=(0, 1))


def test_entry_that_only_a_test_reads_at_a_place_that_changes():
    def f(x, z):
        k = 0
        while k < 2:
            k += 1
            x = x * 0.5 if z[k % len(z)] > 0.4 else x + z[0]
        return np.sum(x)

    check(f, V, [0.3, 0.5])


def test_number_that_a_helper_adds_to_after_it_was_summed():
    def f(x, y, a):
        def filled(g, h):
            g[0] = h
            g[0] -= np.tanh(h)
            return g

        value = filled(y, x)
        a[-1] /= 1.5 + np.square(0.5 * x)
        return np.sum(np.sin(value)) + np.sum(a) + np.sum(y) + x

    check(f, 0.3, V, V * 0.7, argnums=(0, 1, 2))


def test_adjoint_of_a_list_is_as_long_as_that_list_and_not_another():
    def f(x, y):
        items = [x * 1.0 for _ in range(2)]
        p = np.cos(y)
        for _, q in zip([np.sin(y) for _ in range(1)], p, strict=False):
            p = np.arctan(p if q > -0.4 and items[-1] <= 0.6 else p)  # noqa: RUF034
        return np.sum(p) + x + items[0]

    check(f, 1.0, V, argnums=(0, 1))


def test_array_without_axes_that_a_branch_binds_before_it_is_added_to():
    def f(x, y):
        parts = np.linspace(-0.4, 1.1, 3) * y
        total = parts[1]
        total = y if np.sum(x) > 1.0 else total
        total += np.cos(np.sum(x))
        return np.sum(x) + total + total

    check(f, V + 1.0, np.array(2.0), argnums=(0, 1))


def test_second_derivative_of_a_change_in_place_that_the_first_only_checks():
    def f(y):
        q = y
        q += np.sin(0.7 * y)
        return np.sum(q * y)

    first = grad(f)
    with pytest.raises(UnsupportedAliasError, match="changes in place"):
        grad(lambda y: np.sum(first(y)))(V)
    assert grad(grad(f))(0.5) == pytest.approx(
        2 + 1.4 * np.cos(0.35) - 0.5 * 0.49 * np.sin(0.35), rel=1e-12
    )


def test_negative_of_what_is_true_or_false():
    def f(x):
        return np.sum(x) - np.arctan(np.clip(np.sum(x), -0.61, 0.77))

    check(f, V * 0.1)
    check(f, V)
    check(lambda x: -np.mean(np.maximum(x, 0.1)), V)


def test_sum_that_keeps_axes_has_another_shape_than_one_that_does_not():
    def f(z):
        wide = np.sum(np.linspace(-1.0, 0.9, 6).reshape(2, 3), axis=0, keepdims=True)
        p = np.mean(np.linspace(-1.0, 0.9, 6).reshape(2, 3) * z, axis=0)
        first, *_ = p
        return np.sum(p) + first + np.sum(wide)

    check(f, -0.5)


def _reversed_view(z):
    return z[::-1]


@pytest.mark.parametrize(
    "passed_on",
    [lambda z: z, lambda z: z[::-1], lambda z: z.T, np.asarray, np.ravel, _reversed_view],
)
def test_name_that_a_loop_binds_to_a_view_of_what_it_was(passed_on):
    def written_after(z):
        z = z.copy()
        total = 0.0
        for i in range(3):
            total += np.linalg.norm(z) * (i + 1)
            z = passed_on(z)
        z[1] *= 2
        return total + np.sum(z)

    def written_inside(z):
        z = z.copy()
        total = 0.0
        for _ in range(3):
            total += np.linalg.norm(z)
            z = passed_on(z)
            z[0] *= 2
        return total + np.sum(z)

    check(written_after, V)
    check(written_inside, V)


def over_pairs(x):
    for _, b in itertools.pairwise(x):
        x *= b
    return np.sum(x)


def over_pairs_of_another_name(x):
    y = x
    for _, b in enumerate(itertools.pairwise(x)):
        y *= b[1]
    return np.sum(x)


def over_a_slice(x):
    for b in itertools.islice(x, 2):
        x *= b
    return np.sum(x)


def over_a_generator(x):
    for b in (v for _, v in itertools.pairwise(x)):
        x *= b
    return np.sum(x)


def over_sums(x):
    for b in itertools.accumulate(x):
        x *= b
    return np.sum(x)


def over_some(x):
    for b in itertools.takewhile(lambda v: v < 5, x):
        x *= b
    return np.sum(x)


@pytest.mark.parametrize(
    "f",
    [over_pairs, over_pairs_of_another_name, over_a_slice, over_a_generator, over_sums, over_some],
)
def test_array_that_changes_as_a_whole_while_an_iterator_goes_through_it(f):
    with pytest.raises(KnetsrcError, match="that changes what it may go through"):
        grad(f)(V)


def test_counters_beside_an_iterator_are_no_change():
    def f(x):
        total, count = 0.0, 0
        for a, b in itertools.pairwise(x):
            total += a * b
            count += 1
        return total * count

    check(f, V)


@pytest.mark.parametrize("kind", [list, np.array])
def test_second_derivative_of_a_list_of_numbers_of_which_one_is_changed(kind):
    def f(a):
        a[1] += a[0] * a[0]
        return sum(a) + a[1]

    gradient, pullback = vjp(grad(f), kind([1.5, 2.0]))
    np.testing.assert_allclose(gradient, [7.0, 2.0])
    np.testing.assert_allclose(pullback(kind([1.0, 3.0]))[0], [4.0, 0.0])


def test_sum_that_keeps_axes_of_an_element_that_a_loop_computes_again():
    def f(x, z):
        for x in z:
            x = np.sum(z[0], keepdims=True)[0] * 2.0
        return x

    def of_mean(z):
        for x, _ in zip(z, z, strict=True):
            x = np.mean(z[1], keepdims=True)[0]
        return x

    check(f, V, [V, 2.0 * V])
    check(of_mean, [V, 2.0 * V])


def into_row(g, h):
    g[[2, 1]] = h
    g[1:] += np.tanh(h)


def first_doubled(g, h):
    g[0] = h
    g[0] *= 2.0


def slice_grows(g, h):
    g[0] = h
    g[1:] += np.tanh(h)


def masked(g, h):
    g[g > 0] = h
    g[1:] += h


def through_a_name(g, h):
    g[0] = h
    t = g[0]
    g[0] *= t * h


@pytest.mark.parametrize("fill", [into_row, first_doubled, slice_grows, masked, through_a_name])
@pytest.mark.parametrize("kind", [list, np.array])
def test_helper_that_is_handed_a_number_of_a_list_and_changes_what_it_puts_it_into(fill, kind):
    def f(y, a):
        fill(y, a[-1])
        return np.sum(np.sin(y) * y) + np.sin(0.7 * a[0])

    check(f, V, kind([-0.59, 0.3]))


def test_part_of_what_has_no_name_that_changes_in_each_turn():
    def f(y, z, n):
        for _ in range(n):
            part = (y * 1.0)[...]
            part[1] += z
            z = z + np.sum(part * part)
        return z

    check(f, V, 0.3, 2)


def test_second_derivative_of_a_reduction_of_a_list():
    def f(z, v):
        xs = [z, z**2]
        r = np.sum(xs) * z + np.prod([z, v[0]]) + np.max([z, 0.1])
        return r - np.mean(xs) - np.mean([[z, 1.0], [z**2, v[1]]])

    first = grad(f)
    check(lambda z, v: first(z, v) ** 2, 0.7, V)


def test_second_derivative_of_a_reduction_of_a_list_with_an_array_without_axes():
    def f(z, a):
        return z * (z**2 - np.mean([z**2, a]))

    first = grad(f)
    second = grad(lambda z, a: first(z, a) ** 2)
    z, a = 0.7, 1.1  # the first derivative is 3 z ** 2 / 2 - a / 2
    assert second(z, np.array(a)) == pytest.approx((1.5 * z**2 - 0.5 * a) * 6 * z)
