"""Functions passed, stored, chosen and called."""
# ruff: noqa: B905

import argparse
import functools
import itertools
import operator
from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.errors import KnetsrcError
from language.checking import V, by_grad, by_value_and_grad, by_vjp, check

ALL_WAYS = (by_grad, by_value_and_grad, by_vjp)


def relu(x):
    return np.maximum(x, 0.0)


def square(x):
    return x * x


def apply_twice(g, x):
    return g(g(x))


def compose(f, g):
    return lambda x: f(g(x))


def loopy(x):
    for _ in range(2):
        x = x * np.sin(x)
    return x


def apply_all(functions, x):
    for g in functions:
        x = g(x)
    return x


def layer(x, act=None, gain=2.0):
    y = x * gain
    if act is not None:
        y = act(y)
    return y


FUNCTIONS = [np.sin, loopy, square]
ACTIVATIONS = {"relu": relu, "tanh": np.tanh}


def test_function_as_argument_of_a_helper():
    def f(x):
        return np.sum(apply_twice(np.tanh, x) * apply_twice(square, x))

    check(f, V)


def test_function_as_argument_of_the_function():
    def f(x, g):
        return np.sum(g(x) * x)

    check(f, V, np.sin)
    check(f, V, square)


def test_same_gradient_object_with_other_functions():
    def f(x, g):
        return np.sum(g(x))

    check(f, V, np.cos)
    check(f, V, square)
    check(f, V, np.sin)


def test_function_as_default_argument():
    def f(x, activation=np.tanh):
        return np.sum(activation(x))

    check(f, V)
    check(f, V, np.sin)


def test_function_bound_to_a_local_name():
    def f(x):
        g = np.tanh
        h = square
        return np.sum(g(x) * h(x))

    check(f, V)


def test_function_chosen_by_a_branch():
    def f(x, smooth):
        if smooth:
            g = np.tanh
        else:
            g = relu
        return np.sum(g(x) * x)

    check(f, V, True)
    check(f, V, False)


def test_function_chosen_by_a_ternary():
    def f(x, smooth):
        g = square if smooth else np.sin
        return np.sum(g(x) * x)

    check(f, V, True)
    check(f, V, False)


def test_functions_in_a_tuple():
    def f(x):
        for g in (np.sin, square, np.tanh):
            x = g(x) + x
        return np.sum(x)

    check(f, V)


def test_functions_in_a_captured_dictionary():
    def f(x, name):
        return np.sum(ACTIVATIONS[name](x) * x)

    check(f, V, "tanh")
    check(f, V, "relu")


def test_functions_zipped_with_weights():
    def f(ws, x):
        for w, g in zip(ws, [np.tanh, square]):
            x = g(w * x)
        return np.sum(x)

    check(f, [V, V + 1.0], V)


def test_composition():
    both = compose(np.sin, square)

    def f(x):
        return np.sum(both(x))

    check(f, V)


def test_map_with_a_helper():
    def f(xs):
        return sum(map(square, xs))

    check(f, [0.5, 1.5])


def test_reduce_with_a_helper():
    from functools import reduce

    def f(xs):
        return reduce(lambda a, b: a * b + 1.0, xs)

    check(f, [0.5, 1.5, 2.0])


def test_fixed_point_of_a_function_argument():
    def iterate(g, x, n):
        for _ in range(n):
            x = g(x)
        return x

    def f(x, y):
        return iterate(lambda z: np.cos(z) * y, x, 4)

    check(f, 0.5, 0.9)


def test_function_returned_by_a_helper():
    def pick(name):
        if name == "square":
            return square
        return np.tanh

    def f(x):
        return np.sum(pick("square")(x) * pick("tanh")(x))

    check(f, V)


def test_callable_test():
    def f(x, g):
        y = g(x) if callable(g) else x * g
        return np.sum(y)

    check(f, V, np.sin)
    check(f, V, 3.0, argnums=(0,))


def test_choice_keeps_what_the_test_was():
    def f(x, n):
        act = np.sin if n > 2 else square
        n = 0
        return np.sum(act(x) + n)

    check(f, V, 3)
    check(f, V, 1)


def test_choice_by_an_active_value():
    def f(x):
        act = np.sin if np.sum(x) > 2.0 else square
        x = x * 2.0
        return np.sum(act(act(x)))

    check(f, V, ways=ALL_WAYS)
    check(f, V + 3.0)


def test_chosen_function_is_differentiated_by_its_pair():
    def f(x, deep):
        step = loopy if deep else np.sin
        return np.sum(step(x))

    check(f, V, True, ways=ALL_WAYS)
    source = grad(f).source
    assert source.count("if deep:") == 2
    assert "loopy_forward(x)" in source
    assert "loopy_backward(" in source


