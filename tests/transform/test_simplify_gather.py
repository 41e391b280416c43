"""Values of one iteration kept in one tuple."""

import numpy as np

from knetsrc.transform.simplify.gather import gather_saved
from language.checking import M, V
from language.checking import check as check_gradient
from transform.simplify_programs import EFFECTS, check


def gather(function):
    return gather_saved(function, lambda text: text, EFFECTS)


BEFORE = """
x_saved = []
y_saved = []
for i in range(n):
    x_saved.append(x)
    {between}
    y_saved.append(y)
while x_saved:
    y = y_saved.pop()
    {back}
    x = x_saved.pop()
    same(x, y)
"""


def unchanged(between, back):
    text = BEFORE.format(between=between, back=back)
    check(gather, text, text)


def test_two_lists_become_one():
    check(
        gather,
        BEFORE.format(between="y = fresh(x)", back="z = 1"),
        """
steps_saved = []
for i in range(n):
    y = fresh(x)
    steps_saved.append((x, y))
while steps_saved:
    x, y = steps_saved.pop()
    z = 1
    same(x, y)
""",
    )


def test_value_is_kept_before_its_name_is_bound_anew():
    check(
        gather,
        BEFORE.format(between="x = fresh(x)", back="z = 1"),
        """
steps_saved = []
for i in range(n):
    steps_saved.append((x, y))
    x = fresh(x)
while steps_saved:
    x, y = steps_saved.pop()
    z = 1
    same(x, y)
""",
    )


def test_both_names_bound_between():
    unchanged("x, y = fresh(x), fresh(y)", "z = 1")


def test_name_read_before_its_value_is_taken_back():
    unchanged("z = 1", "z = fresh(x)")


def test_iteration_that_ends_between():
    unchanged("if z:\n        break", "z = 1")


def test_list_that_is_read_elsewhere():
    unchanged("z = len(x_saved)", "z = 1")


def test_lists_of_several_loops_and_branches():
    def f(w, x):
        total = 0.0
        for i in range(3):
            a = np.tanh(x * w)
            if i == 1:
                for _ in range(2):
                    b = np.sin(a)
                    a = np.exp(b) * a
            x = a * x
            total = total + np.sum(a * x)
            if total > 50:
                break
        return total

    check_gradient(f, V, 0.3 * V)


def test_state_of_a_recurrent_net():
    def f(w, xs, h):
        for x in xs:
            z = 1 / (1 + np.exp(-(w @ (h + x))))
            c = np.tanh(w @ (z * h))
            h = (1 - z) * h + z * c
        return np.sum(h**2)

    check_gradient(f, M.T @ M, [V[:3], V[1:]], 0.1 * V[:3], argnums=(0, 2))


def test_second_name_for_what_is_taken_back_afterwards_comes_first():
    check(
        gather,
        BEFORE.format(between="y = fresh(x)", back="z = x"),
        """
steps_saved = []
for i in range(n):
    y = fresh(x)
    steps_saved.append((x, y))
while steps_saved:
    z = x
    x, y = steps_saved.pop()
    same(x, y)
""",
    )


def test_second_name_that_is_bound_to_something_else_before():
    unchanged("y = fresh(x)", "z = 1\n    z = x")
