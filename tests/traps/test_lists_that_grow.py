"""A list that grows while something else holds it: refused, or the derivative of what was appended would be lost."""

import numpy as np
import pytest

from knetsrc import UnsupportedAliasError, UnsupportedSyntaxError, grad, value_and_grad
from language.checking import V, check


def same(x):
    return x


def beside(xs, y):
    for _ in range(2):
        y = y * 2
    return [xs, y]


def last_of(xs):
    for _ in range(1):
        y = xs[-1]
    return y


def total(xs):
    s = 0.0
    for x in xs:
        s = s + x * x
    return s


class Box:
    def __init__(self, xs):
        self.xs = xs


def handed_through_a_function(x):
    xs = [x[0]]
    ys = same(xs)
    xs.append(x[1])
    return sum(ys) * x[0]


def put_into_a_list_by_a_function(x):
    xs = [x[0]]
    pair = beside(xs, x[2])
    xs.append(x[1])
    return sum(pair[0]) * pair[1]


def put_into_an_object(x):
    xs = [x[0]]
    box = Box(xs)
    xs.append(x[1])
    return sum(box.xs) * x[0]


def returned_by_a_nested_function(x):
    def g():
        return xs

    xs = [x[0]]
    ys = g()
    xs.append(x[1])
    return sum(ys) * x[0]


def default_of_a_nested_function(x):
    xs = [x[0]]

    def g(ys=xs):
        return sum(ys)

    xs.append(x[1])
    return g() * x[0]


def element_of_a_display(x):
    xs = [x[0]]
    ys = (xs, 1.0)[0]
    xs.append(x[1])
    return sum(ys) * x[0]


def value_of_a_call_of_dict(x):
    xs = [x[0]]
    d = dict(xs=xs)
    xs.append(x[1])
    return sum(d["xs"]) * x[0]


def arm_of_a_choice(x):
    xs = [x[0]]
    ys = xs if x[0] > 0 else [x[2]]
    ys.append(x[1])
    return sum(xs) * sum(ys)


def longer_one_of_two(x):
    xs = [x[0]]
    ys = max([xs, [x[1]]], key=len)
    xs.append(x[1])
    return sum(ys) * x[0]


def elements_of_a_comprehension(x):
    xs = [x[0]]
    ys = [xs for _ in range(2)]
    xs.append(x[1])
    return sum(ys[0]) * x[0]


def name_that_is_not_read_later(x):
    xs = [x[0]]
    ys = same(xs)
    s = sum(ys)
    xs.append(x[1])
    return s * sum(xs)


def list_that_a_loop_goes_through(x):
    xs, s = [x[0]], 0.0
    for ys in [xs]:
        xs.append(x[1])
        s = sum(ys)
    return s * x[0]


def second_name_in_a_branch(x):
    xs = [x[0]]
    ys = []
    if x[0] > 0:
        ys = xs
    xs.extend([x[1], x[2]])
    return sum(ys) * sum(xs)


def second_name_in_the_next_turn(x):
    xs, ys = [x[0]], [x[1]]
    for e in x:
        ys += [e * xs[-1]]
        xs = ys
    return sum(xs) * sum(ys)