def test_function_chosen_anew_in_each_iteration():
    def f(x, n):
        for i in range(n):
            if i % 2 == 0:
                act = np.sin
            else:
                act = loopy
            x = act(x) + x
        return np.sum(x)

    check(f, V, 3, ways=ALL_WAYS)
    check(f, V, 0)


def test_function_chosen_before_a_loop():
    def f(x, name):
        if name == "relu":
            act = relu
        elif name == "tanh":
            act = np.tanh
        else:
            raise ValueError(name)
        for _ in range(2):
            x = act(x)
        return np.sum(x)

    check(f, V, "tanh")
    check(f, V, "relu")


def test_function_from_an_earlier_iteration_is_refused():
    def f(x):
        act = np.sin
        for _ in range(3):
            x = act(x)
            act = np.cos
        return np.sum(x)

    with pytest.raises(KnetsrcError, match="not known while transforming"):
        grad(f)(V)


def test_loop_over_functions_is_written_out_in_order():
    def f(x):
        for g in (loopy, square, loopy):
            x = g(x)
        return np.sum(x)

    check(f, V, ways=ALL_WAYS)
    calls = [line for line in grad(f).source.splitlines() if "_kept" in line]
    assert [("forward" in c, "backward" in c) for c in calls] == [(True, False)] * 2 + [
        (False, True)
    ] * 2


def test_loop_over_functions_that_is_left():
    def f(x):
        for g in [np.sin, loopy, np.cos]:
            x = g(x)
            if np.sum(x) < 0.5:
                return np.sum(x * x)
        return np.sum(x)

    check(f, V)
    check(f, V * 0.1)


def test_captured_list_of_functions():
    def f(x, i):
        first = FUNCTIONS[0](x) * len(FUNCTIONS)
        return np.sum(FUNCTIONS[i](first) + FUNCTIONS[-i](x))

    check(f, V, 1)
    check(f, V, 2)


def test_entry_that_is_not_there():
    def f(x, name):
        return np.sum(ACTIVATIONS[name](x))

    with pytest.raises(KeyError, match="sigmoid"):
        grad(f)(V, "sigmoid")


def test_entry_of_a_table_that_is_replaced_later():
    table = {"act": np.sin}

    def f(x):
        return table["act"](x)

    gradient = grad(f)
    assert gradient(0.0) == 1.0
    table["act"] = square
    assert gradient(3.0) == 6.0


def test_index_of_a_table_that_changes_afterwards():
    def f(x, name):
        act = ACTIVATIONS[name]
        name = "tanh"
        return np.sum(act(x) * ACTIVATIONS[name](x))

    check(f, V, "relu")


def test_items_of_a_table_of_functions():
    def f(x):
        s = 0.0
        for name, g in ACTIVATIONS.items():
            s = s + np.sum(g(x)) * len(name)
        return s

    check(f, V)


def test_enumerated_and_zipped_functions():
    def f(x, y):
        for i, g in enumerate([np.sin, np.cos]):
            x = g(x) * (i + 1)
        for g, z in zip((loopy, square), (x, y)):
            x = x + g(z)
        return np.sum(x)

    check(f, V, V + 0.5)


def test_functions_in_a_comprehension():
    def f(x):
        return np.sum(np.stack([g(x) for g in FUNCTIONS])) + sum(np.sum(g(x)) for g in FUNCTIONS)

    check(f, V)


def test_functions_in_a_local_dictionary():
    def f(x):
        d = {"a": np.sin, "b": lambda z: z * x}
        return np.sum(d["a"](x) + d["b"](x) + d.get("b")(x))

    check(f, V)


def test_list_of_functions_that_is_filled():
    def f(x):
        steps = []
        steps.append(np.sin)
        steps.append(lambda z: z * x)
        return np.sum(apply_all(steps, x))

    check(f, V)


def test_list_of_functions_with_two_names():
    def f(x):
        steps = [np.sin]
        other = steps
        steps.append(np.cos)
        return np.sum(apply_all(other, x))

    check(f, V)


def test_list_of_functions_that_may_be_one_or_another_is_not_followed():
    def f(x, is_same):
        steps = []
        other = steps if is_same else [np.sin]
        steps.append(np.cos)
        return np.sum(apply_all(other, x))

    with pytest.raises(KnetsrcError, match="a function that is not known while transforming"):
        grad(f)(V, True)


def test_functions_handed_to_a_helper_in_a_list():
    def f(x, deep):
        act = np.cos if deep else loopy
        inner = apply_all([np.sin, loopy, lambda z: z * x], x)
        return np.sum(inner + apply_all(FUNCTIONS, x) + apply_all((act, np.sin), x))

    check(f, V, True, ways=ALL_WAYS)
    check(f, V, False)


def test_functions_handed_to_the_function_in_a_list():
    def f(x, functions):
        return np.sum(apply_all(functions, x) + functions[0](x))

    check(f, V, [np.sin, square], argnums=(0,))
    check(f, V, (loopy,), argnums=(0,))


