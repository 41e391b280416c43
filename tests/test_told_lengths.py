"""What the first call tells of the lengths of axes shapes the source that runs; no later call is wrong for it."""

import itertools

import numpy as np
import pytest

from knetsrc import grad, vjp
from knetsrc.testing import check_grads


def affine(w, b, x):
    return np.sum(np.tanh(x @ w + b) ** 2)


def standardized(x, v):
    z = (x - x.mean(axis=0)) / (x.std(axis=0) + 1.0)
    return np.sum(z * v)


def attention(q, k, v):
    s = q @ k.T / np.sqrt(k.shape[1])
    p = np.exp(s - s.max(axis=-1, keepdims=True))
    return np.sum((p / p.sum(axis=-1, keepdims=True) @ v) ** 2)


def mixture(alphas, means, icf, x):
    z = (x[:, None, :] - means) * np.exp(icf)
    terms = alphas + icf.sum(axis=1) - 0.5 * (z**2).sum(axis=2)
    top = terms.max(axis=1)
    return np.sum(top + np.log(np.exp(terms - top[:, None]).sum(axis=1)))


def chosen(x, y, z):
    if len(z) > 2:
        total = np.sum(x * y)
    else:
        total = np.sum(x) * np.sum(y)
    return total + np.sum(np.outer(x, z) * np.sum(y)) + np.sum(y * np.sum(x * x))


def unrolled(w, b, h):
    for _ in range(len(b)):
        h = np.tanh(w @ h + b)
    return np.sum(h * b)


def unrolled_never(w, b, n):
    total = np.sum(w)
    for _ in range(int(n.sum())):
        total = total + np.sum(w * b)
    return total * np.sum(b) + np.sum(b * b)


def attempted(x, y):
    try:
        total = np.sum(x * y)
    except ValueError:
        total = np.sum(x)
    return total + np.sum(np.sin(y)) + np.sum(np.cos(x))


def slopes(u, v):
    d = u[1:] - u[:-1]
    return np.sum(d * v) + np.sum(d[1:] * d[:-1])


def folded(x, y):
    a = x.reshape(2, -1)
    b = np.concatenate([a, y.reshape(2, -1)], axis=1)
    c = np.stack([b.sum(axis=0), b[0] * 2.0])
    return np.sum(c * c) + np.sum(np.einsum("ij,kj->ik", a, a) * np.sum(y, keepdims=True))


def picked(x, rows, w):
    z = x[rows] * w
    return np.sum(z**2) + np.sum(x[rows, 0]) + np.sum(x[np.arange(len(rows)), rows] * w[0])


def layers(p, x):
    h = np.tanh(x @ p["w"] + p["b"])
    scores = h @ p["out"][0] + p["out"][1]
    return np.mean((scores - scores.sum(axis=1, keepdims=True)) ** 2)


def unpacked(ws, x):
    w, b = ws
    return np.sum((x @ w + b) ** 2)


def helped(w, b, x):
    def layer(w, b, x):
        y = x @ w + b
        for _ in range(2):
            y = y * b
        return y

    return np.sum(layer(w, b, x) ** 2) + np.sum(layer(w, b[:1], x))


def residual(ws, x):
    h = x
    for i in range(len(ws)):
        h = h + np.tanh(h @ ws[i][0] + ws[i][1])
    return np.sum(h**2)


def broadcast_by_a_loop(h, b):
    for _ in range(2):
        h = np.sin(h + b) * h
    return np.sum(h) + np.sum(h * h)


def growing(h, b):
    for _ in range(2):
        h = np.concatenate([h, h * b[0]]) if len(h) < 8 else h * b
    return np.sum(h * h)


def two_sweeps(u, v):
    for _ in range(2):
        for k in range(2):
            u = u + v[k] * np.cos(u)
        if np.sum(u) > 100.0:
            u = v
        u = u * 0.5
    return np.sum(u * u)


def swapped(u, v):
    for _ in range(3):
        u, v = v * 0.5, u * v
    return np.sum(u) + np.sum(v * v)


def filtered(trans, emit, start, obs):
    alpha = start * emit[:, obs[0]]
    total = np.log(alpha.sum())
    for o in obs[1:]:
        alpha = (alpha / alpha.sum()) @ trans * emit[:, o]
        total = total + np.log(alpha.sum())
    return total


