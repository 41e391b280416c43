"""Calls: default, keyword, star and double-star arguments, of the function and of its helpers."""

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, grad, value_and_grad, vjp
from language.checking import M, V, check


def weighted(x, weight=2.0, *, power=2, shift=0.0):
    return np.sum(weight * x**power + shift * x)


def product(*xs):
    s = 1.0
    for x in xs:
        s = s * np.sum(x)
    return s


def scaled(x, **options):
    return np.sum(x**2) * options["scale"] + options.get("shift", 0.0)


def test_default_arguments_of_the_function():
    check(weighted, V)
    check(weighted, V, 3.0)


def test_keyword_arguments_of_the_function():
    check(weighted, V, power=3, shift=0.5)
    assert grad(weighted, wrt="weight")(x=V, weight=3.0) == np.sum(V**2)


def test_keyword_only_argument_is_differentiated():
    np.testing.assert_allclose(grad(weighted, wrt="shift")(V, shift=0.5), np.sum(V))


def test_default_argument_is_differentiated():
    assert grad(weighted, argnums=1)(V) == np.sum(V**2)


def test_positional_only_parameters():
    def f(x, /, y):
        return np.sum(x * y)

    check(f, V, V + 1.0)


def test_default_that_is_an_array():
    def f(x, w=V + 1.0):
        return np.sum(x * w)

    check(f, V)
    check(f, V, V)


def test_helper_with_defaults():
    def f(x):
        return weighted(x) + weighted(x, 3.0) + weighted(x, x[0])

    check(f, V)


def test_helper_with_keywords():
    def f(x):
        return weighted(x, shift=x[1], power=3) + weighted(weight=x[0], x=x)

    check(f, V)


def test_helper_with_keywords_out_of_order():
    def difference(a, b, c=1.0):
        return a - b * c

    def f(x, y):
        return difference(c=x, b=y, a=2.0) * difference(x, c=y, b=x)

    check(f, 0.7, 1.5)


def test_star_parameter_of_the_function():
    def f(*xs):
        s = 1.0
        for x in xs:
            s = s * x
        return s

    value, gradients = value_and_grad(f, wrt="xs")(2.0, 3.0, 4.0)
    assert value == 24.0
    assert gradients == (12.0, 8.0, 6.0)
    assert vjp(f, 2.0, 3.0, 4.0)[1](1.0) == (12.0, 8.0, 6.0)


def test_star_parameter_after_others():
    def f(x, *ys):
        return x * sum(ys) + len(ys)

    check(f, 2.0, 3.0, 4.0, argnums=(0,))


def test_double_star_parameter():
    def f(x, **options):
        return np.sum(x) * options["scale"]

    check(f, V, scale=3.0)


def test_helper_with_star_parameter():
    def f(x, y):
        return product(x, y, x * y)

    check(f, V, 2.0)


def test_star_argument_of_a_list():
    def f(xs):
        return product(*xs)

    check(f, [V, M])


def test_star_argument_into_named_parameters():
    def affine(w, b, x):
        return w * x + b

    def f(p, x):
        return np.sum(affine(*p, x))

    check(f, (V, 0.5), V)


def test_star_argument_of_a_tuple_written_here():
    def f(x):
        pair = (x, x * 2.0)
        return product(*pair)

    check(f, V)


def test_double_star_argument():
    def f(params, x):
        return weighted(x, **params)

    check(f, {"weight": 2.0, "shift": 0.3}, V)


def test_helper_with_double_star_parameter():
    def f(x):
        return scaled(x, scale=x[0])

    check(f, V)


def test_arguments_handed_through():
    def outer(*args, **kwargs):
        return weighted(*args, **kwargs)

    def f(x):
        return outer(x, 3.0, power=3)

    check(f, V)


def test_method_call_with_keywords():
    def f(m):
        return np.sum(m.sum(axis=1, keepdims=True) * m.mean(0))

    check(f, M)


def test_call_of_a_call():
    def adder(k):
        return lambda z: z + k

    plus = adder(2.0)

    def f(x):
        return plus(plus(x)) * x

    check(f, 1.5)


def test_argument_that_is_a_ternary_or_a_comparison():
    def gated(x, on):
        return x * 2.0 if on else x

    def f(x):
        return gated(x if x > 0 else -x, x > 1) * x

    check(f, 1.5)
    check(f, 0.5)
    check(f, -0.5)


def test_arguments_with_effects_keep_their_order():
    def f(x):
        seen = []

        def note(z):
            return z * (1 + len(seen))

        a = note(x)
        seen.append(1)
        return a * note(x)

    check(f, 1.5)


def test_numpy_functions_under_other_names():
    from numpy import exp as e
    from numpy import sum as total

    nested = np.linalg.norm

    def f(x):
        return total(e(x)) * nested(x)

    check(f, V)