def test_function_that_may_be_none():
    def f(x):
        return np.sum(layer(x) + layer(x, np.tanh) + layer(x, act=loopy, gain=x))

    check(f, V)


def test_optional_function_of_the_function():
    def f(x, act=None):
        return np.sum(layer(x, act))

    check(f, V)
    check(f, V, None)
    check(f, V, np.sin)


def test_recursion_that_hands_on_a_function():
    def repeated(g, x, n):
        if n == 0:
            return x
        return repeated(g, g(x), n - 1) * 1.5

    def f(x):
        return np.sum(repeated(np.sin, x, 3) + repeated(loopy, x, 2))

    check(f, V)


def test_partial():
    def affine(x, w=2.0, b=0.5):
        return x * w + b

    def f(x):
        g = functools.partial(affine, x, b=x * 2.0)
        x = x * 3.0
        return np.sum(g() + g(w=x) + functools.partial(np.multiply, x)(x))

    check(f, V)


def test_lambda_called_at_once():
    def f(x):
        return np.sum((lambda y: y * y)(x))

    check(f, V)


def test_write_into_a_list_of_functions_is_refused():
    def f(x):
        steps = [np.sin, square]
        steps[0] = np.cos
        return np.sum(steps[0](x))

    with pytest.raises(KnetsrcError, match="not known while transforming"):
        grad(f)(V)


def test_map_filter_and_accumulate():
    def f(xs):
        product = functools.reduce(operator.mul, xs, 2.0)
        positive = list(filter(lambda x: x > 0.0, xs))
        sums = list(itertools.accumulate(xs))
        pairs = list(map(lambda a, b: a * b, xs, sums))
        s = product + positive[0] * positive[1]
        for y in map(square, sums):
            s = s + y
        return s + pairs[1]

    check(f, [0.5, -1.5, 2.0], ways=ALL_WAYS)


def test_sorted_and_largest_by_a_key():
    def f(xs, w):
        ordered = sorted(xs, key=lambda x: x * w)
        return (
            ordered[0] * 2.0 + ordered[1] * ordered[2] + max(xs, key=square) * min(xs, key=square)
        )

    check(f, [0.5, -1.5, 2.0], -1.0, ways=ALL_WAYS)


def test_reduce_with_functions_of_the_operator_module():
    def f(x):
        return np.sum(functools.reduce(operator.add, [x, x * x, np.sin(x)]))

    check(f, V)


# --- dictionaries that are gone through ------------------------------------------------------------
def keys_by_length(p):
    return sum(p[k] ** 2 for k in sorted(p, key=len))


def items_by_key(p):
    s = 0.0
    for _, v in sorted(p.items(), key=lambda kv: kv[0]):
        s = s * 2 + v**2
    return s


def values_in_order(p):
    s = 0.0
    for v in sorted(p.values(), key=lambda v: -v, reverse=True):
        s = s * 2 + v**2
    return s


def largest_and_smallest(p):
    largest = p[max(p, key=lambda k: p[k])] ** 2
    return largest * p[min(p, key=p.get)] + max(p.items(), key=lambda kv: kv[1])[1] ** 3


def keys_kept_in_a_list(p):
    names = [k for k in p]
    long = [k for k in sorted(p) if len(k) > 1]
    d = dict(zip(names, [p[k] for k in names], strict=True))
    return d["a"] ** 2 + sum(d[k] * p[k] for k in long)


def keys_of_an_own_dictionary(p):
    d = {"a": p["a"] * 2, "b": p["cc"]}
    names = [k for k in d]
    return sum(d[k] ** 2 for k in names) * d[names[0]]


def of_a_helper(p):
    return 2 * keys_kept_in_a_list(p) * items_by_key(p)


