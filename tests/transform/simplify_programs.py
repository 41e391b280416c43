"""What the tests of the simplification share: texts, random programs, and running them.

Random programs hold arrays of three floats, and multiply by powers of two only, so that no
rewriting changes a bit.
"""

import random
import re
from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from knetsrc.transform import tree
from knetsrc.transform.simplify import Effects
from knetsrc.transform.simplify.effects import call_text

PURE = {
    "len",
    "range",
    "reversed",
    "same",
    "fresh",
    "np.sum",
    "np.exp",
    "np.log",
    "np.zeros_like",
    "unbroadcast",
    "like",
}
FRESH = {"fresh", "np.exp", "np.log", "np.sum"}


def is_pure(call: gast.Call) -> bool:
    return call_text(call.func) in PURE


EFFECTS = Effects(is_pure, FRESH)


def is_float(node: Any) -> bool:
    """Names are floats, but for those of counters."""
    return isinstance(node, gast.Name) and node.id not in {"n", "i", "j"}


def candidates(function: gast.FunctionDef) -> frozenset[str]:
    """The names that the transform would have made up: here `t`, `d_x` and the like."""
    names = {node.id for node in tree.walk(function) if isinstance(node, gast.Name)}
    return frozenset(name for name in names if re.fullmatch(r"t\d*|d_\w+|trips", name))


# --- texts --------------------------------------------------------------------------------------
def function_of(text: str) -> gast.FunctionDef:
    """The function with this body; `# text` is a comment, `#` an empty line."""
    body = re.sub(r"^( *)# ?(.*)$", r"\1'#: \2'", text.strip("\n"), flags=re.MULTILINE)
    pad = len(body) - len(body.lstrip(" "))
    lines = [f"    {line[pad:]}" for line in body.splitlines() if line.strip()]
    return tree.parse("\n".join([f"def f({PARAMETERS}):", *lines]))[0]


PARAMETERS = "x, y, w, c, n"


def text_of(function: gast.FunctionDef) -> str:
    lines = [line.removeprefix("    ") for line in tree.show(function).splitlines()[1:]]
    return "\n".join(re.sub(r"^( *)'#: (.*)'$", r"\1# \2", line).rstrip() for line in lines)


def check(
    rewriting: Callable[[gast.FunctionDef], gast.FunctionDef], before: str, after: str
) -> None:
    """`rewriting` makes `after` of `before`, leaves its input alone, and is done then."""
    function = function_of(before)
    text = tree.show(function)
    found = rewriting(function)
    assert text_of(found) == text_of(function_of(after))
    assert tree.show(function) == text, "the input was changed"
    assert text_of(rewriting(found)) == text_of(found), "not stable"