def knet(w, x):
    for i in range(0, len(w), 2):
        x = w[i] @ x + w[i + 1]
        if i < len(w) - 2:
            x = np.maximum(x, 0.0)
    return np.sum(x * x)


def mixed(xs, y):
    total = 0.0
    for x in xs:
        total = total + np.sum(x * y)
    return total


def kept_apart(x, ws):
    y = x
    for i in range(len(ws)):
        y = x
        x = ws[i] @ x
        for _ in range(2):
            y = np.tanh(y + 0.1)
            x = np.concatenate([x, x[:1]])[1:]
        x = x * np.sum(y)
    return np.sum(y * np.sum(x)) + np.sum(x)


def rows_of(x, v):
    total = 0.0
    for row in x:
        total = total + np.sum(np.sin(row + v)) * np.sum(row[0])
    return total


def stepped(theta, y, n):
    def slope(t, u):
        return np.array([u[1], -theta[0] * np.sin(u[0]) - t * theta[1]])

    for i in range(int(n.sum())):
        k1 = slope(0.1 * i, y)
        k2 = slope(0.1 * i + 0.05, y + 0.05 * k1)
        y = y + 0.1 * k2
    return np.sum(y * y)


def cell(w, b, h, c, x):
    gates = np.concatenate([x, h]) @ w + b
    n = len(h)
    c = c * np.tanh(gates[:n]) + np.sin(gates[n:])
    return np.tanh(c) * gates[:n], c