PROGRAMS = [
    second_name_in_a_branch,
    second_name_in_the_next_turn,
    handed_through_a_function,
    put_into_a_list_by_a_function,
    put_into_an_object,
    returned_by_a_nested_function,
    default_of_a_nested_function,
    element_of_a_display,
    value_of_a_call_of_dict,
    arm_of_a_choice,
    longer_one_of_two,
    elements_of_a_comprehension,
    list_that_a_loop_goes_through,
    name_that_is_not_read_later,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_what_holds_the_list_grows_with_it(program):
    with pytest.raises(UnsupportedAliasError, match="on a list that something else may hold"):
        grad(program)(V)


def test_functions_that_only_read_the_list():
    def f(x):
        xs, s = [x[0]], 1.0
        for e in x:
            s = s * total(xs) + last_of(xs)
            xs.append(s * e)
            first, *others = xs
            s = s + first * sum(others) * np.sum(np.array(xs))
        return s * xs[-1]

    check(f, V * 0.3)


def test_list_that_is_new_after_it_was_put_away():
    def f(x):
        xs, rows = [x[0]], []
        for e in x:
            rows.append(xs)
            xs = []
            xs.append(e)
            xs.append(e * rows[0][0])
        return sum(sum(row) * row[-1] for row in rows) * xs[0]

    check(f, V)


def layers_by_append(w, x):
    acts = [v for v in x]
    for _ in range(2):
        new = []
        for a in acts:
            new.append(np.tanh(w * a))
        acts = new
    return acts[0] * sum(acts)


def layers_by_sums(w, x):
    acts = [v for v in x]
    for k in range(3):
        new = [w]
        new += [np.tanh(w * a) for a in acts[k:]]
        new += [acts[0] * w, new[-1] * w]
        acts = new
    return acts[0] * acts[-1] * sum(acts)


def tree_of_products(w, x):
    probs = [1.0]
    for p in x:
        nxt = []
        for q in probs:
            nxt.extend([p * q * w, (1 - p) * q])
        nxt.extend(nxt[:2])
        probs = nxt
        nxt = probs[:4]
    return probs[0] * probs[-1] + sum(probs) * nxt[1]


@pytest.mark.parametrize(
    "program", [layers_by_append, layers_by_sums, tree_of_products], ids=lambda p: p.__name__
)
def test_list_that_is_new_after_it_got_a_second_name(program):
    check(program, 0.6, V[:3])


def weighted(w, states, q):
    scores = [np.exp(h * q * w) for h in states]
    out = 0.0
    for s, h in zip(scores, states, strict=True):
        out = out + s / sum(scores) * h
    return out


def test_helper_that_is_handed_a_list_which_grows_afterwards():
    def f(x, w):
        states, h = [], x[0]
        for e in x:
            states.append(h)
            h = np.tanh(weighted(w, states, e) + e)
        return h * total(states)

    check(f, V, 0.5)


def test_list_of_one_round_that_grows_after_a_call():
    def f(x):
        out = 0.0
        for e in x:
            states = [e]
            for q in x:
                out = out + total(states) * q
                states.append(0.1 * out * q)
            out = 0.1 * out * total(states)
        return out

    check(f, V * 0.5)


def test_list_that_grows_in_one_branch_after_a_call():
    def f(x):
        states, s = [x[0]], 1.0
        for e in x:
            if e > 0:
                s = s + total(states)
                states.append(0.3 * s)
            else:
                states.append(e * s)
                s = s * last_of(states)
        return s * total(states)

    check(f, V * 0.5)


def test_list_that_grows_behind_what_may_raise():
    def f(x):
        xs = [x[0]]
        try:
            s = total(xs)
            if s > 100:
                raise ValueError
            xs.append(s)
        except ValueError:
            s = 0.0
        return s * total(xs)

    with pytest.raises(UnsupportedSyntaxError, match="behind what may raise"):
        grad(f)(V)


def grown(x):
    xs = [x[0]]
    for _ in range(2):
        xs.append(np.sin(xs[-1]) * total(xs))
    return xs


def own_list(x):
    xs = [x[0]]
    s = total(xs)
    xs.append(s * x[1])
    return s * xs[-1], xs


def own_list_in_a_tuple(x):
    xs = [x[0]]
    s = total(xs)
    xs.append(s * x[1])
    return s * xs[-1], (xs, 1)


def list_of_a_helper(x):
    xs = grown(x)
    return total(xs), {"xs": xs, "n": len(xs)}


@pytest.mark.parametrize(
    "program", [own_list, own_list_in_a_tuple, list_of_a_helper], ids=lambda p: p.__name__
)
def test_list_that_is_returned_keeps_its_length(program):
    (value, aux), _ = value_and_grad(program, has_aux=True)(V)
    assert (value, aux) == program(V)
    assert grad(program, has_aux=True)(V)[1] == program(V)[1]
