"""Comprehensions, ternaries, walruses, lambdas and their kin: same values, same calls."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transform.normalize_equivalence import assert_becomes, assert_same

PROGRAMS = {
    "swap": """
        def f(a, b):
            a, b = b, a
            a, b = b, a + b
            [a, (b, c)] = [b, (a, b)]
            a, b, a = b, a, 3
            return a, b, c
    """,
    "swap_seen_by_closure": """
        def f(a, b):
            def g():
                return a
            a, b = b, g()
            return a, b
    """,
    "unpacking": """
        def f(a, b):
            pair = [a, (b, 3)]
            x, (y, z) = pair
            pair, q = pair
            first, *rest = [a, b, x]
            *start, last = rest, z
            one, *middle, end = (a, b, x, y, z)
            d = e = [note(a)][0]
            (u, v) = w = (a, b)
            r, s = divmod(a, 3)
            _, t = a, b
            return pair, q, first, rest, start, last, one, middle, end, d, e, u, v, w, r, s, t
    """,
    "unpack_call_with_star": """
        def f(a, b):
            (x, *y), z = note((a, b, a), b), *[1]
            return x, y, z
    """,
    "chained": """
        def f(a, b):
            x = a < note(b) < 3
            y = note(a) <= note(b) <= note(4) < note(9)
            z = 0 <= a < 4 > b == b
            if not 0 < note(a, b) < 3 and 1 < note(b) <= 2:
                note("in")
            while 0 < note(a - 1) < 9:
                a = a - 1
            return x, y, z, a
    """,
    "list_comprehensions": """
        def f(a, b):
            xs = [i * a for i in range(4)]
            ys = [(i, j) for i in range(a) if i for j in range(i) if j != b if note(i, j)]
            zs = [[x + y for y in xs] for x in xs if x]
            i = 7
            xs = [x + i for i, x in enumerate(xs)]
            xs = [xs for xs in xs]
            ts = [x for x, *_ in [(1, 2)]] + [note(v) for v in note(xs)]
            return xs, ys, zs, ts, i
    """,
    "other_comprehensions": """
        def f(a, b):
            d = {note(k): note(k * v) for k, v in zip([a, b, a], range(3))}
            s = {x % 2 for x in range(a)}
            t = tuple(x for x in range(b))
            u = list(note(x) for x in range(b) if x)
            m = max((x * x for x in (a, b)), default=0)
            z = dict(zip((k for k in d), [0, 1]))
            j = ", ".join(f"{x:{b}}" for x in range(3))
            p = note(*(x for x in (1, a)))
            return d, s, t, u, m, z, j, p
    """,
    "sums": """
        def f(a, b):
            s = sum(note(x) for x in range(a))
            s = s * sum((x for x in range(b)), s)
            s = s + sum((y * s for x in range(2) for y in range(x)), start=note(1))
            e = sum((x for x in note(range(a))), note(5))
            return s, e, sum([1, 2]), sum([x for x in range(3)])
    """,
    "any_and_all": """
        def f(a, b):
            return (any(note(x) == a for x in range(5)), all(note(x) < b for x in range(5) if x),
                    any(note(x) + y == 3 for x in range(3) for y in range(3)),
                    all(note(x) + y < 3 for x in range(3) for y in range(3)), any([a, b]))
    """,
    "sum_that_is_not_sum": """
        def f(a, b):
            def sum(values):
                return list(values)
            return sum(x for x in (a, b))
    """,
    "comprehension_reads_its_target": """
        def f(a, b):
            x = [a, b]
            x = [x[0] + y for y in x]
            return x
    """,
    "comprehension_in_try": """
        def f(a, b):
            x = "before"
            try:
                x = [1 / (v - a) for v in range(5)]
                y = x and 1 / b
                x = "none" or 1 / (b - 1)
            except ZeroDivisionError:
                pass
            return x
    """,
    "comprehension_seen_by_closure": """
        def f(a, b):
            x = a
            def g(v):
                return (x, v)
            x = [g(v) for v in range(b)]
            y = x and g(1)
            return x, y
    """,
    "lambda_in_comprehension": """
        def f(a, b):
            return [sorted(range(4), key=lambda v: (v - w) ** 2) for w in (a, b)]
    """,
    "walrus": """
        def f(a, b):
            if (c := note(a + 1)) > 2 and (d := c * 2) > 5:
                note(d)
            while (a := a - 1) > 0:
                if a == 2:
                    continue
                note(a)
            x = a + (a := 3) + a
            y = [t for v in range(4) if (t := note(v)) > 1]
            z = (b, b := 5, b)
            return x, y, z, t, c, a, b
    """,
    "walrus_in_lazy_places": """
        def f(a, b):
            x = a > 2 and (c := note(a)) and note(c, b)
            y = (d := note(b)) if a else (d := note(-b))
            z = b or (e := note(1)) or note(2)
            while a > 0 and (g := note(a)) != b:
                a = a - 1
            while a > 0 and (a := note(a - 1)):
                break
            return x, y, z, d, a
    """,
    "ternaries": """
        def f(a, b):
            x = note("a") if a > b else note("b") if a < b else note("same")
            y = (a if a > b else b) * note(2) + (note(3) if a else note(4))
            z = 1 if a else -1
            while (a if b else 0) > 0:
                a = a - 1
                b = b - 1 if a % 2 else b
            assert (a if a else 1), [q if q else None for q in (a, b)]
            return (x if a else y) if b else z if x else y
    """,
    "ternary_in_call": """
        def f(a, b):
            return note(note(a), note(b) if a > 1 else 0, *[note(9)], note(7) if b > 1 else 8)
    """,
    "booleans": """
        def f(a, b):
            x = a or b
            y = a and b and note(a)
            z = x == 1 or not y
            x = x and (y or b) or x
            while (a + 1 and b + 1 or (b + (a and b or a))) and a < 9:
                a = note(a + 3)
            return x, y, z, a or note(b), (a and note(b)) + 1 if b and a else not (a and b)
    """,
    "failing_assert": """
        def f(a, b):
            assert a < 3, f"{note(a)} is {'big' if a > 3 else [x for x in 'three']}"
            assert [v for v in range(b)], note("never")
            return a
    """,
    "lambdas": """
        def f(a, b):
            double = lambda x, n=b: x * 2 if n else x
            fs = [lambda: a, lambda *v, k=note(b): (v, k)]
            a = a + 1
            x = (lambda q: [q + r for r in range(q)])(b)
            return double(a), double(a, 0), [g() for g in fs], x
    """,
    "inner_functions": """
        def f(a, b):
            def g(x, scale=[note(b)][0], *args, **kwargs):
                "Text."
                total: int = 0
                for i in range(x):
                    if i == 3:
                        return "three"
                    total += i * scale
                return total
            def result(n):
                return 1 if n <= 0 else n * result(n - 1)
            return g(a), g(2, 2), result(b), result(a)
    """,
    "augmented": """
        def f(a, b):
            a += b
            a *= 2; a -= 1; a //= 2; a **= 2; a %= 7; a <<= 1
            a |= 1; a &= 5; a ^= 2; a >>= 1; a /= 2
            s = 0.0
            t = s
            for i in range(a.__class__(3).__int__()):
                s += i * t
            xs = []
            for i in range(3):
                xs += [i, len(xs), note(len(xs))]
            xs += [a]
            xs += []
            name = "a"
            name += "b"
            return a, s, t, xs, name
    """,
    "f_strings": """
        def f(a, b):
            return f"{a!r:>{b + 3}} {[x for x in range(a)]} {note(a) if a else 'none':<5}{{}}"
    """,
    "displays": """
        def f(a, b):
            d = {note(1): note(2), **{note(3): a if a else b}, 5: note(4)}
            x = [*range(a), *([b] if b else [])]
            return {*[a, b if a else 3]}, d, x, (a, b)[1 if a > 1 else 0:]
    """,
    "subscripts": """
        def f(a, b):
            x = np.arange(24).reshape(4, 6)
            y = x[note(1):(note(2) if a else note(3)):note(1)]
            return x[a % 4 if a else 1:, [i for i in range(b)]], y, x[:, None]
    """,
    "with_items": """
        def f(a, b):
            given = contextlib.nullcontext
            with given(note(a)) as x, given([note(x, i) for i in range(b)]) as y:
                x = x + 1 if a else x
            return x, y
    """,
    "raise_from": """
        def f(a, b):
            if a > b:
                raise (ValueError if a > 2 else KeyError)(note(a)) from None
            return a
    """,
    "defaults_are_left": """
        def f(a, b=[1 if True else 2], *, c=(lambda: 3)()):
            return a, b, c
    """,
}
ARGUMENTS = [(0, 0), (1, 2), (2, 1), (3, 3), (4, 2), (5, 0)]


@pytest.mark.parametrize("name", PROGRAMS)
def test_same(name):
    assert_same(PROGRAMS[name], *ARGUMENTS)


def test_swap_uses_a_name_that_says_so():
    assert_becomes(
        "def f(a, b):\n    a, b = b, a\n    return a",
        """
        def f(a, b):
            new_a = b
            b = a
            a = new_a
            return a
        """,
    )


def test_comprehension_variable_does_not_leak():
    assert_becomes(
        "def f(xs, x):\n    return np.sum(np.array([x * x for x in xs])) + x",
        """
        def f(xs, x):
            values = []
            for x_item in xs:
                values.append(x_item * x_item)
            return np.sum(np.array(values)) + x
        """,
    )


def test_comparison_in_comprehension_and_loop():
    assert_becomes(
        "def f(w, x):\n    s = sum(wi * xi for wi, xi in zip(w, x) if 0 < xi < 1)\n    return s",
        """
        def f(w, x):
            s = 0
            for wi, xi in zip(w, x):
                if 0 < xi and xi < 1:
                    s = s + wi * xi
            return s
        """,
    )


def test_pure_calls_stay_where_they_are():
    assert_becomes(
        "def f(x, c):\n    return np.exp(x) * (np.sin(x) if c else 2.0)",
        """
        def f(x, c):
            if c:
                value = np.sin(x)
            else:
                value = 2.0
            return np.exp(x) * value
        """,
    )


def test_earlier_call_goes_first():
    assert_becomes(
        "def f(x, c):\n    return g(x) * (h(x) if c else 2.0)",
        """
        def f(x, c):
            g_x = g(x)
            if c:
                value = h(x)
            else:
                value = 2.0
            return g_x * value
        """,
    )


@st.composite
def expressions(draw, depth):
    """Text of a random expression of a, b and c whose calls are noted."""
    leaves = ["a", "b", "1", "note(a)", "note(b + 1)", "note(2)"]
    if not depth:
        return draw(st.sampled_from(leaves))
    form = draw(st.sampled_from(FORMS))
    return form.format(*(draw(expressions(depth - 1)) for _ in range(4)))


FORMS = [
    "({0} + {1})",
    "({0} and {1} or {2})",
    "({0} if {1} else {2})",
    "({0} < {1} < {2})",
    "({0} or not {1})",
    "(a := {0})",
    "note({0}, {1}, {2})",
    "sum([{0} for a in range(3) if {1}])",
    "len([{0} * c for c in range(2)])",
    "any({0} > a for a in (1, {1}))",
    "(lambda a: {0})(3)",
    "[{0}, {1}, {2}][{3} % 3]",
    "dict(x={0}, y={1})['x']",
    "(not {0})",
]


@settings(max_examples=120, deadline=None, derandomize=True)
@given(expressions(3))
def test_random_expressions(text):
    try:
        compile(text, "text", "eval")
    except SyntaxError:
        return  # an assignment where Python allows none
    once = f"""
    def f(a, b):
        r = {text}
        return r, a, b
    """
    often = f"""
    def f(a, b):
        n = 0
        while n < 3 and {text}:
            n = n + 1
        return n, a, b
    """
    assert_same(once, (1, 2), (0, 3))
    assert_same(often, (1, 0), (0, 3))
