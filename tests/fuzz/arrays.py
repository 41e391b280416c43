"""Level 4, the part on arrays: writes of elements and slices, through names that share memory, by calls."""

import random
from collections.abc import Callable

from .expressions import KINDS, Writer
from .functions import Functions

WRAP = ["np.sin({})", "np.tanh({})", "np.cos({})", "(0.5 * {})", "np.sin(0.7 * {})", "{}"]
NEW = {
    "v": ["np.zeros(3)", "np.ones(3)", "np.zeros_like({v})", "{v}.copy()", "np.array({v})", "{v} * 1.0",
          "np.tanh({v})", "np.exp(0.4 * {v})"],
    "r": ["np.zeros((1, 3))", "{r}.copy()", "{r} + 0.0"],
    "c": ["np.ones((2, 1))", "{c}.copy()", "{c} * 1.0"],
    "m": ["np.zeros((2, 3))", "np.ones_like({m})", "{m}.copy()", "{m} * 1.0", "np.full((2, 3), {s})",
          "np.tanh({m})", "np.exp({m} - {m})"],
}  # fmt: skip
VIEWS = {  # of a name of the second kind
    "v": [("{}", "v"), ("{}[::-1]", "v"), ("{}[0]", "m"), ("{}[1, :]", "m"), ("{}[0]", "r"),
          ("{}.reshape(3)", "r"), ("{}[-1]", "m"), ("{}[...]", "v"), ("np.ravel({})", "r")],
    "r": [("{}[None]", "v"), ("{}[:1]", "m"), ("{}.reshape(1, 3)", "v"), ("{}[:, ::-1]", "r")],
    "c": [("{}[:, 1:2]", "m"), ("{}[::-1]", "c"), ("{}", "c")],
    "m": [("{}", "m"), ("{}[::-1]", "m"), ("{}[:, ::-1]", "m"), ("{}.T.T", "m"), ("{}[0]", "k"),
          ("{}.reshape(2, 3)", "m"), ("{}[:, 1]", "k"), ("np.asarray({})", "m")],
}  # fmt: skip
READ = [  # the derivatives of these read the results
    "np.tanh({})", "np.exp(0.3 * {})", "np.sqrt(1.0 + {} ** 2)", "(1.0 / (1.5 + {} ** 2))", "({} * 1.0)",
]  # fmt: skip
PAIRS = [
    "1:",
    ":-1",
    ":2",
    "::2",
    "[0,2]",
    "[2,1]",
    "[0,0]",
    "1:3",
    ":0:-1",
    "-2:",
    "::-2",
]  # two of three
PLACES = {  # of each kind, where it can be written, and the kind of what stands there
    "v": [(":", "v"), ("[2, 0, 1]", "v"), ("np.array([0, 2, 0])", "v"), ("...", "v"), ("::-1", "v")],
    "r": [("0", "v"), ("0, :", "v"), (":", "r"), ("0, 1", "s"), ("0, -1", "s")],
    "c": [("0, 0", "s"), ("1, 0", "s"), (":", "c"), ("0", "s"), ("[1, 0]", "c")],
    "m": [
        ("0", "v"), ("1", "v"), ("-1, :", "v"), ("0, 2", "s"), ("1, 1", "s"), (":", "m"), ("[1, 0]", "m"),
        (":1", "r"), (":, :1", "c"), (":, 1:2", "c"), ("[0, 0]", "m"), ("::-1", "m"), ("-1, 0", "s"),
        ("..., -1", "p"), ("[0, 1, 1], [2, 0, 0]", "v"),
    ],
    "k": [("0", "m"), ("1, 0", "v"), (":, 1", "m"), ("[1, 1]", "k"), ("0, 1, 2", "s")],
}  # fmt: skip
TALLIED = {
    "?": ["np.sum(np.sin({0}) * {0})", "np.sum(np.tanh({0}))", "np.mean({0} ** 2)", "np.prod(np.cos({0}))"],
    "v": ["{0}[0] * {0}[1]", "np.sin({0}[-1])", "np.sum({0}[1:] * {0}[:-1])", "np.max({0})", "{0} @ {0}"],
    "r": ["np.sum({0}[0] ** 2)", "np.sum(np.cos({0}.T))", "{0}[0, 1] ** 2"],
    "c": ["np.sum(np.cos({0}[:, 0]))", "{0}[0, 0] * {0}[1, 0]", "np.sum(np.sin({0}.reshape(2)))"],
    "m": ["np.sum(np.sin({0}[0]))", "np.sum({0} @ {0}.T)", "np.sum({0}.reshape(6) ** 2)", "{0}[1, 2] ** 2"],
    "k": ["np.sum(np.sin({0}[0]))", "{0}[1, 0, 2] ** 2"],
}  # fmt: skip
MASKS = ["{0} > {1}", "{0} < {1}", "np.abs({0}) > {1}", "({0} > {1}) | ({0} < -0.5)"]
STENCILS = {  # parts of one array that overlap
    "v": ["{0}[1:] += {0}[:-1] * {s}", "{0}[:2] += {0}[1::-1]", "{0}[1:] = {0}[:-1]",
          "{0}[:-1] = np.sin({0}[1:])", "{0}[1:-1] = 0.5 * ({0}[:-2] + {0}[2:])", "{0}[:] = {0}[::-1]",
          "{0}[1] = {0}[0] * {0}[2]", "{0} += {0}[::-1]", "{0} *= {0}[0]"],
    "m": ["{0}[:, 1:] += {0}[:, :-1] * {s}", "{0}[0] += {0}[1]", "{0}[1] = np.cos({0}[0])",
          "{0}[:, 0] = {0}[:, 2] * {0}[:, 1]", "{0}[::-1] = np.sin({0})", "{0}[:] = {0} @ {0}.T @ {0}",
          "{0}[1, 1:] -= {0}[0, :-1]", "{0} -= {0}[0]", "{0} *= {0}[:, :1]"],
}  # fmt: skip
CALLS = {  # functions and methods that write
    "v": ["np.copyto({0}, {v})", "{0}.fill({s})", "np.add.at({0}, [0, 2, 0], {v})",
          "np.put({0}, [2, 0], {s})", "{0}.sort()", "np.add({v}, {v}, out={0})",
          "np.multiply({0}, {v}, out={0})", "np.sin({v}, out={0})", "np.subtract.at({0}, [1, 1], {s})",
          "np.sum({m}, axis=0, out={0})", "np.exp({0}, out={0})", "np.dot({v}, {m}.T @ {m}, out={0})"],
    "m": ["np.copyto({0}, {m})", "{0}.fill({s})", "np.add.at({0}, [0, 0], {m})",
          "np.fill_diagonal({0}, {s})", "np.tanh({m}, out={0})", "np.multiply({0}, {v}, out={0})",
          "{0}.sort(axis=1)", "np.maximum({0}, {m}, out={0})", "np.matmul({m} @ {m}.T, {m}, out={0})",
          "np.copyto({0}, {v}, where={0} > 0.1)"],
}  # fmt: skip


