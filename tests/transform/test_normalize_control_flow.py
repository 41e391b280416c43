"""Loops, jumps and branches: the normalised function does what the written one does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transform.normalize_equivalence import assert_becomes, assert_same

PROGRAMS = {
    "early_return": """
        def f(n):
            if n == 0:
                return 1
            half = n // 2
            return half * half
    """,
    "nested_early_returns": """
        def f(n):
            x = n
            if n > 2:
                if n > 4:
                    return note("big", n)
                x = x + 1
                if n == 4:
                    return note("four")
            elif n == 1:
                return
            y = x * 2
            return note("end", y)
    """,
    "return_in_while_true": """
        def f(n):
            while True:
                n = note(n - 1)
                if n < 0:
                    return n
    """,
    "return_in_nested_loops": """
        def f(n):
            for i in range(n):
                for j in range(n):
                    if i * j == 2:
                        return note("found", i, j)
                    note(j)
                note("row", i)
            return note("none")
    """,
    "return_in_nested_while_true": """
        def f(n):
            for i in range(n):
                while True:
                    n = n - 1
                    if n == 3:
                        return i
                    if n < 0:
                        break
                    if n == 1:
                        continue
                    note(n)
            return "none"
    """,
    "loop_without_final_return": """
        def f(n):
            for i in range(n):
                if i == 2:
                    return i
    """,
    "break_continue_mix": """
        def f(n):
            s = 0
            for i in range(n):
                if i == 1:
                    continue
                elif i == 3:
                    s = s + 10
                else:
                    if s > 11:
                        break
                    s = s + i
                    if i == 2:
                        continue
                    note(i)
                s = s + 100
            return s
    """,
    "jump_then_two_ways_on": """
        def f(n):
            s = 0
            for i in range(n):
                if i % 2:
                    if i == 5:
                        break
                    if i == 3:
                        continue
                    if i == 7:
                        return s
                    s = s + i
                note(s, i)
                s = s + 1
            return s, i
    """,
    "while_else": """
        def f(n):
            while n > 0:
                n = n - 2
                if n == 3:
                    break
            else:
                note("else")
                n = 100
            return n
    """,
    "for_else_return": """
        def f(n):
            for i in range(n):
                if i == 2:
                    return "two"
                if i == 1 and n == 5:
                    break
            else:
                return note("else")
            return "broke"
    """,
    "nested_loop_else": """
        def f(n):
            for i in range(n):
                for j in range(i):
                    if j == 2:
                        break
                else:
                    note("inner", i)
                    if i == 1:
                        continue
                    if n == 6:
                        break
                note("after", i)
            else:
                return "all"
            return "some"
    """,
    "else_without_break": """
        def f(n):
            for i in range(n):
                note(i)
            else:
                n = -1
            return n
    """,
    "dead_code": """
        def f(n):
            while True:
                break
                note("dead")
            if n:
                return 1
            else:
                return 2
            return note("dead")
    """,
    "raise_in_branch": """
        def f(n):
            if n == 1:
                raise ValueError("one")
            elif n == 2:
                return "two"
            else:
                if n == 3:
                    raise KeyError(n)
            return "end"
    """,
    "with_return": """
        def f(n):
            with contextlib.nullcontext(n) as m, contextlib.nullcontext():
                if m == 1:
                    return "one"
                note(m)
                if m == 2:
                    return "two"
            note("after")
            return "end"
    """,
    "with_always_returns": """
        def f(n):
            with np.errstate(all="ignore"):
                return n + 1
    """,
    "with_that_suppresses": """
        def f(n):
            with contextlib.suppress(ZeroDivisionError):
                return 1 / n
            return "zero"
    """,
    "with_that_suppresses_last": """
        def f(n):
            with contextlib.suppress(ZeroDivisionError):
                return 1 / n
    """,
    "with_in_loop": """
        def f(n):
            for i in range(n):
                with contextlib.nullcontext():
                    if i == 1:
                        continue
                    if i == 3:
                        break
                    if i == 2 and n == 4:
                        return "four"
                    note(i)
                note("after", i)
            return "end"
    """,
    "with_break_only": """
        def f(n):
            while True:
                n = n - 1
                with contextlib.nullcontext():
                    break
            return n
    """,
    "try_with_loop": """
        def f(n):
            try:
                for i in range(4):
                    if i == n:
                        continue
                    note(1 / (i - n + 1))
                    if i == 2:
                        break
                x = "fine"
            except ZeroDivisionError as error:
                x = str(error)
            else:
                note("else")
            finally:
                note("finally")
            return x
    """,
    "loop_variable_assigned": """
        def f(n):
            for i in range(n):
                i = i * 2
                note(i)
            for a, (b, a) in [(1, (2, 3))] * n:
                note(a, b)
            for a, *b in [(1, 2, 3)] * n:
                a = a + 1
                note(a, b)
            for i in range(n):
                for i in range(i):
                    note(i)
            return i
    """,
    "unbound_after_empty_loop": """
        def f(n):
            for i in range(n):
                x = i
            return x
    """,
    "only_pass": """
        def f(n):
            if n:
                pass
            for i in range(n):
                continue
            while n > 0:
                n = n - 1
                if n == 2:
                    continue
            pass
    """,
    "flags_of_nested_loops": """
        def f(n):
            for i in range(n):
                if i < 4:
                    for j in range(3):
                        if j < 2:
                            if j == i:
                                break
                            note("j", j)
                        note("after", j)
                    if i == 2:
                        break
                note("i", i)
            return "end"
    """,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_same(name):
    assert_same(PROGRAMS[name], *([n] for n in range(9)))


def test_early_return_needs_no_flag():
    assert_becomes(
        """
        def f(x):
            if x == 0:
                return 1.0
            half = f(x // 2)
            return half * half
        """,
        """
        def f(x):
            if x == 0:
                result = 1.0
            else:
                half = f(x // 2)
                result = half * half
            return result
        """,
    )


def test_return_in_loop():
    assert_becomes(
        """
        def f(xs):
            for x in xs:
                if x < 0:
                    continue
                if x > 9:
                    return 2 * x
                y = x
            return y
        """,
        """
        def f(xs):
            returned = False
            for x in xs:
                if not x < 0:
                    if x > 9:
                        result = 2 * x
                        returned = True
                        break
                    else:
                        y = x
            if not returned:
                result = y
            return result
        """,
    )


def test_while_true_needs_no_flag():
    assert_becomes(
        """
        def f(x):
            while True:
                x = g(x)
                if x < 1:
                    return x
        """,
        """
        def f(x):
            while True:
                x = g(x)
                if x < 1:
                    break
            return x
        """,
    )


def test_users_names_are_not_taken():
    assert_becomes(
        """
        def f(result):
            if result:
                return 1
            return 2
        """,
        """
        def f(result):
            if result:
                result_1 = 1
            else:
                result_1 = 2
            return result_1
        """,
    )


def _indented(block, by):
    return [" " * by + line for line in block]


@st.composite
def blocks(draw, depth, in_loop):
    """Lines of a random block; `n` counts down so that most programs end."""
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        lines += draw(statements(depth, in_loop))
    return lines


@st.composite
def statements(draw, depth, in_loop):
    simple = ["s = s + 1", "note(s)", "s = s * 2 - n", "return s", "n = n - 1"]
    simple += ["break", "continue"] if in_loop else []
    kinds = ["simple", "simple"] + (
        ["if", "ifelse", "for", "while", "with", "forelse"] if depth else []
    )
    kind = draw(st.sampled_from(kinds))
    if kind == "simple":
        return [draw(st.sampled_from(simple))]
    test = draw(st.sampled_from(["s % 2", "n > 0", "s > n", "i == 1", "note(s) % 3", "n == s"]))
    inner = _indented(draw(blocks(depth - 1, in_loop or kind in ("for", "while", "forelse"))), 4)
    orelse = ["else:", *_indented(draw(blocks(depth - 1, in_loop)), 4)]
    if kind == "if":
        return [f"if {test}:", *inner]
    if kind == "ifelse":
        return [f"if {test}:", *inner, *orelse]
    if kind == "with":
        return ["with contextlib.nullcontext():", *inner]
    if kind == "while":
        return [f"while {test}:", "    n = n - 1", "    note('round')", *inner]
    return ["for i in range(3):", "    note(i)", *inner, *(orelse if kind == "forelse" else [])]


@settings(max_examples=120, deadline=None, derandomize=True)
@given(blocks(2, False))
def test_random_control_flow(body):
    text = "\n".join(["def f(n):", "    s = 1", "    i = 0", *_indented(body, 4)])
    assert_same(text, [2], [5])
