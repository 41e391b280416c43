"""Sums in place, the form of branches and comments, and all passes together."""

import pytest

from knetsrc.transform import tree
from knetsrc.transform.simplify import accumulate_in_place, simplify, tidy
from transform.simplify_programs import (
    EFFECTS,
    FRESH,
    candidates,
    check,
    is_float,
    is_pure,
    text_of,
)


def accumulate(function):
    return accumulate_in_place(function, candidates(function), EFFECTS)


def every(function):
    return simplify(
        function,
        is_float=is_float,
        is_pure=is_pure,
        candidates=candidates(function),
        fresh_calls=FRESH,
    )


def unchanged(rewriting, text):
    check(rewriting, text, text)


# --- accumulate ---------------------------------------------------------------------------------
def test_sum_goes_into_a_fresh_buffer():
    check(accumulate, "d_x = np.zeros_like(x)\nd_x = d_x + w", "d_x = np.zeros_like(x)\nd_x += w")
    check(accumulate, "d_x = x * y\nd_x = d_x - w", "d_x = x * y\nd_x -= w")


def test_sum_goes_into_a_buffer_in_a_loop():
    check(
        accumulate,
        "d_x = np.zeros_like(x)\nfor i in range(n):\n    d_x = d_x + w\n    y = d_x * 2",
        "d_x = np.zeros_like(x)\nfor i in range(n):\n    d_x += w\n    y = d_x * 2",
    )


SHARED = {
    "a parameter": "d_x = x\nd_x = d_x + w",
    "a view": "d_x = y[0]\nd_x = d_x + w",
    "a call that may return its argument": "d_x = unbroadcast(y, x)\nd_x = d_x + w",
    "unpacked": "d_x, d_y = g(x)\nd_x = d_x + w",
    "another name": "d_x = x * y\nd_y = d_x\nd_x = d_x + w",
    "a view is taken": "d_x = x * y\nv = d_x[1:]\nd_x = d_x + w",
    "a container": "d_x = x * y\nboth = [d_x, w]\nd_x = d_x + w",
    "a saved list": "d_x = x * y\ny_saved.append(d_x)\nd_x = d_x + w",
    "a call that may keep it": "d_x = x * y\nkeep(d_x)\nd_x = d_x + w",
    "in one branch": "d_x = x * y\nif c:\n    d_x = y\nd_x = d_x + w",
    "at the end of the loop": (
        "d_x = x * y\nfor i in range(n):\n    d_x = d_x + w\n    y_saved.append(d_x)"
    ),
    "before a break": (
        "d_x = x * y\nwhile c:\n    if n:\n        v = d_x\n        break\nd_x = d_x + w"
    ),
    "iterated over": "d_x = x * y\nfor row in d_x:\n    d_x = d_x + w",
    "not made up": "z = x * y\nz = z + w",
    "a choice": "d_x = x if c else y\nd_x = d_x + w",
    "seen by a nested function": "d_x = x * y\ndef g():\n    return d_x\nd_x = d_x + w",
}


@pytest.mark.parametrize("what", SHARED)
def test_sum_does_not_go_into_a_buffer_that_is_shared(what):
    unchanged(accumulate, SHARED[what])


def test_buffer_bound_anew_is_owned_again():
    check(accumulate, "d_x = y\nd_x = d_x + w\nd_x = d_x + x", "d_x = y\nd_x = d_x + w\nd_x += x")


# --- tidy ---------------------------------------------------------------------------------------
def test_branch_that_does_nothing_goes():
    check(tidy, "if c:\n    pass\nelse:\n    x = w", "if not c:\n    x = w")
    check(tidy, "if c:\n    x = w\nelse:\n    pass", "if c:\n    x = w")


@pytest.mark.parametrize(
    ("test", "opposite"),
    [
        ("x is None", "x is not None"),
        ("n == 0", "n != 0"),
        ("not c", "c"),
        ("n in y", "n not in y"),
        ("x < 0", "not x < 0"),
    ],
)
def test_opposite_of_a_test(test, opposite):
    check(tidy, f"if {test}:\n    pass\nelse:\n    x = w", f"if {opposite}:\n    x = w")