class ArrayWrites(Functions):
    """Programs of which many statements write into arrays."""

    def __init__(self, draw: random.Random) -> None:
        super().__init__(draw)
        self.simplest = 2  # short expressions: what is of interest is how statements meet

    def simple(self) -> list[tuple[Writer, int]]:
        return [
            (self.make, 5), (self.write, 24), (self.mask, 5), (self.swap, 5), (self.view, 5),
            (self.whole, 4), (self.stencil, 6), (self.tally, 10), (self.called, 5), (self.shared, 3),
        ]  # fmt: skip

    def statements(self, depth: int) -> list[tuple[Writer, int]]:
        every = [(self.fill, 6), (self.rows, 3), (self.kept_view, 3)]
        return [*super().statements(depth), *every]

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
        value = self.seen(kind)
        if value is None:
            return self.make(depth)
        self.bind(name, kind)
        return [f"{name} = {value}"]

    def seen(self, kind: str) -> str | None:
        """A view of a kind, of an array with a name, or of a new one that only the view knows."""
        is_new = self.chance(0.3)
        ways = [
            pattern.format(self.draw.choice(READ).format(name) if is_new else name)
            for pattern, of in VIEWS[kind]
            for name, held in sorted(self.scope.items())
            if held == of
        ]
        return self.draw.choice(ways) if ways else None

    def plainly(self, pattern: str) -> str:
        """The pattern with names where there are some."""
        for kind in KINDS:
            slot = f"{{{kind}}}"
            while slot in pattern:
                names = sorted(name for name, held in self.scope.items() if held == kind)
                part = self.draw.choice(names) if names else f"({self.expr(kind, 2)})"
                pattern = pattern.replace(slot, part, 1)
        return pattern

    def on_array(self, kinds: str, write: Callable[[str, str], list[str]]) -> list[str]:
        """What `write` makes of a name of an array and its kind; a new array where there is none."""
        held = [(name, kind) for name, kind in sorted(self.scope.items()) if kind in kinds]
        return write(*self.draw.choice(held)) if held else self.make(1)

    def write(self, depth: int) -> list[str]:
        """An element, a slice, a row, a column or a list of elements is set, or added to."""
        return self.on_array("vmrck", self.written)

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
        wrap = self.draw.choice(WRAP)
        if of == "p":
            if self.chance(0.3):
                return wrap.format(self.expr("s", 2))
            return wrap.format(f"({self.expr('v', 2)})[{self.draw.choice(PAIRS)}]")
        if of in "vmk" and self.chance(0.2):
            of = "s"
        return wrap.format(self.expr(of, 2))

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
            return self.draw.choice(
                [*ways, (f"{row}, {self.draw.choice(PAIRS)}", "p"), (f"[0, 1], {wrapped}", "p")]
            )
        return self.draw.choice(PLACES[kind])

    def mask(self, depth: int) -> list[str]:
        """A write where a condition holds."""
        return self.on_array("vm", self.masked)

    def masked(self, name: str, kind: str) -> list[str]:
        by = self.any_name(kind)
        level = f"{self.draw.uniform(-0.4, 0.9):.3f}"
        mask = self.draw.choice(MASKS).format(by, level)
        value = self.value("s")
        if self.chance(0.5):
            value = self.draw.choice(WRAP).format(f"({self.expr(kind, 2)})[{mask}]")
        lines = []
        if self.chance(0.3):
            chosen_at = self.fresh("chosen")
            lines, value = [f"{chosen_at} = {mask}"], value.replace(f"[{mask}]", f"[{chosen_at}]")
            mask = chosen_at
        return [*lines, f"{name}[{mask}] {self.draw.choice(['', '', '+', '*'])}= {value}"]

    def swap(self, depth: int) -> list[str]:
        """Two elements, two rows or two arrays change places."""
        return self.on_array("vm", self.swapped)

    def swapped(self, name: str, kind: str) -> list[str]:
        if self.chance(0.4):
            other = self.any_name(kind)
            return [f"{name}, {other} = {other}, {name}"]
        ends = self.draw.sample(["0", "1", "2"] if kind == "v" else ["0, 1", "1, 1", "0, 2"], 2)
        if kind == "m" and self.chance(0.2):
            return [f"{name}[0], {name}[1] = {name}[1].copy(), {name}[0].copy()"]
        if kind == "m" and self.chance(0.2):
            return [f"{name}[[0, 1]] = {name}[[1, 0]]"]
        if self.chance(0.3):
            kept = self.fresh("kept")
            lines = [f"{kept} = {name}[{ends[0]}]", f"{name}[{ends[0]}] = {name}[{ends[1]}]"]
            return [*lines, f"{name}[{ends[1]}] = {kept}"]
        one, two = (f"{name}[{end}]" for end in ends)
        return [f"{one}, {two} = {two}, {one}"]

    def whole(self, depth: int) -> list[str]:
        """`x += e` on an array."""

        def augmented(name: str, kind: str) -> list[str]:
            return [f"{name} {self.draw.choice(['+', '-', '*'])}= {self.value(kind)}"]

        return self.on_array("vmrck", augmented)

    def stencil(self, depth: int) -> list[str]:
        """A write of what is read from the same array, in parts that overlap."""

        def overlapping(name: str, kind: str) -> list[str]:
            pattern = self.draw.choice(STENCILS[kind]).replace("{0}", name)
            return [self.plainly(pattern)]

        return self.on_array("vm", overlapping)

    def called(self, depth: int) -> list[str]:
        """A function or a method that writes: `out=`, `np.copyto`, `fill`, `sort`."""

        def calling(name: str, kind: str) -> list[str]:
            return [self.plainly(self.draw.choice(CALLS[kind]).replace("{0}", name))]

        return self.on_array("vm", calling)

    def fill(self, depth: int) -> list[str]:
        """A loop that fills an array, each element from the one before."""
        name, kind = self.target(self.draw.choice("vvm"))
        if self.loops > 2:
            return self.make(depth)
        lines = [f"{name} = {self.new(kind)}"]
        self.bind(name, kind)
        loop, inner, before = self.fresh("i"), self.fresh("j"), list(self.integers)
        self.integers.append(loop)
        value = self.draw.choice(WRAP).format(self.expr("s", 2))
        guard = [f"if {self.condition()}:"] if self.chance(0.3) else []
        if kind == "v":
            step = f"{name}[{loop}] = {name}[{loop} - 1] * 0.7 + {value}"
            heads = [f"for {loop} in range({self.draw.choice(['1, 3', '3', '2, -1, -1', '2'])}):"]
        else:
            step = f"{name}[{loop}, {inner}] += {name}[{loop} - 1, {inner} - 1] * {value}"
            heads = [f"for {loop} in range(2):", f"for {inner} in range(1, 3):"]
        self.integers = before
        return [*lines, *_stacked([*heads, *guard, step])]

    def rows(self, depth: int) -> list[str]:
        """A loop over the rows of a matrix, which writes into them or into the matrix."""
        return self.on_array("m", self.by_rows)

    def by_rows(self, name: str, kind: str) -> list[str]:
        row, number = self.fresh("row"), self.fresh("i")
        integers, before = list(self.integers), dict(self.scope)
        self.scope[row] = "v"
        head = f"for {row} in {name}:"
        if self.chance(0.4):
            head = f"for {number}, {row} in enumerate({name}):"
            self.integers.append(number)
        written = self.written(row, "v") if self.chance(0.6) else self.write(1)
        lines = [head, *(f"    {line}" for line in written)]
        target, of = self.target("s")
        if self.chance(0.6):
            lines += [f"    {target} = np.sum(np.sin({row}) * {row})"]
        self.integers, self.scope = integers, before
        if self.chance(0.6):
            lines.insert(0, f"{target} = {self.bounded(of)}")
            self.bind(target, of)
        return lines

    def kept_view(self, depth: int) -> list[str]:
        """A view that lives over the turns of a loop in which the array is written, or the view."""
        kind = self.draw.choice("vvm")
        value = self.seen(kind)
        if value is None or self.loops > 1:
            return self.make(depth)
        name, loop = self.fresh("part"), self.fresh("i")
        self.scope[name] = kind
        lines = [f"{name} = {value}"]
        held, integers = dict(self.scope), list(self.integers)
        self.integers.append(loop)
        body = [*self.write(depth), *self.written(name, kind)] if self.chance(0.5) else []
        body += self.written(name, kind) if self.chance(0.5) else self.write(depth)
        if self.chance(0.4):
            body = [f"if {self.condition()}:", *("    " + line for line in body)]
        body += self.tally(depth)
        self.scope, self.integers = held, integers
        lines.append(f"for {loop} in range({self.draw.choice(['2', '3', '1', '0'])}):")
        return [*lines, *("    " + line for line in body)]

    def shared(self, depth: int) -> list[str]:
        """An array that is reached by a name, and by a container, a branch, a function or a loop."""
        return self.on_array("vm", self.sharing)

    def sharing(self, name: str, kind: str) -> list[str]:
        other, part = self.any_name(kind), self.fresh("part")
        write = self.written(part, kind)
        if self.chance(0.3):
            write = [f"if {self.condition()}:", *("    " + line for line in write)]
        ways = [
            [f"{part} = {name} if {self.condition()} else {other}", *write],
            [f"{part} = [{name}, {other}][{self.draw.choice(['0', '1', '-1'])}]", *write],
            [f"{part} = ({name}, {self.expr('s', 2)})[0]", *write],
            [f"{part} = (lambda e: e)({name})", *write],
            [f"{part} = {{'a': {name}}}['a']", *write],
            [f"if {self.condition()}:", f"    {part} = {name}", "else:",
             f"    {part} = {self.new(kind)}", *write],
            self.buffers(name, kind),
        ]  # fmt: skip
        lines = self.draw.choice(ways)
        if lines is not ways[-1]:
            self.scope[part] = kind
        return lines

    def buffers(self, name: str, kind: str) -> list[str]:
        """Two arrays that change places in a loop, one computed from the other."""
        old, new, loop = self.fresh("old"), self.fresh("new"), self.fresh("i")
        start = self.draw.choice([name, f"{name}.copy()"])
        body = [
            f"{new}[1:] = np.sin({old}[:-1]) + {self.expr('s', 2)}",
            f"{old}, {new} = {new}, {old}",
        ]
        self.scope |= {old: kind, new: kind}
        return [
            f"{old}, {new} = {start}, {self.new(kind)}",
            f"for {loop} in range({self.draw.choice('0123')}):",
            *("    " + line for line in body),
        ]

    def tally(self, depth: int) -> list[str]:
        """A sum of which the derivative reads an array that may be overwritten later."""
        scalars = [n for n, kind in sorted(self.scope.items()) if kind == "s"]
        held = [(name, kind) for name, kind in sorted(self.scope.items()) if kind in "vmrck"]
        if not held or not scalars:
            return self.assign(depth)
        read, kind = self.draw.choice(held)
        part = self.draw.choice(TALLIED[kind] + TALLIED["?"]).format(read)
        name = self.draw.choice(scalars)
        return [f"{name} {self.draw.choice(['', '+', '+'])}= {part}"]


def _stacked(lines: list[str]) -> list[str]:
    """Each line one level deeper than the one before."""
    return ["    " * level + line for level, line in enumerate(lines)]
