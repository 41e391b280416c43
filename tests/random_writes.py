"""Writes random functions that write into arrays, lists and dictionaries, and into their arguments."""

import random
from typing import Any

from random_expressions import KINDS
from random_source import Statements

NEW = {
    "v": ["np.zeros(3)", "np.ones(3)", "np.zeros_like({v})", "{v}.copy()", "np.array({v})", "{v} * 1.0"],
    "r": ["np.zeros((1, 3))", "{r}.copy()", "{r} + 0.0"],
    "c": ["np.ones((2, 1))", "{c}.copy()", "{c} * 1.0"],
    "m": ["np.zeros((2, 3))", "np.ones_like({m})", "{m}.copy()", "{m} * 1.0", "np.full((2, 3), {s})"],
}  # fmt: skip
VIEWS = {
    "v": ["{v}", "{v}[::-1]", "{m}[0]", "{m}[1, :]", "{r}[0]", "{r}.reshape(3)", "{m}[-1]"],
    "r": ["{v}[None]", "{m}[:1]", "{v}.reshape(1, 3)", "{r}[:, ::-1]"],
    "c": ["{m}[:, 1:2]", "{c}[::-1]"],
    "m": ["{m}", "{m}[::-1]", "{m}[:, ::-1]", "{m}.T.T", "{m}.reshape(2, 3)"],
}
PAIRS = [
    "1:",
    ":-1",
    ":2",
    "::2",
    "[0, 2]",
    "[2, 1]",
    "[0, 0]",
    "1:3",
    ":0:-1",
    "-2:",
]  # two of three
PLACES = {  # of each kind, where it can be written, and the kind of what stands there
    "v": [(":", "v"), ("[2, 0, 1]", "v"), ("np.array([0, 2, 0])", "v"), ("...", "v")],
    "r": [("0", "v"), ("0, :", "v"), (":", "r"), ("0, 1", "s"), ("0, -1", "s")],
    "c": [("0, 0", "s"), ("1, 0", "s"), (":", "c"), ("0", "s"), ("[1, 0]", "c")],
    "m": [
        ("0", "v"), ("1", "v"), ("-1, :", "v"), ("0, 2", "s"), ("1, 1", "s"), (":", "m"), ("[1, 0]", "m"),
        (":1", "r"), (":, :1", "c"), (":, 1:2", "c"), ("[0, 0]", "m"), ("::-1", "m"), ("-1, 0", "s"),
    ],
}  # fmt: skip
TALLIED = {
    "?": [
        "np.sum(np.sin({0}) * {0})",
        "np.sum(np.tanh({0}))",
        "np.mean({0} ** 2)",
        "np.prod(np.cos({0}))",
    ],
    "v": [
        "{0}[0] * {0}[1]",
        "np.sin({0}[-1])",
        "np.sum({0}[1:] * {0}[:-1])",
        "np.max({0})",
        "{0} @ {0}",
    ],
    "r": ["np.sum({0}[0] ** 2)", "np.sum(np.cos({0}.T))", "{0}[0, 1] ** 2"],
    "c": ["np.sum(np.cos({0}[:, 0]))", "{0}[0, 0] * {0}[1, 0]", "np.sum(np.sin({0}.reshape(2)))"],
    "m": [
        "np.sum(np.sin({0}[0]))",
        "np.sum({0} @ {0}.T)",
        "np.sum({0}.reshape(6) ** 2)",
        "{0}[1, 2] ** 2",
    ],
}
MASKS = ["{0} > {1}", "{0} < {1}", "np.abs({0}) > {1}", "({0} > {1}) | ({0} < -0.5)"]


def program_of_writes(seed: int, size: int) -> tuple[str, str]:
    """Text of a function `f` with what it calls, and the kinds of its arguments: see `random_source.program`."""
    return _Writes(random.Random(seed * 100 + size)).program(size)


