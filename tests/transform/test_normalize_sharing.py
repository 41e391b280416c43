"""In-place operators: written out where nobody else sees the old value, else checked or refused."""

import numpy as np
import pytest

from knetsrc.backends import check_not_array
from knetsrc.errors import UnsupportedAliasError, UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.normalize import normalize
from knetsrc.transform.normalize.sharing import number_names, shared_names
from transform.normalize_equivalence import assert_becomes, function_of, normalized


def shared(text, parameters=("a", "b")):
    return sorted(shared_names(tree.function_def("f", list(parameters), tree.parse(text))))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("t = a", ["a", "t"]),
        ("t = a[0]", ["a", "t"]),
        ("t = a.T", ["a", "t"]),
        ("t = a.reshape(2, 3).T", ["a", "t"]),
        ("t = np.ravel(a)", ["a", "t"]),
        ("t = np.array(a, copy=False)", ["a", "t"]),
        ("t = a if c else b", ["a", "b", "t"]),
        ("t = a or b", ["a", "b", "t"]),
        ("t = [a]", ["a", "t"]),
        ("t = (t := a)", ["a", "t"]),
        ("t = {'x': a}", ["a", "t"]),
        ("t.append(a)", ["a", "t"]),
        ("t = u = np.zeros(3)", ["t", "u"]),
        ("t, u = a", ["a", "t", "u"]),
        ("t, u = g()", ["t", "u"]),
        ("a, b = b, a", ["a", "b"]),
        ("t = g(a)", ["a", "t"]),
        ("t = max(a, b)", ["a", "b", "t"]),
        ("t = a.view()", ["a", "t"]),
        ("t = CONSTANT", ["CONSTANT", "t"]),
        ("for t in a: pass", ["a", "t"]),
        ("for i, t in enumerate(a): pass", ["a", "t"]),
        ("for t, u in zip(a, b): pass", ["a", "b", "t", "u"]),
        ("t = [x for x in a]", ["a", "t", "x"]),
        ("with a as t: pass", ["a", "t"]),
        ("g = lambda: a", ["a"]),
        ("def g(x=a): return x", ["a"]),
        ("def g(): return a", ["a"]),
        ("t = np.exp(a)", []),
        ("t = a + b", []),
        ("t = a.copy()", []),
        ("t = a.sum(axis=0)", []),
        ("t = a.shape[0]", []),
        ("a = a.T", []),
        ("a = g(a)", []),
        ("t = -a", []),
        ("n = len(a); m = n", []),
        ("q, r = np.linalg.qr(a)", []),
        ("n, m = a.shape", []),
        ("t, u = 0, np.ones(3)", []),
        ("return a", []),
    ],
)
def test_shared_names(text, names):
    assert shared(text) == names


def test_numbers_are_never_shared():
    body = tree.parse(
        "n = 0\nfor i in range(3):\n    n += i\nm = n * 2.0\n"
        "k = m if n else i\nx = a\ny = x + n\nz = w = 1"
    )
    assert number_names(tree.function_def("f", ["a"], body)) == {"n", "i", "m", "k", "z", "w"}


def test_unshared_sum_is_written_out():
    assert_becomes(
        "def f(a):\n    s = 0.0\n    for x in a:\n        s += x\n    return s",
        """
        def f(a):
            s = 0.0
            for x in a:
                s = s + x
            return s
        """,
    )


def test_shared_name_is_checked():
    assert_becomes(
        "def f(a):\n    s = a[0]\n    s += 1\n    return s",
        """
        def f(a):
            s = a[0]
            check_not_array(s, 's += 1')
            s = s + 1
            return s
        """,
    )


def test_parameters_of_a_helper_are_checked():
    function = normalize(function_of("def f(a):\n    a += 1\n    return a"), owns_parameters=False)
    assert tree.show(function.body[0]) == "check_not_array(a, 'a += 1')"


def test_parameters_of_an_inner_function_are_checked():
    text = "def f(a):\n    def g(x):\n        x += 1\n        return x\n    return g(a)"
    assert "check_not_array(x, 'x += 1')" in tree.show(normalized(text))


def test_list_grows_by_appends():
    assert_becomes(
        "def f(a):\n    xs = []\n    xs += [a, 2]\n    return xs",
        """
        def f(a):
            xs = []
            xs.append(a)
            xs.append(2)
            return xs
        """,
    )


def test_list_with_unknown_elements_is_refused():
    with pytest.raises(UnsupportedSyntaxError) as caught:
        normalize(function_of("def f(a):\n    xs = []\n    xs += a\n    return xs"))
    assert str(caught.value.located("model.py", "f", ["", "def f(a):", "    xs += a"])) == (
        "`xs += a` on a list\n"
        "  model.py:3, in f\n"
        "   3 |     xs += a\n"
        "     |     ^^^^^^^\n"
        "  why:      the list is changed in place, by elements that are not written out here\n"
        "  instead:  append them one by one: for x in ...: xs.append(x)"
    )


@pytest.mark.parametrize(
    "value", [1, 2.0, 1j, True, "text", (1, 2), np.float64(3), np.int64(4), None]
)
def test_check_lets_numbers_pass(value):
    check_not_array(value, "s += e")


@pytest.mark.parametrize("value", [np.zeros(3), np.zeros(()), [1], {1}, {1: 2}, bytearray(2)])
def test_check_stops_what_can_change(value):
    with pytest.raises(UnsupportedAliasError):
        check_not_array(value, "s += e")


def test_message_of_check():
    with pytest.raises(UnsupportedAliasError) as caught:
        check_not_array(np.zeros(3), "row *= x + 1")
    assert str(caught.value) == (
        "`row *= x + 1` changes in place a value (ndarray) that has another name\n"
        "  why:      the other name sees the change, "
        "and the derivative would be wrong without any sign\n"
        "  instead:  row = row * (x + 1)"
    )