def test_end_of_both_branches_follows_them():
    check(
        tidy,
        (
            "x = y\n#\nif c:\n    d_x = w * 2\n    # p\n    x = x_saved.pop()\n"
            "else:\n    d_x = w * 3\n    # p\n    x = x_saved.pop()"
        ),
        "x = y\n#\nif c:\n    d_x = w * 2\nelse:\n    d_x = w * 3\n# p\nx = x_saved.pop()",
    )


def test_branches_of_the_user_keep_their_ends():
    unchanged(tidy, "if c:\n    y = w * 2\n    x = y\nelse:\n    y = w * 3\n    x = y\n#\nreturn x")


def test_copy_to_itself_goes():
    check(tidy, "x = x\nif c:\n    x = x\nreturn x", "if c:\n    pass\nreturn x")


def test_comments_that_head_nothing_go():
    check(
        tidy, "# p\n# q\nx = w\n# q\n#\n#\n# r\nreturn x.T\n# s", "# q\nx = w\n#\n# r\nreturn x.T"
    )
    check(tidy, "#\nx = w\n#", "x = w")


def test_comments_before_a_return_of_names_go():
    check(tidy, "x = w\n# r\nreturn x", "x = w\nreturn x")
    check(tidy, "x = w\n# r\nreturn [x, (w, 1.0)]", "x = w\nreturn [x, (w, 1.0)]")
    check(tidy, "# r\nreturn gradient_like(p, {0: x})", "return gradient_like(p, {0: x})")
    unchanged(tidy, "# r\nreturn owned(x)")
    unchanged(tidy, "# r\nreturn -x")


def test_choice_of_two_simple_values_is_an_expression():
    branches = [tree.assign("y", tree.name("x"))], [tree.assign("y", tree.constant(-1.0))]
    function = tree.function_def("f", ["c", "x"], [tree.if_(tree.name("c"), *branches)])
    assert text_of(tidy(function)) == "y = x if c else -1.0"


def test_branches_that_the_user_wrote_on_several_lines_stay():
    unchanged(tidy, "if c:\n    x = y\nelse:\n    x = -1.0")


# --- all ----------------------------------------------------------------------------------------
def test_linear_regression():
    check(
        every,
        """
        pred = w[0] @ x + w[1]
        diff = y - pred
        s = np.sum(diff ** 2)
        loss = s / y.shape[1]
        #
        d_loss = 1.0
        # loss = s / y.shape[1]
        d_s = d_loss / y.shape[1]
        # s = np.sum(diff ** 2)
        d_diff = d_s * (2 * diff ** (2 - 1))
        # diff = y - pred
        d_pred = -d_diff
        # pred = w[0] @ x + w[1]
        d_left = d_pred @ x.T
        d_right = unbroadcast(d_pred, w[1])
        return [d_left, d_right]
        """,
        """
        pred = w[0] @ x + w[1]
        diff = y - pred
        #
        # s = np.sum(diff ** 2)
        d_diff = 2 / y.shape[1] * diff
        # diff = y - pred
        d_pred = -d_diff
        # pred = w[0] @ x + w[1]
        return [d_pred @ x.T, unbroadcast(d_pred, w[1])]
        """,
    )


def test_loop_with_an_overwritten_name():
    check(
        every,
        """
        x_saved = []
        y_saved = []
        trips = 0
        for i in range(n):
            x_saved.append(x)
            y_saved.append(y)
            trips = trips + 1
            x = w * x
            y = x + 1
        #
        d_x = 1.0
        d_w = np.zeros_like(w)
        d_y = np.zeros_like(w)
        for i in reversed(range(n)):
            # y = x + 1
            y = y_saved.pop()
            # x = w * x
            x = x_saved.pop()
            d_w = d_w + d_x * x
            d_x = d_x * w
            d_y = d_y + d_x * 2
        if c:
            pass
        else:
            d_w = 2.0 * d_w
        return d_w
        """,
        """
        x_saved = []
        for i in range(n):
            x_saved.append(x)
            x = w * x
        #
        d_x = 1.0
        d_w = np.zeros_like(w)
        for i in reversed(range(n)):
            # x = w * x
            x = x_saved.pop()
            d_w += d_x * x
            d_x = d_x * w
        if not c:
            d_w = 2 * d_w
        return d_w
        """,
    )


def test_useless_zero_goes():
    check(
        every,
        "d_s = 0.0\nd_s = d_s + x * w\nd_y = d_s * y\nreturn [d_y, d_s]",
        "d_s = x * w\nreturn [d_s * y, d_s]",
    )
