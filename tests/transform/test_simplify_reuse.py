"""What has a name is not computed again; numbers in names only where they tell something apart."""

import math

import numpy as np
import scipy.linalg
from scipy.special import ndtr

from knetsrc import grad, ops
from knetsrc.transform.simplify import reuse_named
from knetsrc.transform.simplify.renumber import renumber
from language.checking import M, V
from language.checking import check as check_gradient
from transform.simplify_programs import EFFECTS, candidates, check
from transform.test_simplify_shapes import body


def reuse(function):
    return reuse_named(function, candidates(function), EFFECTS)


def unchanged(text):
    check(reuse, text, text)


def test_named_expression_is_read_by_name():
    check(
        reuse,
        "t = x - y\nu = 2 * np.exp(x - y)\nif c:\n    u = np.exp(x - y)\nreturn u",
        "t = x - y\nu = 2 * np.exp(t)\nif c:\n    u = np.exp(t)\nreturn u",
    )


def test_users_names_do_not_come_to_share_memory():
    unchanged("t = x - y\nu = x - y\nreturn [t, u]")
    unchanged("u = x - y\nt = 2 * (x - y)\nreturn [t, u]")


def test_operand_bound_anew():
    unchanged("t = x - y\nx = fresh(x)\nu = 2 * (x - y)\nreturn u")
    unchanged("t = x - y\nfor i in range(n):\n    y = 2 * (x - y)\nu = 2 * (x - y)\nreturn u")


def test_operand_changed_in_place():
    unchanged("t = fresh(x)\nx[0] = 1.0\nu = 2 * fresh(x)\nreturn u")
    unchanged("t = fresh(x)\nt[0] = 1.0\nu = 2 * fresh(x)\nreturn u")


def test_calls_that_do_more_than_return_a_value():
    unchanged("t = draw(x)\nu = 2 * draw(x)\nreturn u")


def test_backward_part_keeps_nothing_more():
    unchanged("t = x - y\n#\nd_x = 2 * (x - y)\nreturn d_x")


def test_numbers_in_names():
    def renumbered(function):
        return renumber(function, candidates(function), {"d_c"})

    check(
        renumbered,
        "d_a_2 = x\nd_a_3 = y\nd_b_1 = d_a_2\nd_b = d_a_3\nd_c_1 = w\nreturn [d_b, d_b_1, d_c_1]",
        "d_a = x\nd_a_1 = y\nd_b_1 = d_a\nd_b = d_a_1\nd_c_1 = w\nreturn [d_b, d_b_1, d_c_1]",
    )


def test_option_price():
    def f(s, k, t, sigma):
        d1 = (np.log(s / k) + 0.5 * sigma**2 * t) / (sigma * np.sqrt(t))
        d2 = d1 - sigma * np.sqrt(t)
        return s * ndtr(d1) - k * ndtr(d2)

    assert body(f, argnums=(0, 3))[:4] == [
        "sqrt_t = np.sqrt(t)",
        "product_d1 = sigma * sqrt_t",
        "d1 = (np.log(s / k) + 0.5 * sigma**2 * t) / product_d1",
        "d2 = d1 - product_d1",
    ]
    check_gradient(f, 100.0, 95.0, 0.5, 0.2, argnums=(0, 3))


def test_random_numbers_are_drawn_twice():
    def f(x, generator):
        return np.sum(x * generator.normal(size=4)) + np.sum(x**2 * generator.normal(size=4))

    drawn = np.random.default_rng(1)
    expected = drawn.normal(size=4) + 2 * V * drawn.normal(size=4)
    np.testing.assert_allclose(grad(f)(V, np.random.default_rng(1)), expected)


# --- names of the user and of libraries ----------------------------------------------------------
def test_functions_keep_the_names_that_the_user_wrote():
    def f(x):
        return np.sum(np.abs(x) * np.exp(np.abs(x)))

    assert body(f)[0] == "abs_x = np.abs(x)"


def test_imports_are_those_of_the_documentation():
    def f(x):
        return scipy.linalg.det(x) + ops.softmax(x[0])[0] + math.sqrt(2)

    lines = str(grad(f).source).splitlines()
    assert lines[1] == "from knetsrc import ops"
    assert lines[3] == "from scipy import linalg"
    assert "from scipy import linalg" in str(grad(scipy.linalg.det).source)
    check_gradient(f, M[:, :2] @ M[:, :2].T)


# --- numbers ------------------------------------------------------------------------------------------
def test_dot_of_a_vector_with_itself():
    def f(w, x):
        return 0.5 * np.dot(w, w) + x @ w

    assert body(f) == ["d_w = w + unbroadcast(1.0 * x, w)", "return d_w"]
    check_gradient(f, V, np.sin(V))


def test_summand_that_comes_twice():
    def f(y, x, n):
        for _ in range(n):
            y = y - 0.1 * (y * y - x)
        return y

    assert "    d_y -= 0.2 * d_y * y" in body(f)
    check_gradient(f, 0.3, 2.0, 4, argnums=(0, 1))


def test_cosine_of_two_vectors():
    def f(a, b):
        return np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))

    assert "d_a = unbroadcast(d_dot_a * b, a) + divide_or_zero(d_product * norm_b, norm_a) * a" in (
        body(f, argnums=(0, 1))
    )
    check_gradient(f, V, np.sin(V))


def test_weight_of_a_penalty_is_written_twice():
    def f(u, v, weight):
        return weight * (np.sum(u**2) + np.sum(v**2))

    assert body(f, argnums=(0, 1))[:2] == ["d_u = 2.0 * weight * u", "d_v = 2.0 * weight * v"]
    check_gradient(f, V, M, 0.1, argnums=(0, 1))
    assert grad(f)(V, M, 3).dtype == float
