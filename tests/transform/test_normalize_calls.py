"""`split_calls`: calls of helpers stand alone, in the order in which Python makes them."""

import gast
import pytest

from knetsrc.transform import tree
from knetsrc.transform.language import check
from knetsrc.transform.normalize.calls import split_calls
from transform import test_normalize_control_flow, test_normalize_expressions
from transform.normalize_equivalence import assert_same, normalized


def is_note(call):
    return tree.called_name(call) in ("note", "g")


def split(function):
    before = gast.dump(function, include_attributes=True)
    result = split_calls(function, is_note)
    assert gast.dump(function, include_attributes=True) == before
    alone = [n.value for n in tree.walk(result) if isinstance(n, gast.Assign | gast.Expr)]
    calls = [n for n in tree.walk(result) if isinstance(n, gast.Call) and is_note(n)]
    assert {id(call) for call in calls} <= {id(value) for value in alone}
    return result


def text_of(text):
    result = split_calls(
        normalized(text), lambda call: tree.called_name(call) in ("sigm", "half", "f")
    )
    check(result)
    return tree.show(result)


@pytest.mark.parametrize("name", test_normalize_control_flow.PROGRAMS)
def test_control_flow_same(name):
    assert_same(
        test_normalize_control_flow.PROGRAMS[name], *([n] for n in range(9)), rewriting=split
    )


@pytest.mark.parametrize("name", test_normalize_expressions.PROGRAMS)
def test_expressions_same(name):
    text = test_normalize_expressions.PROGRAMS[name]
    assert_same(text, *test_normalize_expressions.ARGUMENTS, rewriting=split)


def test_names_say_what_was_called():
    assert text_of(
        "def f(gates, x):\n    y = x * sigm(gates[:, :2]) + sigm(x + 1)\n"
        "    z = half(x)\n    return y, z"
    ) == (
        "def f(gates, x):\n"
        "    sigm_gates = sigm(gates[:, :2])\n"
        "    sigm_value = sigm(x + 1)\n"
        "    y = x * sigm_gates + sigm_value\n"
        "    z = half(x)\n"
        "    return (y, z)"
    )


def test_returned_call():
    assert (
        text_of("def f(x):\n    return half(x)")
        == "def f(x):\n    result = half(x)\n    return result"
    )


def test_call_in_the_test_of_a_while():
    assert text_of(
        "def f(x):\n    while x > 1 and half(x) > 0:\n        x = x - 1\n    return x"
    ) == (
        "def f(x):\n"
        "    while True:\n"
        "        condition = x > 1\n"
        "        if condition:\n"
        "            half_x = half(x)\n"
        "            condition = half_x > 0\n"
        "        if not condition:\n"
        "            break\n"
        "        else:\n"
        "            x = x - 1\n"
        "    return x"
    )


def test_other_call_keeps_its_turn():
    assert text_of("def f(x):\n    return other(x) + np.exp(x) + half(x)") == (
        "def f(x):\n    other_x = other(x)\n    half_x = half(x)\n"
        "    return other_x + np.exp(x) + half_x"
    )


def test_several_results_keep_their_names():
    text = "def f(x):\n    a, b = half(x)\n    half(sigm(x))\n    return a"
    assert text_of(text) == (
        "def f(x):\n    a, b = half(x)\n    sigm_x = sigm(x)\n    half(sigm_x)\n    return a"
    )


def test_call_in_an_inner_function():
    assert text_of("def f(x):\n    def g(y):\n        return 1 + half(y)\n    return g(x)") == (
        "def f(x):\n\n    def g(y):\n        half_y = half(y)\n"
        "        return 1 + half_y\n    return g(x)"
    )
