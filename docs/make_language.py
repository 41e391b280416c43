"""Writes docs/language.md: what of the language and of NumPy is differentiated, each with its test.

    python docs/make_language.py            writes the page
    python docs/make_language.py --check    exit status 1 if the page is not what would be written

The constructs are listed in language.toml; the functions come from the table of derivative rules.
"""

import ast
import builtins
import math
import operator
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
import scipy.signal
import scipy.special
import scipy.stats

import knetsrc
from knetsrc import ops
from knetsrc.adjoints import TABLE
from knetsrc.adjoints.table import Rule
from knetsrc.transform.resolve import is_distribution

HERE = Path(__file__).parent
PAGE = HERE / "language.md"
TESTS = HERE.parent / "tests"
LISTED = tomllib.loads((HERE / "language.toml").read_text(encoding="utf-8"))
PLACES = {
    "np": np,
    "np.linalg": np.linalg,
    "np.random": np.random,
    "scipy.linalg": scipy.linalg,
    "scipy.special": scipy.special,
    "scipy.signal": scipy.signal,
    "math": math,
    "ops": ops,
}
DISTRIBUTIONS = {n: d for n, d in vars(scipy.stats).items() if is_distribution(d)}
UNRULED = (
    "refused/test_refused.py::test_numpy_function_without_a_rule_names_the_place_and_the_way_out"
)
CONSTANT = "language/test_non_differentiable.py::test_argmax_and_sign"
OPERATORS = {
    "add": "x + y",
    "sub": "x - y",
    "mul": "x * y",
    "truediv": "x / y",
    "floordiv": "x // y",
    "mod": "x % y",
    "pow": "x ** y",
    "matmul": "x @ y",
    "neg": "-x",
    "pos": "+x",
    "getitem": "x[i]",
}

HEAD = """# The language

What knetsrc differentiates, and what it refuses, each with the test that holds it. Refused means an
[error](errors.md) that names the line, the reason and what to write instead; nothing is skipped in
silence.

This page is written by `python docs/make_language.py`; `tests/test_docs.py` fails when it is out of
date.
"""
GAPS = """## Not there yet

Tests of single uses that are expected to fail so far: the function is refused, or what comes out is
not right (another exception than an error of knetsrc, or a message that says too little).

"""
FUNCTIONS = """## Functions

Functions are known by the object that a name is bound to: `from numpy import exp as e`, a module
held in a variable, and methods (`x.sum()`) all find the same rule. A rule is tested with its cases
twice, as the plain function that it is (`tests/test_rules.py`) and called from a function that goes
through the transpiler (`tests/test_rules_transformed.py`): against central differences in float64,
and that float32 stays float32. The tests of one rule:

```sh
python -m pytest tests/test_rules.py tests/test_rules_transformed.py -k exp_adjoint
```
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, rows in LISTED["constructs"].items():
        parts.append(f"## {title}\n\n" + table(("construct", "", "test"), map(_construct, rows)))
    if found := list(gaps()):
        parts.append(GAPS + table(("test", "", "name"), found))
    parts.append(FUNCTIONS)
    for title, lines in _functions():
        parts.append(
            f"### {title}\n\n" + table(("function", "", "rule that is tested", "cases"), lines)
        )
    parts += [_refused(), _constants()]
    return "\n".join(filter(None, parts))


def table(head: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    head = tuple(head)
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def gaps() -> Iterator[tuple[str, str, str]]:
    """Tests of the language that are known to fail: what they are of, how they fail, their names."""
    for path in sorted([*TESTS.glob("language/test_*.py"), *TESTS.glob("traps/test_*.py")]):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            marks = [ast.unparse(mark) for mark in getattr(node, "decorator_list", ())]
            for mark in marks:
                if "xfail" in mark and isinstance(node, ast.FunctionDef):
                    status = "refused" if "KnetsrcError" in mark else "not right"
                    what = node.name.removeprefix("test_").replace("_", " ")
                    yield what, status, f"`tests/{path.relative_to(TESTS)}::{node.name}`"


def _construct(row: dict[str, str]) -> tuple[str, ...]:
    status = "works" if "works" in row else "refused"
    return row["what"].replace("|", "\\|"), status, _test(row[status])


def _test(name: str) -> str:
    """`language/test_calls.py::test_x`, or the name of a file of tests/refused."""
    if "::" not in name:
        return f"`tests/refused/{name}.py`"
    return f"`tests/{name}`"


def _functions() -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    modules = sorted({rule.function.__module__ for rule in TABLE}, key=_title)
    for module in modules:
        rules = [r for r in TABLE if r.function.__module__ == module]
        lines = [_rule(rule) for rule in rules if names_of(rule)]
        if lines:
            yield _title(module), sorted(lines)


def _title(module: str) -> str:
    return module.rpartition(".")[2].replace("_", " ").capitalize()


def _rule(rule: Rule) -> tuple[str, ...]:
    names = ", ".join(f"`{name}`" for name in names_of(rule))
    return names, "works", f"`{rule}`", str(len(rule.cases))


def names_of(rule: Rule) -> list[str]:
    """How users write what a rule reverses; nothing for a helper of generated code."""
    names = [name for function in rule.primitives if (name := spelled(function))]
    names += [f".{name}()" for name in rule.methods] + [f".{name}" for name in rule.attributes]
    return list(dict.fromkeys(names))


def spelled(function: Callable[..., Any]) -> str | None:
    """How users write a function; None for a helper of generated code and for an unbound method."""
    name = getattr(function, "__name__", "")
    if getattr(operator, name, None) is function:
        return OPERATORS.get(name)
    if getattr(builtins, name, None) is function:
        return name
    if getattr(knetsrc, name, None) is function:
        return name
    if (distribution := getattr(function, "__self__", None)) in DISTRIBUTIONS.values():
        place = next(n for n, known in DISTRIBUTIONS.items() if known is distribution)
        return f"scipy.stats.{place}.{name}"
    found = (place for place, home in PLACES.items() if getattr(home, name, None) is function)
    return next((f"{place}.{name}" for place in found), None)


def known_names() -> dict[str, bool]:
    """Every spelling with a rule (True), or known to have no derivative (False)."""
    names = {name: True for rule in TABLE for name in names_of(rule)}
    constant = [name for function in TABLE.constants if (name := spelled(function))]
    return dict.fromkeys(constant, False) | names


def asked_for() -> list[str]:
    """Functions that the page has to mention."""
    return [name.strip() for name in LISTED["functions"].split(",")]


def _refused() -> str:
    known = known_names()
    names = ", ".join(f"`{name}`" for name in asked_for() if name not in known)
    title = "### Without a rule\n\nRefused, as every function that has neither a rule nor source"
    return f"{title} ({_test(UNRULED)}): {names}.\n" if names else ""


def _constants() -> str:
    names = sorted({name for function in TABLE.constants if (name := spelled(function))})
    names += sorted(f".{name}()" for name in TABLE.constant_methods)
    names += sorted(f".{name}" for name in TABLE.constant_attributes)
    listed = ", ".join(f"`{name}`" for name in names)
    return f"""### Constant

Has a derivative of zero, or none: may be called anywhere, and no gradient flows through
({_test(CONSTANT)}): {listed}.
"""


def main(arguments: list[str]) -> int | str:
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    return 0 if PAGE.read_text(encoding="utf-8") == text else "docs/language.md is out of date"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