@pytest.mark.parametrize(
    "program",
    [keys_by_length, items_by_key, values_in_order, largest_and_smallest, keys_kept_in_a_list,
     keys_of_an_own_dictionary, of_a_helper],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_dictionaries_that_are_gone_through(program):
    check(program, {"bb": 0.3, "a": 0.7, "cc": 0.4})


# --- optional functions ---------------------------------------------------------------------------
def descent(x, steps=3, callback=None):
    for i in range(steps):
        x = x - 0.1 * np.sin(x)
        if callback is not None:
            callback(i, x)
    return np.sum(x**2)


def looked_at(i, x):
    if i > 5:
        print(i, np.sum(x))


def test_function_that_is_only_called_if_it_is_given():
    check(descent, V)
    check(descent, V, 2, None)
    check(descent, V, 2, looked_at)
    check(lambda x, callback=None: descent(x, 4, callback), V)


def test_function_of_the_caller_that_writes_elsewhere_is_refused():
    history = []

    def recorded(i, x):
        history.append(x)

    with pytest.raises(KnetsrcError, match=r"`history\.append\(\.\.\.\)` on a list"):
        grad(descent)(V, callback=recorded)
    with pytest.raises(KnetsrcError, match="a call of `callback`, which may write") as caught:
        grad(descent).source  # noqa: B018 - the property writes it
    assert "hand over a function that is written in Python, or None" in str(caught.value)


class Holder:
    def __init__(self, act):
        self.config = SimpleNamespace(act=act, acts=[act, np.cos])


def test_another_function_in_a_namespace_at_the_next_call():
    def f(w, config, holder, table):
        held = holder.config.acts[0](w) * holder.config.act(w)
        return np.sum(config.act(w) ** 2 * held) + np.sum(table["a"].act(w))

    gradient = grad(f)
    for first, second in itertools.permutations((np.tanh, np.exp, np.sin), 2):
        others = (SimpleNamespace(act=first), Holder(second), {"a": argparse.Namespace(act=second)})
        check(f, V, *others, argnums=(0,))
        np.testing.assert_allclose(gradient(V, *others), grad(f)(V, *others))


def test_an_ordered_dict_of_functions():
    def f(w, layers):
        for layer in layers.values():
            w = layer(w)
        return np.sum(w * layers["a"](w))

    gradient = grad(f)
    for layers in ({"a": np.tanh, "b": np.exp}, {"b": np.exp, "a": np.sin}):
        ordered = OrderedDict(layers)
        check(f, V, ordered)
        np.testing.assert_allclose(gradient(V, ordered), grad(f)(V, layers))


# --- functions that a loop makes, one for each element ------------------------------------------
def cubes(z, a=1.0):
    return np.sum(z**3) * a


def squares(z, a=2.0):
    return np.sum(z**2) * a


def nested_ones_with_defaults(x):
    made = []
    for f in (cubes, squares):

        def scaled(z, f=f):
            return f(z, x[0])

        made.append(scaled)
    return made[0](x) * made[1](x)


def numbers_as_defaults(x):
    made = []
    for i, f in enumerate((cubes, squares)):
        s = x * (i + 1)
        made.append(lambda z, i=i, f=f, s=s: f(z * s) * (i + 2.0))
    return made[0](x) * made[1](x)


def texts_as_defaults(x):
    made = []
    for text, f in zip(("a", "b"), (cubes, squares)):

        def scaled(z, f=f, text=text):
            return f(z) if text == "a" else f(z) * 3

        made.append(scaled)
    return made[0](x) * made[1](x)


def partial_ones(x):
    made = []
    for i, f in enumerate((cubes, squares)):
        k = x[i]
        made.append(functools.partial(f, a=k))
    return made[0](x) * made[1](x)


def partial_ones_by_name(x):
    first = second = None
    for i, f in enumerate((cubes, squares)):
        made = functools.partial(f, a=i + 2.0)
        if i == 0:
            first = made
        else:
            second = made
    return first(x) * second(x)


def chosen_ones(x):
    made = []
    for i, f in enumerate((cubes, squares)):
        made.append(f if i == 0 else np.sum)
    return made[0](x) * made[1](x)


def compositions(x):
    made = []
    for f in (np.tanh, np.sin):
        for g in (np.cos, np.exp):
            made.append(lambda z, f=f, g=g: f(g(z)))
    return np.sum(made[0](x) * made[1](x) * made[2](x) + made[3](x))


@pytest.mark.parametrize(
    "f",
    [
        nested_ones_with_defaults, numbers_as_defaults, texts_as_defaults, partial_ones, partial_ones_by_name,
        chosen_ones, compositions,
    ],
)  # fmt: skip
def test_functions_of_each_element_of_a_loop(f):
    check(f, V)


def test_function_that_is_made_of_the_list_it_is_appended_to_is_refused():
    def f(x):
        made = []
        for g in (cubes, squares):
            made.append(functools.partial(g, a=len(made) + 1.0))
        return made[0](x) * made[1](x)

    with pytest.raises(KnetsrcError):
        grad(f)(V)


def rate_into(u, out, k):
    out[0] = u[1] * k


def rate_of(u, k):
    return u * k


def stepped_into(f, u, *args):
    d = np.zeros_like(u)
    f(u, d, *args)
    u += d


def stepped_by(f, u, *args, h=0.5, **options):
    d = f(u, *args, **options)
    u += h * d


@pytest.mark.parametrize("last", [lambda x: x[2], lambda x: x[0] * x[1], lambda x: 3.0])
def test_integrator_that_hands_on_star_arguments(last):
    def f(x):
        y = x.copy()
        stepped_into(rate_into, y, last(x))
        stepped_by(rate_of, y, last(x))
        stepped_by(rate_of, y, k=last(x), h=x[3])
        return np.sum(y**2)

    check(f, V)
