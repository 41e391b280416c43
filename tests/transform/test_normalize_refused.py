"""What is refused, with the whole message."""

import pytest

from knetsrc.errors import KnetsrcError
from knetsrc.transform.language import NotCoreLanguageError, check
from knetsrc.transform.normalize import normalize
from transform.normalize_equivalence import assert_same, function_of

WRITES_ARRAY = "other names may stand for the same array or container, and would see the change"
GENERATOR = "a generator stops between values; the backward sweep needs the whole run"
ASYNC = "it runs in pieces, between which other code may change what it has read"

CASES = [
    (
        "yield x",
        "UnsupportedSyntaxError: `yield` in a differentiated function",
        GENERATOR,
        "append the values to a list and return the list",
    ),
    (
        "y = yield from x",
        "UnsupportedSyntaxError: `yield` in a differentiated function",
        GENERATOR,
        "append the values to a list and return the list",
    ),
    (
        "async def g(): await x",
        "UnsupportedSyntaxError: asynchronous code in a differentiated function",
        ASYNC,
        "compute with plain functions and calls; await before and after",
    ),
    (
        "global y",
        "UnsupportedSyntaxError: `global` in a differentiated function",
        "a write to a global name outlives the call, and its derivative would be lost",
        "return the value, and let the caller keep it",
    ),
    (
        "def g():\n        nonlocal x\n    h = g",
        "UnsupportedSyntaxError: `nonlocal` in a differentiated function",
        "a write to a name of the function around it is not seen where that name is read",
        "return the value, and assign it in the function around",
    ),
    (
        "del x",
        "UnsupportedSyntaxError: `x` may be read after `del x`",
        "whether it still has a value there is not known before the function runs",
        "leave out the `del`, or bind `x` again before it is read",
    ),
    (
        "class A: pass",
        "UnsupportedSyntaxError: a class defined inside a differentiated function",
        "the derivative of what its methods do cannot be followed",
        "define the class outside of the function",
    ),
    (
        "import math",
        "UnsupportedSyntaxError: an `import` inside a differentiated function",
        "the derivative of what it brings is looked up before the function runs",
        "move the import to the top of the module",
    ),
    (
        "try: pass\n    except* ValueError: pass",
        "UnsupportedSyntaxError: `except*` in a differentiated function",
        "several of its handlers may run, one after the other",
        "write `except`",
    ),
    (
        "try: pass\n    finally: return x",
        "UnsupportedSyntaxError: `return` inside `finally`",
        "it would swallow an exception that is on its way",
        "`return` behind the `try`",
    ),
    (
        "for v in x:\n        try: pass\n        finally: continue",
        "UnsupportedSyntaxError: `continue` inside `finally`",
        "it would swallow an exception that is on its way",
        "`continue` behind the `try`",
    ),
    (
        "exec('y = 1')",
        "UnsupportedSyntaxError: `exec` in a differentiated function",
        "what it runs is not known before the function runs",
        "write out what is computed",
    ),
    (
        "g = (v for v in x)",
        "UnsupportedSyntaxError: a generator expression that is kept",
        "its elements are computed when asked for; the backward sweep needs all of them",
        "write a list comprehension: [f(x) for x in xs]",
    ),
    (
        "y = next(v for v in x)",
        "UnsupportedSyntaxError: a generator expression that is kept",
        "its elements are computed when asked for; the backward sweep needs all of them",
        "write a list comprehension: [f(x) for x in xs]",
    ),
    (
        "fs = [lambda: v for v in x]",
        "UnsupportedSyntaxError: a lambda that is kept, made in a comprehension",
        "it reads a variable of the comprehension, which goes on changing",
        "write a function that makes the lambda, and call it in the comprehension",
    ),
    (
        "table[0] = 1",
        "UnsupportedAliasError: a write into an element: `table[0]`",
        WRITES_ARRAY,
        "build a new one: append to a list, or np.where(mask, value, table)",
    ),
    (
        "table[0] += 1",
        "UnsupportedAliasError: a write into an element: `table[0]`",
        WRITES_ARRAY,
        "build a new one: append to a list, or np.where(mask, value, table)",
    ),
    (
        "for x[0] in y: pass",
        "UnsupportedSyntaxError: a loop that binds the element `x[0]`",
        "the element changes at each iteration, behind the names of the loop",
        "bind a name by the loop, and assign the element in its body",
    ),
    (
        "(table.a, y) = 1, 2",
        "UnsupportedAliasError: a write to the attribute `table.a`",
        "other names may stand for the same object, and would see the change",
        "keep the value in a name, and return it: a = ...",
    ),
    (
        "table.append(1)",
        "UnsupportedAliasError: `table.append(...)` on a list that was not made in this function",
        "other names may stand for the same list, and would see the change",
        "append to a list that this function makes, and return the list",
    ),
    (
        "y = []\n    for v in x:\n        y.append(v)\n        z = [y]",
        "UnsupportedAliasError: `y.append(...)` on a list that a container holds",
        "the element of the container is the same list, and would grow with it",
        "put the list there when it is complete, or put list(y) there",
    ),
    (
        "y = []\n    z = [y.append(v) for v in x]",
        "UnsupportedSyntaxError: `y.append(...)` inside an expression",
        "it changes the list while the expression is being evaluated",
        "write it as a statement of its own",
    ),
    (
        "def g():\n        x.sort()",
        "UnsupportedAliasError: `x.sort(...)` changes `x` in place",
        WRITES_ARRAY,
        "x = np.sort(x), or np.sort(np.array(x)) for a list",
    ),
    (
        "g = lambda: x.update(a=1)",
        "UnsupportedAliasError: `x.update(...)` changes `x` in place",
        WRITES_ARRAY,
        "build a new one: x = {k: ... for k, v in x.items()}, or write its entries out",
    ),
    (
        "np.frexp(x, out=(x, y))",
        "UnsupportedAliasError: `out=` in a call of `np.frexp`",
        "other names may stand for the same array, and would see the change",
        "assign: x, y = np.frexp(...)",
    ),
    (
        "np.multiply.at(x, [0], 1)",
        "UnsupportedAliasError: `np.multiply.at` changes its argument in place",
        "other names may stand for the same array, and would see the change",
        "write one element after the other: for i, v in zip(index, values): x[i] = ...",
    ),
]