# --- random programs ----------------------------------------------------------------------------
class Program:
    """A random function of two arrays, a float and an int."""

    def __init__(self, choices: random.Random) -> None:
        self.choices = choices
        self.count = 0
        arrays = ["x", "y", "u", "d_a", "d_b"]
        lines = [
            "    u = x + y",
            "    d_a = np.zeros_like(x)",
            "    d_b = 2.0 * y",
            "    u_saved = []",
            "    d_saved = []",
        ]
        lines += self.block(4, arrays, 2, False)
        if choices.random() < 0.7:
            lines.append("    '#: '")
            lines += self.block(4, arrays, 2, False)
        results = [choices.choice(["", "1.0 * "]) + name for name in choices.sample(arrays, 3)]
        lines.append(f"    return [{', '.join(results)}]")
        self.text = "\n".join(["def f(x, y, s, n):", *lines])

    def fresh_name(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def value(self, arrays: list[str], depth: int = 2) -> str:
        pick = self.choices.choice
        a = arrays[-1] if self.choices.random() < 0.4 else pick(arrays)
        if depth == 0 or self.choices.random() < 0.25:
            return a
        e, b = self.value(arrays, depth - 1), self.value(arrays, depth - 1)
        return pick([
            f"{pick(['1.0', '2.0', '0.5', '2', '-1.0', '4'])} * ({e})",
            f"({e}) * {pick(['1.0', '2', '-2.0', 's'])}",
            f"({e}) + ({b})", f"({e}) - ({b})", f"-({e})",
            f"({e}) / {pick(['1', '2', 'n', 's', '2.0'])}",
            f"1.0 / {pick(['s', 'n'])} * ({e})", f"({e}) + 0.0", f"0.0 + ({e})", f"1.0 * n * ({e})",
            f"np.sin({a}) * ({e})", f"({e}) * -np.cos({a})", f"({e}) ** 1 / 2",
            f"({e}) + -({b})", f"0.5 * (2 * ({e}))", f"{a}[::-1]",
            f"same({e})", f"fresh({e})", f"note({e})", f"bump({a})",
            f"(d_saved or [{a}])[-1]", f"({a} if {pick(arrays)}[0] > 0.5 else {b})",
        ])  # fmt: skip

    def block(self, indent: int, arrays: list[str], depth: int, in_loop: bool) -> list[str]:
        arrays = list(arrays)
        lines = []
        for _ in range(self.choices.randint(2, 9)):
            lines += self.statement(indent, arrays, depth, in_loop)
        return lines

    def statement(self, indent: int, arrays: list[str], depth: int, in_loop: bool) -> list[str]:
        pick, pad = self.choices.choice, " " * indent
        a, b = pick(arrays), pick(["u", "d_a", "d_b"])
        kind = pick(
            ["new"] * 4
            + ["delay"] * 4
            + ["rebind"] * 3
            + ["add"] * 3
            + ["place"] * 3
            + ["list"] * 3
            + ["comment", "test", "loop"] * 2
        )
        if kind == "new":
            name = self.fresh_name()
            line = f"{pad}{name} = {self.value(arrays)}"
            arrays.append(name)
            return [line]
        if kind == "delay":
            name, value = self.fresh_name(), self.value(arrays, 1)
            between = [
                line for _ in range(2) for line in self.statement(indent, arrays, 0, in_loop)
            ]
            place = pick(
                [
                    f"{b} = {{}}",
                    f"{b} = ({{}}) + {a}",
                    f"note({{}} + note({a}))",
                    f"{b} = bump({a}) + {{}}",
                    f"{a}[:] += {{}}",
                ]
            )
            return [f"{pad}{name} = {value}", *between, pad + place.format(name)]
        if kind == "rebind":
            return [f"{pad}{b} = {self.value(arrays)}"]
        if kind == "add":
            return [f"{pad}{b} = {b} {pick('+-')} {self.value(arrays)}"]
        if kind == "place":
            place = pick(
                [
                    f"{a} += {{}}",
                    f"{a}[:] = {{}}",
                    f"{a}[1:] += ({{}})[1:]",
                    "note({})",
                    f"add_at({a}, 1, ({{}})[0])",
                ]
            )
            return [pad + place.format(self.value(arrays))]
        if kind == "list":
            xs = pick(["u_saved", "d_saved"])
            pop = [f"{pad}if {xs}:", f"{pad}    {b} = {xs}.pop()"]
            return pick([[f"{pad}{xs}.append({a})"], [f"{pad}{xs}.append({a})"], pop])
        if kind == "comment" or depth == 0:
            return [f"{pad}'#: {pick('pqr')}'"]
        return self.compound(kind, indent, arrays, depth, in_loop)

    def compound(
        self, kind: str, indent: int, arrays: list[str], depth: int, in_loop: bool
    ) -> list[str]:
        pick, pad = self.choices.choice, " " * indent
        test = f"{pick(arrays)}[0] > {pick(['0.25', '-1.0'])}"
        if kind == "test":
            lines = [f"{pad}if {test}:", *self.block(indent + 4, arrays, depth - 1, in_loop)]
            if in_loop and self.choices.random() < 0.3:
                lines.append(f"{pad}    break")
            if self.choices.random() < 0.5:
                lines += [f"{pad}else:", *(self.block(indent + 4, arrays, depth - 1, in_loop))]
            return lines
        if self.choices.random() < 0.25:
            trips = self.fresh_name()
            body = self.block(indent + 4, arrays, depth - 1, True)
            return [
                f"{pad}{trips} = 0",
                f"{pad}while {trips} < 3:",
                f"{pad}    {trips} = {trips} + 1",
                *body,
            ]
        head = pick(["for i in range(3):", f"for d_b in [{pick(arrays)}, {pick(arrays)}]:"])
        return [pad + head, *self.block(indent + 4, arrays, depth - 1, True)]


def run(function: gast.FunctionDef) -> tuple[list[Any], list[bool]]:
    """Results, arguments afterwards and calls noted; and which results hold an argument."""
    noted: list[Any] = []

    def note(v: Any) -> Any:
        noted.append(np.copy(v))
        return v

    def bump(v: Any) -> Any:
        v[0] += 1
        noted.append(np.copy(v))
        return v

    def add_at(d: Any, i: Any, e: Any) -> None:
        np.add.at(d, i, e)

    helpers = {
        "np": np,
        "note": note,
        "bump": bump,
        "add_at": add_at,
        "same": lambda v: v,
        "fresh": lambda v: v + 1,
    }
    exec(tree.show(function), helpers)
    x, y = np.array([0.5, -1.0, 2.0]), np.array([0.25, 3.0, -0.5])
    results = helpers["f"](x, y, 0.5, 2)
    held = [np.shares_memory(result, argument) for result in results for argument in (x, y)]
    return [*map(np.copy, results), x, y, *noted], held


def check_runs_alike(
    rewriting: Callable[[gast.FunctionDef], gast.FunctionDef], choices: random.Random
) -> None:
    """A random program does the same before and after."""
    function = tree.parse(Program(choices).text)[0]
    before = tree.show(function)
    new = rewriting(function)
    assert tree.show(function) == before, "the input was changed"
    (expected, held), (found, holds) = run(function), run(new)
    message = f"\n{before}\n\nbecame\n\n{tree.show(new)}"
    assert len(expected) == len(found), message
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=message)
    assert all(was or not now for was, now in zip(held, holds, strict=True)), message
