"""Arithmetic of the backward part, before and after."""

import pytest

from knetsrc.transform import tree
from knetsrc.transform.simplify import simplify_algebra
from transform.simplify_programs import EFFECTS, check, is_float

PRODUCTS = {
    "d_x = 1.0 * x * w": "d_x = x * w",
    "d_x = x * 1.0 * w": "d_x = x * w",
    "d_x = x / 1 + y": "d_x = x + y",
    "d_x = 1.0 / n * diff": "d_x = diff / n",
    "d_x = -1.0 / n * diff": "d_x = -diff / n",
    "d_x = 1.0 / n * 2 * diff": "d_x = 2.0 / n * diff",
    "d_x = 1.0 / y.shape[1] * (2 * diff)": "d_x = 2 / y.shape[1] * diff",
    "d_x = 1.0 * (2 * diff ** (2 - 1))": "d_x = 2 * diff",
    "d_x = 2 * x ** 1 * w": "d_x = 2 * x * w",
    "d_x = 3 * (2.0 * x)": "d_x = 6 * x",
    "d_x = x * 0.5 * 2.0 * w": "d_x = x * w",
    "d_x = 1.0 / x": "d_x = 1 / x",
    "d_x = 1.0 / len(x)": "d_x = 1 / len(x)",
    "d_x = 0.1 * x * 3": "d_x = 0.1 * x * 3",
    "d_x = 1.0 / 2 * (2 * x) * w": "d_x = x * w",
    "d_x = 4 * x / 2": "d_x = 2 * x",
    "d_x = 2 * x / 3": "d_x = 2 * x / 3",
    "d_x = 1.0 * (x * y) + w": "d_x = x * y + w",
    "d_x = (2 - 1) * x * y": "d_x = x * y",
}
SIGNS = {
    "d_x = x * -y": "d_x = -x * y",
    "d_x = -(x * y)": "d_x = -x * y",
    "d_x = -x * -y": "d_x = x * y",
    "d_x = -1.0 * x": "d_x = -x",
    "d_x = - -x + y": "d_x = x + y",
    "d_x = x * (-2.0 * y)": "d_x = -x * (2 * y)",
    "d_x = -(2.0 * x)": "d_x = -2 * x",
    "d_x = x + -y": "d_x = x - y",
    "d_x = x - -y": "d_x = x + y",
    "d_x = x + -2 * y": "d_x = x - 2 * y",
    "d_x = -x + y": "d_x = y - x",
    "d_x = 0.0 + x * y": "d_x = x * y",
    "d_x = x * y + 0.0": "d_x = x * y",
    "d_x = 0 - x * y": "d_x = -x * y",
}
OTHERS = {
    "d_x = np.exp(x) - 1.0 * n": "d_x = np.exp(x) - n",
    "d_x = 1.0 * n + 2.0 * x": "d_x = n + 2 * x",
    "d_x = w @ x.T.T": "d_x = w @ x",
    "d_x = (w.T @ d_y).T": "d_x = d_y.T @ w",
    "d_x = (d_y @ w.T).T": "d_x = w @ d_y.T",
}
UNCHANGED = [
    "d_x = (x.T @ y).T",  # what the user wrote may have more axes
    "d_x = (x @ d_y).T",
    "d_x = d_y * (x > 0)",
    "d_x = x ** 2 * y",
    "d_x = x / n * y",
    "d_x = x * (2 * y)",  # one more array operation if y is a scalar and x is not
    "d_x = -(x @ y)",
    "d_x = 2 * x @ y",
    "d_x = 0.0 * x",
    "d_x = 3 * [n]",
    "d_x = 2.0 / n * x",
    "d_x = x / 3",
]


def algebra(function):
    return simplify_algebra(function, is_float, EFFECTS)


@pytest.mark.parametrize("before", PRODUCTS)
def test_literals_are_collected(before):
    check(algebra, before, PRODUCTS[before])


@pytest.mark.parametrize("before", SIGNS)
def test_signs_are_collected(before):
    check(algebra, before, SIGNS[before])


@pytest.mark.parametrize("before", OTHERS)
def test_other_forms(before):
    check(algebra, before, OTHERS[before])


@pytest.mark.parametrize("text", UNCHANGED)
def test_left_as_it_is(text):
    check(algebra, text, text)


@pytest.mark.parametrize(
    "text", ["d_x = 1.0 * n", "d_x = 2.0 * n", "d_x = n + 0.0", "d_x = n / 1", "d_x = 1.0 / n * i"]
)
def test_an_int_still_becomes_a_float(text):
    check(algebra, text, text)


def test_forward_part_stays_as_the_user_wrote_it():
    check(algebra, "y = x * 2 * 3\n#\nd_x = y * 2 * 3", "y = x * 2 * 3\n#\nd_x = 6 * y")


def test_result_does_not_become_a_buffer_that_is_written_to():
    text = "d_x = 1.0 * d_y\nd_x[0] += 1\nreturn [d_x, d_y]"
    check(algebra, text, text)


def test_result_does_not_become_a_name_whose_buffer_is_written_to():
    text = "d_x = 1.0 * d_y\nd_y[0] += 1\nreturn [d_x, d_y]"
    check(algebra, text, text)


def test_gradient_does_not_become_an_argument_of_the_caller():
    text = "d_w = 1.0 * x\nreturn d_w"
    check(algebra, text, text)


def test_result_that_nobody_changes_is_the_name_itself():
    check(algebra, "d_y = x * y\nd_x = 1.0 * d_y\nreturn d_x", "d_y = x * y\nd_x = d_y\nreturn d_x")


def test_operand_is_not_computed_after_a_call_that_changes_it():
    text = "d_x = x + 0.0 + scale_in_place(x)"
    check(algebra, text, text)


def test_call_that_may_keep_its_argument_gets_a_new_array():
    text = "d_x = keep(1.0 * x)"
    check(algebra, text, text)


def test_values_added_with_add_at_are_rewritten():
    check(algebra, "add_at(d_x, i, 1.0 * x)", "add_at(d_x, i, x)")


def test_positions_are_kept():
    (function,) = tree.parse("def f(x):\n    d_x = x * 2.0\n    return d_x")
    value = simplify_algebra(function, is_float, EFFECTS).body[0].value
    assert (value.lineno, value.left.lineno) == (2, 2)


def test_literals_that_cancel_leave_one_new_array():
    before = "d_w = 2 * (0.5 * x)\nreturn d_w"
    check(algebra, before, "d_w = 1.0 * x\nreturn d_w")


def test_literals_of_what_an_axis_is_added_to_are_collected():
    check(algebra, "d_x = (-1.0 * x * w)[:, None] * y", "d_x = (-x * w)[:, None] * y")
    check(algebra, "d_x = (1.0 * x)[:, None]\nreturn d_x", "d_x = (1.0 * x)[:, None]\nreturn d_x")
