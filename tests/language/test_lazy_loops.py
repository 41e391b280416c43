"""Loops over `map`, `filter` and generator expressions: elements are computed as the loop runs."""

import inspect
import itertools

import numpy as np
import pytest

from knetsrc import UnsupportedSyntaxError, grad
from knetsrc.errors import UnsupportedAliasError
from language.checking import M, V, check


def test_generator_expression():
    def f(x, y):
        s = 0.0
        for a in (e * np.sin(e) for e in x if e > 0.0):
            s = s * y + a
        return s

    check(f, V, 0.7)


def test_generator_expression_over_pairs():
    def f(x):
        e, s = 0.5, 0.0
        for a in (e * o for e, o in itertools.pairwise(x)):
            if a < -1.0:
                break
            s = s + a * a * e
        else:
            s = s * 2.0
        return s + e

    check(f, V)
    check(f, np.abs(V))


def test_generator_expression_with_two_loops():
    def f(m):
        s = 0.0
        for a in (e * e for row in m for e in row if e > 0.0):
            if a > 2.0:
                continue
            s = s + np.exp(a)
        return s

    check(f, M)


def test_break_out_of_two_loops_is_refused():
    def f(m):
        s = 0.0
        for a in (e * e for row in m for e in row):
            if a > 1.0:
                break
            s = s + a
        return s

    with pytest.raises(UnsupportedSyntaxError, match="a generator expression that is kept"):
        grad(f)(M)


def test_numbered_elements():
    def f(x):
        s = 0.0
        for i, a in enumerate(e * e for e in x):
            s = s + i * a
        for i, a in enumerate(map(np.sin, x), 2):
            s = s + i * a
        return s

    check(f, V)


def test_what_a_map_reads_is_written_in_the_loop():
    def f(x, y):
        x, y = x.copy(), y.copy()
        for row in map(np.sin, y):
            x[2] += 0.5 * row
            np.add(x, x, out=y)
        return np.sum(y)

    check(f, V, V + 0.3)


def test_what_a_generator_expression_reads_is_bound_anew_in_the_loop():
    def f(x, k):
        s = 0.0
        for a in (e * k for e in x):
            k = k * a
            s = s + a * a
        return s

    check(f, V, 0.4)


def test_what_a_lambda_reads_is_bound_anew_in_the_loop():
    def f(x, k):
        s = 0.0
        for a in map(lambda e: e * k, x):
            k = k * a
            s = s + a * a
        return s

    check(f, V, 0.4)


def test_map_of_two_sequences_and_filter():
    def f(x, y):
        s = 0.0
        for a in map(np.arctan2, x, y):
            s = s + a
        for a in filter(lambda e: e > 0.0, x):
            s = s * a
        for a in filter(None, y):
            s = s + a * a
        return s

    check(f, V, V + 0.2)


def test_function_of_a_map_is_bound_anew_in_the_loop():
    def f(x):
        g, s = np.sin, 0.0
        for a in map(g, x):
            g = np.cos
            s = s + a * g(a)
        return s

    check(f, V)


@pytest.mark.parametrize(
    "read",
    [
        lambda x: zip((e * e for e in x), x, strict=True),
        lambda x: itertools.pairwise(x),
        lambda x: itertools.combinations(x, 2),
        lambda x: itertools.product(x, x),
    ],
)
def test_others_are_refused_where_the_loop_writes(read, tmp_path):
    text = inspect.getsource(read).strip().removeprefix("lambda x: ").rstrip(",")
    path = tmp_path / "f.py"
    path.write_text(
        f"import itertools\ndef f(x):\n    s = 0.0\n    for a, b in {text}:\n"
        "        x[2] = a * b\n        s = s + a * b * b\n    return s\n"
    )
    scope = {}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    with pytest.raises(UnsupportedSyntaxError, match="that changes what it may go through"):
        grad(scope["f"])(V)


def test_pairs_where_the_loop_fills_a_buffer_of_its_own():
    def f(x):
        found = []
        out = np.zeros(6)
        for n, (a, b) in enumerate(itertools.combinations(x, 2)):
            out[n] = a * b
            found.append(a)
        return np.sum(out * out) + np.sum(np.array(found))

    check(f, V)


def test_list_of_elements_is_not_what_the_loop_writes():
    def f(x):
        s = 0.0
        for a in list(x):
            x[1] = a * a
            s = s + a**3
        return s

    with pytest.raises(UnsupportedAliasError, match="a write into `x"):
        grad(f)(V)