def test_module_held_in_a_variable():
    modules = [np, np.linalg]
    xp, linalg = modules

    def f(x):
        return xp.sum(xp.sin(x)) * linalg.norm(x)

    check(f, V)


def test_numpy_function_is_differentiated():
    check(np.sin, 0.5)
    check(np.sum, V)
    check(np.matmul, M, M.T)


def cubed(a, b, c=1.0):
    return np.sum(a * b * c)


def totals(a, *rest, k=1.0, **weights):
    s = np.sum(a) * k
    for r in rest:
        s = s + np.sum(r) * s
    return s * weights.get("u", 2.0)


def handed_on(*args, **kwargs):
    return cubed(*args, **kwargs) * len(args)


def test_star_argument_beside_defaults():
    def f(p, x):
        return cubed(*p, x) + cubed(*p)

    def g(p):
        return cubed(*p)

    check(f, (V, V + 1.0), V)
    check(g, (V, V + 1.0))
    check(g, [V, V + 1.0, 2.0])


def test_star_argument_of_the_wrong_length():
    def f(p):
        return cubed(*p)

    with pytest.raises(TypeError, match="cubed"):
        grad(f)([V])


def test_double_star_argument_with_and_without_an_option():
    def f(x, d):
        return cubed(x, **d) + cubed(x, **dict(b=x)) + cubed(**{"a": x, "b": x})

    check(f, V, {"b": V, "c": 2.0})
    check(f, V, {"b": V})


def test_star_arguments_into_star_parameters():
    def f(x, p):
        return totals(*p) + totals(x, *p) + totals(x, x, k=2.0, u=x[0])

    check(f, V, (V, V + 1.0))


def test_arguments_handed_through_in_several_forms():
    def f(x):
        pair = (x, x * 2.0)
        return handed_on(x, x) + handed_on(x, b=x, c=2.0) + handed_on(*(x, x, x)) + handed_on(*pair)

    check(f, V)


def test_dict_made_by_keywords():
    def f(x):
        d = dict(a=x, b=x * x)
        return np.sum(d["a"] * d["b"])

    check(f, V)


K, TWO, HALF, EPS = np.float64(-0.3), np.float64(2.0), np.float32(0.5), np.finfo(float).eps


def stepped(x, k=K, *, m=TWO):
    for _ in range(2):
        x = x * k + np.sin(x) * m
    return x


def test_defaults_that_are_numbers_of_numpy():
    def f(x, eps=EPS, c=HALF):
        return np.sum(np.log(x**2 + eps) * c) + np.sum(stepped(x) + stepped(x, k=eps))

    check(f, V)
    assert grad(f)(V.astype(np.float32)).dtype == np.float32


def optional(x, s=2.0, *rest):
    return x * s + sum(rest)


def changed(**k):
    k["s"] = k["s"] * 2
    return k["s"] * k["t"]


def given(**k):
    return k


def ends(u, *vals):
    u[0] = vals[0]
    u[-1] = vals[1]


def test_star_arguments_beside_others_into_star_parameters():
    def f(x):
        xs = [v**2 for v in x]
        total = product(*xs, x[2]) + product(x[0], *xs) + product(*xs, *xs[1:3])
        return total + optional(x[0], x[1], *xs) + optional(x[0], 3.0, x[1], *xs)

    check(f, V)


def test_double_star_arguments_into_a_double_star_parameter():
    def total(**k):
        return sum(k.values()) * k["s"]

    def f(x):
        d = {"s": x[2], "t": x[1]}
        return total(**d) + total(a=x[0], **d) + total(**d, **{"q": x[0] * 2})

    def with_parameters(x):
        def g(a, *r, s=1.0, **k):
            return a * sum(r) * s + k["q"] * sum(k.values())

        xs, d = (x[0], x[1]), {"q": x[2]}
        return g(x[2], *xs, x[0], w=x[1], s=x[3], **d)

    check(f, V)
    check(with_parameters, V)


def test_dictionary_of_a_double_star_parameter_is_a_new_one():
    def f(x):
        d = {"s": x[2], "t": x[1]}
        return changed(**d) * d["s"]

    def handed_back(x):
        d = {"t": x[1]}
        e = given(**d)
        e["t"] = x[0] * 2
        return d["t"] * e["t"]

    with pytest.raises(UnsupportedAliasError, match="a call that writes into `d`"):
        grad(f)(V)
    check(handed_back, V)


def test_star_and_double_star_parameters_of_a_nested_function():
    def f(x):
        def pair(**k):
            return sum(k.values()) * k["a"]

        def inner(u, *vals):
            u[0] = vals[0]
            u[-1] = vals[1]

        u = x * 2
        inner(u, x[1] ** 2, x[0])
        ends(u, u[1] * x[0], x[1])
        values = (x[2], x[0] ** 2)
        inner(u, *values)
        return np.sum(u**2) * pair(a=x[0], b=x[1] * x[2])

    check(f, V)