def unrolled_cells(w, b, xs):
    h = np.zeros(w.shape[1] // 2)
    c = np.zeros_like(h)
    for t in range(len(xs)):
        h, c = cell(w, b, h, c, xs[t])
    return np.sum(h**2) + np.sum(c)


def normalized(x, w):
    def parts(u):
        m = u.mean(axis=0)
        return u - m, m, u.shape[0]

    z, m, n = parts(x)
    a, _, k = parts(z * w)
    return np.sum(z * a * m) / n + np.sum(a[: k - 1] * w)


def halves(x, n):
    def split(u, k):
        return u[:k], u[k:]

    a, b = split(x, 2)
    c, d = split(x, int(n.sum()))
    return np.sum(a * np.sum(b)) + np.sum(c * c) * np.sum(d) + np.sum(np.outer(a, c))


def shrunk(x, a, y):
    for _ in range(2):
        x = x - 0.1 * (a.T @ (a @ x - y))
        x = np.sign(x) * np.maximum(np.abs(x) - 0.01, 0)
    return np.sum((a @ x - y) ** 2) + np.sum(np.abs(x))


def nested(x, depth):
    if depth <= 0:
        return x, x.sum(axis=0)
    y, s = nested(np.tanh(x * 0.9), depth - 1)
    return y * x, s + np.sum(y)


def recursive(x, w):
    y, s = nested(x, 2)
    return np.sum(y * w) + np.sum(s * w)


def batched(a, b, c):
    return np.sum(np.tanh(a @ b + c) ** 2)


def heads(w, x, n):
    count, width = x.shape
    h = len(n)
    q = (x @ w["q"]).reshape(count, h, -1).transpose(1, 0, 2)
    k = (x @ w["k"]).reshape(count, h, -1).transpose(1, 0, 2)
    s = np.exp(q @ k.transpose(0, 2, 1) / np.sqrt(width // h))
    s = s / s.sum(axis=-1, keepdims=True)
    return np.sum(((s @ k).transpose(1, 0, 2).reshape(count, width) - x) ** 2)


def two_unknown(x, w):
    def parts(u):
        return u[u > 0.5], u[u > 0.9][:1], np.repeat(u, 2)

    a, b, c = parts(x)
    return np.sum(a * b) + np.sum(np.outer(c, a) * np.sum(b * w)) + np.sum(b * np.sin(a))


def products(ws, x):
    total = 0.0
    for i in range(len(ws) - 1):
        total = total + np.sum((ws[i] @ ws[i + 1]) * np.sum(ws[i] + ws[i])) * x[0, 0]
    return total * np.sum(ws[0]) + np.sum(ws[-1] * x[0, 0])


def models(ms, xs):
    total = 0.0
    for i in range(len(ms)):
        m = ms[i]
        y = np.tanh(m["w"] @ xs[i] + m["b"])
        total = total + np.sum(m["scale"] * y)
    return total


def drawn(shape, number):
    if isinstance(shape, dict):
        return {k: drawn(s, number + i) for i, (k, s) in enumerate(shape.items())}
    if isinstance(shape, list) or (
        isinstance(shape, tuple) and shape and isinstance(shape[0], tuple)
    ):
        return type(shape)(drawn(s, number + i) for i, s in enumerate(shape))
    if isinstance(shape, np.ndarray) or not shape:
        return shape if isinstance(shape, np.ndarray) else 0.1 * number + 0.5
    return np.random.default_rng(number).uniform(0.2, 1.5, shape)


CASES = [
    (affine, [((3, 4), (4,), (5, 3)), ((3, 4), (1,), (5, 3)), ((3, 1), (4,), (5, 3)), ((4, 4), (4, 4), (4, 4))]),
    (standardized, [((4, 3), (3,)), ((4, 3), (4, 1)), ((1, 3), (3,)), ((4, 1), (3,)), ((3, 3), (3, 3))]),
    (attention, [((3, 2), (4, 2), (4, 5)), ((1, 2), (4, 2), (4, 1)), ((3, 1), (1, 1), (1, 2))]),
    (mixture, [((3,), (3, 2), (3, 2), (5, 2)), ((1,), (3, 2), (3, 2), (5, 2)), ((3,), (1, 2), (3, 2), (5, 1)),
               ((2,), (2, 2), (2, 2), (2, 2))]),
    (chosen, [((3,), (3,), (3,)), ((3,), (4,), (2,)), ((1,), (4,), (3,)), ((3,), (1,), (3,))]),
    (unrolled, [((3, 3), (3,), (3,)), ((3, 3), (1,), (3,)), ((1, 1), (1,), (1,))]),
    (unrolled_never, [((3,), (3,), np.array([2])), ((3,), (4,), np.array([0])), ((1,), (4,), np.array([1]))]),
    (attempted, [((3,), (3,)), ((3,), (4,)), ((1,), (4,)), ((3,), (1,))]),
    (slopes, [((5,), (4,)), ((2,), (4,)), ((3,), (1,)), ((2, 3), (1, 3))]),
    (folded, [((4, 3), (2,)), ((2, 1), (4,)), ((2, 2, 2), (2, 3))]),
    (picked, [((4, 3), np.array([0, 2, 2]), (3,)), ((4, 3), np.array([0]), (3,)), ((4, 3), np.array([1, 0]), (1,))]),
    (layers, [({"w": (3, 4), "b": (4,), "out": [(4, 2), (2,)]}, (5, 3)), ({"w": (3, 4), "b": (1,), "out": [(4, 2), (1, 2)]}, (5, 3)),
              ({"w": (3, 4), "b": (1, 4), "out": [(4, 1), (2,)]}, (1, 3))]),
    (unpacked, [([(3, 4), (4,)], (5, 3)), ([(3, 4), (5, 1)], (5, 3)), ([(3, 1), (4,)], (3,))]),
    (residual, [([((3, 3), (3,)), ((3, 3), (3,))], (5, 3)), ([((3, 3), (3,)), ((3, 3), (1,))], (5, 3)), ([((1, 1), (1,))], (5, 1)),
                ([((1, 1), (3,)), ((3, 3), (3,))], (5, 1))]),
    (broadcast_by_a_loop, [((3,), (3,)), ((3,), (2, 3)), ((3,), (1, 3)), ((1,), (3,)), ((2, 3), (3,))]),
    (growing, [((2,), (8,)), ((1,), (4,)), ((8,), (8,))]),
    (two_sweeps, [((3,), (2, 3)), ((3,), (2, 1)), ((1,), (2, 3)), ((2, 3), (2, 3))]),
    (swapped, [((3,), (3,)), ((3,), (1,)), ((2, 3), (3,))]),
    (products, [([(3, 4), (4, 3)], (2, 3)), ([(4, 2), (2, 4), (4, 1)], (3, 4)), ([(4, 1), (1, 4), (4, 1)], (3, 4)),
                ([(3, 3), (3, 3)], (3, 3))]),
    (models, [([{"w": (2, 3), "b": (2,), "scale": ()}, {"w": (4, 3), "b": (4,), "scale": ()}], [(3,), (3,)]),
              ([{"w": (2, 3), "b": (1,), "scale": ()}], [(3,)]),
              ([{"w": (1, 3), "b": (2,), "scale": (2,)}], [(3, 2)])]),
    (filtered, [((3, 3), (3, 4), (3,), np.array([1, 0, 3])), ((3, 3), (3, 4), (1,), np.array([1, 1])),
                ((1, 3), (1, 2), (1,), np.array([1]))]),
    (knet, [([(4, 3), (4, 1), (2, 4), (2, 1)], (3, 5)), ([(4, 3), (4, 5), (2, 4), (2, 1)], (3, 5)),
            ([(4, 3), (4, 1), (1, 4), (1, 1)], (3, 1)), ([(4, 3), (4, 1)], (3, 5))]),
    (mixed, [([(3,), (3,)], (3,)), ([(3,), ()], (3,)), ([(3,), (2, 3)], (3,)), ([(3,), (1,), (1, 3)], (2, 3))]),
    (kept_apart, [((3,), [(4, 3), (2, 4)]), ((3,), [(3, 3), (3, 3)]), ((3,), [(1, 3), (2, 1)])]),
    (rows_of, [((4, 3), (3,)), ((4, 1), (3,)), ((1, 3), (2, 3)), ((2, 4, 3), (4, 1))]),
    (stepped, [((2,), (2,), np.array([3])), ((2,), (2, 3), np.array([2])), ((2, 1), (2, 3), np.array([1]))]),
    (unrolled_cells, [((5, 6), (6,), (4, 2)), ((3, 2), (2,), (4, 2)), ((3, 2), (1,), (1, 2))]),
    (normalized, [((4, 3), (3,)), ((4, 3), (1,)), ((4, 1), (3,)), ((2, 3), (1, 3)), ((4, 3), (1, 3))]),
    (halves, [((5,), np.array([3])), ((3,), np.array([1])), ((2,), np.array([0])), ((1,), np.array([1]))]),
    (shrunk, [((3,), (4, 3), (4,)), ((3,), (4, 3), (1,)), ((3,), (1, 3), (1,)), ((3, 2), (4, 3), (4, 1))]),
    (recursive, [((4, 3), (3,)), ((1, 3), (3,)), ((4, 3), (4, 1))]),
    (batched, [((2, 3, 4), (2, 4, 5), (2, 3, 5)), ((2, 3, 4), (1, 4, 5), (5,)), ((3, 4), (2, 4, 5), (5,)), 
               ((7, 2, 3, 4), (2, 4, 5), (1,)), ((2, 3, 4), (2, 4, 5), (7, 2, 3, 5)), ((2, 3, 4), (4, 5), (5,))]),
    (heads, [({"q": (4, 4), "k": (4, 4)}, (3, 4), np.array([1, 2])), ({"q": (4, 4), "k": (4, 4)}, (1, 4), np.array([1])),
             ({"q": (2, 2), "k": (2, 2)}, (3, 2), np.array([1, 2]))]),
    (two_unknown, [((9,), (3,)), ((9,), (1,)), ((12,), (2, 3))]),
    (helped, [((3, 4), (4,), (5, 3)), ((3, 4), (1,), (5, 3)), ((3, 1), (4,), (1, 3))]),
]  # fmt: skip


def named(case):
    return getattr(case, "__name__", str(case).replace(" ", ""))


def argnums_of(shapes):
    return tuple(i for i, shape in enumerate(shapes) if not isinstance(shape, np.ndarray))


def alike(found, wanted):
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys()
        found, wanted = list(found.values()), list(wanted.values())
    if isinstance(wanted, list | tuple):
        assert len(found) == len(wanted)
        for a, b in zip(found, wanted, strict=True):
            alike(a, b)
    else:
        assert np.shape(found) == np.shape(wanted)
        np.testing.assert_allclose(found, wanted, rtol=1e-10)


@pytest.mark.parametrize(
    ("function", "shapes"), [(f, s) for f, every in CASES for s in every], ids=named
)
def test_first_call(function, shapes):
    args = tuple(drawn(shape, i) for i, shape in enumerate(shapes))
    check_grads(function, args, argnums=argnums_of(shapes))


@pytest.mark.parametrize(("function", "every"), CASES, ids=named)
def test_calls_with_other_lengths(function, every):
    for calls in itertools.permutations(every, 2):
        gradient = grad(function, argnums=argnums_of(every[0]))
        for shapes in (*calls, *calls):
            args = tuple(drawn(shape, i) for i, shape in enumerate(shapes))
            generic = grad(function, argnums=argnums_of(every[0])).function
            alike(gradient(*args), generic(*args))


def test_source_has_no_fitting_where_lengths_are_told():
    gradient = grad(mixture, argnums=(0, 1, 2))
    gradient(*(drawn(shape, i) for i, shape in enumerate(CASES[3][1][0])))
    assert "unbroadcast" not in gradient.source
    assert "(d_z * exp_icf).sum(axis=0)" in gradient.source


def test_source_for_all_lengths_after_calls_that_differ():
    gradient = grad(affine, argnums=(0, 1))
    first, second = (tuple(drawn(s, i) for i, s in enumerate(CASES[0][1][k])) for k in (0, 1))
    gradient(*first)
    assert "d_b = d_affine.sum(axis=0)" in gradient.source
    gradient(*second)
    assert "unbroadcast" in gradient.source
    assert "of rank" in gradient.source


def test_containers_that_change_their_form():
    gradient = grad(unpacked)
    x, w = np.ones((5, 3)), np.ones((3, 4))
    for ws in ([w, np.ones(4)], (w, np.ones(4)), [w, 2.0], [w, np.ones((5, 1))], [w, np.ones(4)]):
        alike(gradient(ws, x), grad(unpacked).function(ws, x))


def test_dicts_that_change_their_form():
    def f(p, x):
        return np.sum(p["a"] * x) + sum(np.sum(v) for v in p.values())

    gradient = grad(f)
    for p in ({"a": np.ones(3)}, {"a": np.ones(3), "b": 1.0}, {"a": 2.0}, {"a": np.ones(3)}):
        alike(gradient(p, np.ones(3)), grad(f).function(p, np.ones(3)))


def test_number_of_elements_along_an_axis():
    def f(x):
        spread = np.std(x, axis=-1, keepdims=True) + np.var(x, axis=0)
        return np.sum(spread * np.mean(x, axis=1, keepdims=True))

    gradient = grad(f)
    gradient(np.arange(6.0).reshape(2, 3))
    assert "x.shape[1]" in gradient.source and "x.shape[0]" in gradient.source
    for shape in [(2, 3), (1, 3), (4, 1), (5, 2)]:
        x = np.random.default_rng(0).normal(size=shape)
        check_grads(f, (x,)) if shape[1] > 1 else gradient(x)
    assert gradient(np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_gradients_of_entries_have_their_dtypes_where_the_data_have_others(kind):
    def loss(p, x):
        return np.sum(np.tanh(x @ p["w"] + p["b"][0]))

    gradient = grad(loss)
    for other in (np.float64, np.float32, np.float64):
        p = {"w": np.ones((3, 2), kind), "b": [np.ones(2, kind)]}
        found = gradient(p, np.ones((4, 3), other))
        assert found["w"].dtype == kind
        assert found["b"][0].dtype == kind
        assert vjp(loss, p, np.ones((4, 3), other))[1](1.0)[0]["w"].dtype == kind


def totals(a, b, u, v):
    total = np.sum(u)
    for i in range(len(u)):
        total = total + np.sum(np.sin(a[i] * (u * v))) * b
    return total + a[1] * np.sum(u[1:] * v[:-1]) + np.sum(u * b) ** 2


def test_sums_of_products_of_vectors_are_inner_products():
    u, v = np.array([0.5, -1.2, 2.0]), np.array([1.5, 0.3, -0.7])
    a = np.array([0.3, 1.1, -0.4])
    slope = grad(totals, argnums=(0, 1))
    for b in (0.7, np.array([0.7]), np.array([0.7, 0.2, 0.1])):
        for w in (v, v[:1]):
            if np.shape(b) == () or w is v:
                check_grads(lambda a, b, u, w=w: np.sum(totals_of(a, b, u, w)), (a, b, u))
    slope(a, 0.7, u, v)
    assert " @ " in slope.source
    d_a, _ = slope(a.astype(np.float32), 0.7, u.astype(np.float32), v.astype(np.float32))
    assert d_a.dtype == np.float32


def totals_of(a, b, u, v):
    return np.sum(u * v * np.sum(b)) * a[0] + np.sum(np.cos(a[0] * u * v)) + np.sum(b * a[1] * u)
