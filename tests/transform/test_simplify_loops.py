"""Loops whose reversal keeps and computes no more than one written by hand."""

import numpy as np
import pytest

from knetsrc import grad
from language.checking import M, V, check
from transform.test_simplify_shapes import body


def fixed_point(a, x, most):
    n = 0
    while n < most:
        x_new = np.tanh(a @ x + 1.0)
        n += 1
        if np.max(np.abs(x_new - x)) < 1e-4:
            break
        x = x_new
    return np.sum(x**2)


@pytest.mark.parametrize("most", [0, 1, 3, 100])
def test_unfinished_iteration_is_not_reversed(most):
    assert not any("done" in line for line in body(fixed_point))
    check(fixed_point, 0.2 * M @ M.T, V[:2], most, argnums=(0, 1))


def test_counter_that_is_read_in_the_unfinished_iteration():
    def f(x, most):
        n = 0
        total = 0.0
        while n < most:
            n += 1
            y = x**n
            if np.sum(y) > 4.0:
                break
            total = total + np.sum(y * n)
        return total + n * np.sum(x)

    for most in (1, 2, 5):
        check(f, V, most, argnums=(0,))


def test_zeros_in_the_order_of_the_parameters():
    def f(w, b, a, n):
        x = 1.0
        for _ in range(n):
            x = x * w + b * a
        return x

    starts = [
        line.split()[0] for line in body(f, argnums=(0, 1, 2)) if line.endswith("zeros_like(")
    ]
    names = [line.split()[0] for line in body(f, argnums=(0, 1, 2)) if "= zeros_like" in line]
    assert (starts, names) == ([], ["d_w", "d_b", "d_a"])
    check(f, 0.5, 1.5, 0.7, 3, argnums=(0, 1, 2))


def test_names_of_what_helpers_give():
    def predict(w, x):
        for i in range(0, len(w), 2):
            x = w[i] * x + w[i + 1]
        return x

    def loss(w, x, y):
        return np.sum((predict(w, x) - y) ** 2), np.max(x)

    lines = body(loss, has_aux=True)
    assert lines == [
        "predict_value, predict_kept = predict_forward(w, x)",
        "max_x = np.max(x)",
        "d_predict_value = unbroadcast(2 * (predict_value - y), predict_value)",
        "d_w = predict_backward(predict_kept, d_predict_value)",
        "return finished(d_w, w), max_x",
    ]
    gradient, aux = grad(loss, has_aux=True)([V, V], V, 1.0)
    np.testing.assert_allclose(gradient[1], 2 * (V * V + V - 1.0))
    assert aux == 2.0


def test_loss_itself_is_not_computed_beside_aux():
    def loss(w):
        return np.sum(np.sin(w) ** 2), w

    assert not any("np.sum" in line for line in body(loss, has_aux=True))


def test_choice_needs_no_value_for_its_shape():
    def huber(w, x, y):
        r = y - x @ w
        small = 0.5 * r**2
        large = 0.7 * (np.abs(r) - 0.35)
        return np.sum(np.where(np.abs(r) <= 0.7, small, large))

    assert not any(line.startswith(("where", "chosen")) for line in body(huber))
    check(huber, V[:3], M, V[:2])
    assert grad(huber)(np.float32(V[:3]), np.float32(M), np.float32(V[:2])).dtype == np.float32


def test_parts_of_one_step_are_added_at_once():
    def f(u, n):
        for _ in range(n):
            u = np.concatenate([u[:1], u[1:-1] + 0.1 * (u[:-2] - 2 * u[1:-1] + u[2:]), u[-1:]])
        return np.sum(u**2)

    assert "d_u[-1:] += d_parts_u[2]" in "\n".join(body(f)).replace("_before", "")
    check(f, V, 3, argnums=(0,))


def test_parts_of_a_joined_array_are_taken_apart_at_once():
    def f(w, x, h):
        gates = np.concatenate([x, h], axis=1) @ w
        return np.sum(np.tanh(gates))

    joined = "split_like(matmul_adjoint_a(d_gates, joined_gates, w), [x, h], 1)"
    assert f"d_x, d_h = {joined}" in body(f, argnums=(0, 1, 2))
    assert f"d_h = {joined}[1]" in body(f, argnums=(0, 2))
    check(f, M.T @ M, M[:, :2], M[:, 2:], argnums=(0, 1, 2))


def test_parts_that_are_used_twice_keep_their_list():
    def f(x, h):
        return np.sum(np.concatenate([x * h, h, x]) ** 3)

    check(f, V, np.sin(V))