class _Writes(Statements):
    """Programs of which about half of the statements write in place."""

    arguments = "vmm", "ssvvvcrmmlLn"

    def __init__(self, draw: random.Random) -> None:
        super().__init__(draw)
        self.boxes: dict[
            str, dict[str, str]
        ] = {}  # lists and dicts of several kinds: kind by entry

    def enter(self, names: list[str], kinds: str) -> None:
        super().enter(names, kinds)
        self.boxes = {}

    def more(self) -> list[tuple[Any, int]]:
        return [
            (self.make, 5), (self.write, 30), (self.mask, 5), (self.swap, 5), (self.view, 1),
            (self.whole, 4), (self.fill, 6), (self.box, 3), (self.entry, 5), (self.rows, 3),
            (self.filler, 2), (self.tally, 10),
        ]  # fmt: skip

    def nested(self, lines: list[str]) -> dict[str, str]:
        before = dict(self.boxes)
        end = super().nested(lines)
        self.boxes = before
        return end

    # --- arrays -----------------------------------------------------------------------------------
    def make(self, depth: int) -> list[str]:
        """A new array of zeros, ones, or a copy."""
        name, kind = self.target(self.draw.choice("vvmmrc"))
        value = self.new(kind)
        self.bind(name, kind)
        return [f"{name} = {value}"]

    def new(self, kind: str) -> str:
        return self.plainly(self.draw.choice(NEW[kind]))

    def view(self, depth: int) -> list[str]:
        """A second name of an array, or of a part of one."""
        name, kind = self.target(self.draw.choice("vvmrc"))
        value = self.plainly(self.draw.choice(VIEWS[kind]))
        self.bind(name, kind)
        return [f"{name} = {value}"]

    def plainly(self, pattern: str) -> str:
        """The pattern with names where there are some."""
        for kind in KINDS:
            names = sorted(name for name, held in self.scope.items() if held == kind)
            part = self.draw.choice(names) if names else f"({self.expr(kind, 2)})"
            pattern = pattern.replace(f"{{{kind}}}", part)
        return pattern

    def array(self, kinds: str = "vvmmrc") -> tuple[str, str] | None:
        """A name of an array and its kind."""
        held = [(name, kind) for name, kind in sorted(self.scope.items()) if kind in kinds]
        return self.draw.choice(held) if held else None

    def write(self, depth: int) -> list[str]:
        """An element, a slice, a row, a column or a list of elements is set, or added to."""
        chosen = self.array()
        if chosen is None:
            return self.make(depth)
        name, kind = chosen
        return self.written(name, kind)

    def written(self, text: str, kind: str) -> list[str]:
        """A write into the array `text`."""
        place, of = self.place(kind)
        value = self.value(of)
        way = self.draw.random()
        if way < 0.5:
            return [f"{text}[{place}] = {value}"]
        if way < 0.9:
            return [f"{text}[{place}] {self.draw.choice(['+', '-', '+', '*'])}= {value}"]
        return [f"{text}[{place}] /= 1.5 + np.square({value})"]

    def value(self, of: str) -> str:
        """What is written: a value of the kind, or of one that broadcasts to it; `p` is of two numbers."""
        if of == "p":
            if self.chance(0.3):
                return self.draw.choice(WRAP).format(self.expr("s", 1))
            return self.draw.choice(WRAP).format(
                f"({self.expr('v', 1)})[{self.draw.choice(PAIRS)}]"
            )
        if of in "vm" and self.chance(0.2):
            of = "s"
        return self.draw.choice(WRAP).format(self.expr(of, 1))

    def place(self, kind: str) -> tuple[str, str]:
        """An index of an array of a kind, and the kind of what stands there."""
        index = self.draw.choice([*self.integers, *("0", "1", "2", "-1")])
        wrapped = f"{index} % 3" if index in self.integers else index
        if kind == "v":
            chosen = [(wrapped, "s")] * 4 + [(self.draw.choice(PAIRS), "p")] * 3
            return self.draw.choice(chosen + self.draw.sample(PLACES["v"], 1))
        if kind == "m" and self.chance(0.5):
            row = f"{index} % 2" if index in self.integers else self.draw.choice(["0", "1", "-1"])
            ways = [(f"{row}, {wrapped}", "s"), (f"{row}", "v"), (f":, {wrapped}", "p")]
            ways += [(f"{row}, {self.draw.choice(PAIRS)}", "p"), (f"[0, 1], {wrapped}", "p")]
            return self.draw.choice([*ways, ("[0, 1, 1], [2, 0, 0]", "v")])
        return self.draw.choice(PLACES[kind])

    def mask(self, depth: int) -> list[str]:
        """A write where a condition holds."""
        chosen = self.array("vm")
        if chosen is None:
            return self.make(depth)
        name, kind = chosen
        by = self.array(kind)
        assert by is not None
        level = f"{self.draw.uniform(-0.4, 0.9):.3f}"
        mask = self.draw.choice(MASKS).format(by[0], level)
        value = self.value("s")
        if self.chance(0.5):
            value = self.draw.choice(WRAP).format(f"({self.expr(kind, 1)})[{mask}]")
        lines = []
        if self.chance(0.3):
            chosen_at = self.fresh("chosen")
            lines, value = [f"{chosen_at} = {mask}"], value.replace(f"[{mask}]", f"[{chosen_at}]")
            mask = chosen_at
        return [*lines, f"{name}[{mask}] {self.draw.choice(['', '', '+', '*'])}= {value}"]

    def swap(self, depth: int) -> list[str]:
        """Two elements, two rows or two arrays change places."""
        chosen = self.array("vm")
        if chosen is None:
            return self.make(depth)
        name, kind = chosen
        if self.chance(0.4):
            other = self.array(kind)
            assert other is not None
            return [f"{name}, {other[0]} = {other[0]}, {name}"]
        ends = self.draw.sample(["0", "1", "2"] if kind == "v" else ["0, 1", "1, 1", "0, 2"], 2)
        if kind == "m" and self.chance(0.2):
            return [f"{name}[0], {name}[1] = {name}[1].copy(), {name}[0].copy()"]
        if self.chance(0.3):
            kept = self.fresh("kept")
            lines = [f"{kept} = {name}[{ends[0]}]", f"{name}[{ends[0]}] = {name}[{ends[1]}]"]
            return [*lines, f"{name}[{ends[1]}] = {kept}"]
        one, two = (f"{name}[{end}]" for end in ends)
        return [f"{one}, {two} = {two}, {one}"]

    def whole(self, depth: int) -> list[str]:
        """`x += e` on an array."""
        chosen = self.array()
        if chosen is None:
            return self.make(depth)
        name, kind = chosen
        return [f"{name} {self.draw.choice(['+', '-', '*'])}= {self.value(kind)}"]

    def fill(self, depth: int) -> list[str]:
        """A loop that fills an array, each element from the one before."""
        name, kind = self.target(self.draw.choice("vvm"))
        if self.loops > 2:
            return self.make(depth)
        lines = [f"{name} = {self.new(kind)}"]
        self.bind(name, kind)
        loop = self.fresh("i")
        self.integers.append(loop)
        value = self.draw.choice(WRAP).format(self.expr("s", 1))
        if kind == "v":
            lines += [f"for {loop} in range({self.draw.choice(['1, 3', '3', '2, -1, -1', '2'])}):"]
            lines += [f"    {name}[{loop}] = {name}[{loop} - 1] * 0.7 + {value}"]
        else:
            inner = self.fresh("j")
            self.integers.append(inner)
            lines += [f"for {loop} in range(2):", f"    for {inner} in range(1, 3):"]
            lines += [
                f"        {name}[{loop}, {inner}] += {name}[{loop} - 1, {inner} - 1] * {value}"
            ]
            self.integers.remove(inner)
        self.integers.remove(loop)
        return lines

    def rows(self, depth: int) -> list[str]:
        """A loop over the rows of a matrix, which writes into them or into the matrix."""
        chosen = self.array("m")
        if chosen is None:
            return self.make(depth)
        row = self.fresh("row")
        integers, before = list(self.integers), dict(self.scope)
        self.scope[row] = "v"
        heads = [f"for {row} in {chosen[0]}:"] * 2
        number = self.fresh("i")
        if self.chance(0.4):
            heads = [f"for {number}, {row} in enumerate({chosen[0]}):"]
            self.integers.append(number)
        lines = [self.draw.choice(heads)]
        written = self.written(row, "v") if self.chance(0.6) else self.write(depth)
        lines += [f"    {line}" for line in written]
        target, kind = self.target("s")
        if self.chance(0.6):
            lines += [f"    {target} = np.sum(np.sin({row}) * {row})"]
        self.integers, self.scope = integers, before
        if self.chance(0.6):
            lines.insert(0, f"{target} = {self.bounded(kind)}")
            self.bind(target, kind)
        return lines

    def tally(self, depth: int) -> list[str]:
        """A sum of which the derivative reads an array that may be overwritten later."""
        chosen, scalars = self.array(), [n for n, kind in sorted(self.scope.items()) if kind == "s"]
        if chosen is None or not scalars:
            return self.make(depth)
        part = self.draw.choice(TALLIED[chosen[1]] + TALLIED["?"]).format(chosen[0])
        name = self.draw.choice(scalars)
        return [f"{name} {self.draw.choice(['', '+', '+'])}= {part}"]

    def ending(self) -> str:
        if self.result != "s":
            return super().ending()
        held = [name for name, kind in sorted(self.scope.items()) if kind in "vmrc"]
        parts = [f"np.sum(np.sin({name}) * {name})" for name in held if self.chance(0.7)]
        return " + ".join([*parts, super().ending()])

    # --- lists and dictionaries -------------------------------------------------------------------
    def box(self, depth: int) -> list[str]:
        """A list or a dict that holds arrays and numbers."""
        if self.loops:
            return self.write(depth)
        name, kinds = self.fresh("box"), self.draw.choices("svm", k=2)
        parts = [
            self.new(kind) if kind != "s" and self.chance(0.6) else self.bounded(kind)
            for kind in kinds
        ]
        keys = ["'a'", "'b'"] if self.chance(0.4) else ["0", "1"]
        self.boxes[name] = dict(zip(keys, kinds, strict=True))
        if keys[0] == "0":
            return [f"{name} = [{', '.join(parts)}]"]
        return [f"{name} = {{{keys[0]}: {parts[0]}, {keys[1]}: {parts[1]}}}"]

    def entry(self, depth: int) -> list[str]:
        """An entry of a list or a dict, or an element of an entry, is written or read."""
        places = [
            (f"{box}[{key}]", kind)
            for box, held in self.boxes.items()
            for key, kind in held.items()
        ]
        places += [
            (f"{each}[{self.draw.choice(['0', '-1', f'len({each}) - 1'])}]", kind)
            for each, kind in self.lists.items()
            if each not in self.walked
        ]
        if not places:
            return self.box(depth)
        text, kind = self.draw.choice(places)
        if self.chance(0.3):
            name, _ = self.target(kind)
            value = self.draw.choice(WRAP).format(text)
            self.bind(name, kind)
            return [f"{name} = {value}"]
        if kind in "vm" and self.chance(0.6):
            return self.written(text, kind)
        return [f"{text} {self.draw.choice(['', '', '+', '*'])}= {self.value(kind)}"]

    # --- helpers ----------------------------------------------------------------------------------
    def filler(self, depth: int) -> list[str]:
        """A function that writes into its argument and returns it, or a number, is defined and called."""
        chosen = self.array("vm")
        if chosen is None:
            return self.make(depth)
        name, kind = chosen
        inner = self.fresh("filled")
        before, integers, lists, boxes = dict(self.scope), self.integers, self.lists, self.boxes
        functions, self.functions = self.functions, {}
        self.scope, self.integers, self.lists, self.boxes = {"g": kind, "h": "s"}, [], {}, {}
        body = [*self.written("g", kind), *self.written("g", kind)]
        if self.chance(0.5):
            body = [f"h = {self.expr('s', 1)}", *body]
        ends = {"g": kind, "np.sum(g * h)": "s", "np.sin(g)": kind}
        last = self.draw.choice(list(ends))
        self.scope, self.integers, self.lists, self.boxes = before, integers, lists, boxes
        self.functions = functions
        given = self.draw.choice([name, name, f"{name}.copy()", f"np.sin({name})"])
        target, _ = self.target(ends[last])
        call = f"{inner}({given}, {self.expr('s', 2)})"
        self.bind(target, ends[last])
        head = f"def {inner}(g, h):"
        return [head, *(f"    {line}" for line in [*body, f"return {last}"]), f"{target} = {call}"]


WRAP = ["np.sin({})", "np.tanh({})", "np.cos({})", "(0.5 * {})", "np.sin(0.7 * {})", "{}"]