@pytest.mark.parametrize(
    ("text", "message", "why", "instead"), CASES, ids=[c[0].split("\n")[0] for c in CASES]
)
def test_message(text, message, why, instead):
    with pytest.raises(KnetsrcError) as caught:
        normalize(function_of(f"def f(x):\n    {text}\n    return x"))
    found = f"{type(caught.value).__name__}: {caught.value}"
    assert found == f"{message}\n  why:      {why}\n  instead:  {instead}"
    assert caught.value.at.lineno >= 2


@pytest.mark.parametrize(
    "text",
    [
        "y = np.sort(x); y = np.insert(y, 0, 1); y = np.append(y, 2)",
        "y = []; y.append(1); y = y + [2]; y.append(3)",
        "y = [0] * 3; y.append(1)",
        "y = sorted(x); y.append(1)",
        "rows = []\n    for v in x:\n        r = []\n        r.append(v)\n        rows.append(r)",
        "y = np.add(x, 1, out=None)",
    ],
)
def test_accepted(text):
    assert_same(f"def f(x):\n    {text}\n    return y if 'y' in dir() else rows", ([3, 1, 2],))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pass", "no `return` at the end of the function: `pass`"),
        ("x = [i for i in y]\n    return x", "an expression of kind ListComp: `[i for i in y]`"),
        ("x = y = 1\n    return x", "several targets: `x = y = 1`"),
        ("x, y = z\n    return x", "a target that is no name: `x, y = z`"),
        ("x = 0 < y < 1\n    return x", "a chained comparison: `0 < y < 1`"),
        ("x = y or 1\n    return x", "`and` or `or` used for a value: `y or 1`"),
        ("x += 1\n    return x", "an augmented assignment to a name: `x += 1`"),
        ("if x: return 1\n    return x", "a statement of kind Return: `return 1`"),
        (
            "for x in y:\n        if x: break\n        z = 1\n    return x",
            "a `break` that is not where the body of a loop ends: `break`",
        ),
        (
            "for x in y: x = 1\n    return x",
            "a loop that assigns to its own variable: `for x in y:\n    x = 1`",
        ),
    ],
)
def test_check_names_what_is_not_in_the_core_language(text, message):
    with pytest.raises(NotCoreLanguageError) as caught:
        check(function_of(f"def f(x):\n    {text}"))
    assert str(caught.value) == message
