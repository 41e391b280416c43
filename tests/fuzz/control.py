"""Level 2: branches, loops and the ways out of them."""

import random
from collections.abc import Sequence

from .expressions import ANY, Expressions, Writer

DATA = [
    "np.linspace(-0.4, 1.1, 6).reshape(2, 3)", "[(0.4, 0.3, -0.2), (0.1, -0.5, 0.6)]",
    "[np.array([0.6, -0.2, 0.9]), np.array([0.1, 0.3, -0.8])]",
]  # fmt: skip
BOUNDS = ["2", "3", "1", "0", "3, 0, -1", "1, 4, 2", "2, 2"]


class Control(Expressions):
    """Programs with control flow; loops run a few times, once or never."""

    arguments = ("svm", "sssvvcrmmkownn")

    def __init__(self, draw: random.Random) -> None:
        super().__init__(draw)
        self.walked: set[str] = set()  # lists that a loop runs over: appending would never end

    def enter(self, given: dict[str, str]) -> None:
        super().enter(given)
        self.integers = [name for name, kind in given.items() if kind == "n"]
        self.walked = set()

    def statements(self, depth: int) -> list[tuple[Writer, int]]:
        every = [*super().statements(depth), *self.simple(), (self.guarded, 1), (self.deleted, 1)]
        if depth > 4 or self.loops > 2:
            return every
        every += [
            (self.branch, 4), (self.loop_range, 3), (self.loop_items, 3), (self.loop_while, 1), (self.loop_data, 2),
            (self.carried, 1), (self.twice, 1), (self.halving, 1), (self.attempt, 1), (self.matched, 1),
        ]  # fmt: skip
        return [*every, (self.leave, 3 if self.loops else 1)]

    def simple(self) -> list[tuple[Writer, int]]:
        """Statements of a further level that hold no block."""
        return []

    # --- branches ---------------------------------------------------------------------------------
    def branch(self, depth: int) -> list[str]:
        lines = [f"if {self.condition()}:"]
        ends = [self.nested(lines)]
        if self.chance(0.3):
            lines.append(f"elif {self.condition()}:")
            ends.append(self.nested(lines))
        if self.chance(0.55):
            lines.append("else:")
            ends.append(self.nested(lines))
        else:
            ends.append(dict(self.scope))
        shared = set.intersection(*map(set, ends))
        self.scope = {name: _merged([end[name] for end in ends]) for name in sorted(shared)}
        return lines

    def nested(self, lines: list[str]) -> dict[str, str]:
        """Add a block; the scope is as before it, the scope at its end is what it returns."""
        before = dict(self.scope), dict(self.lists), dict(self.functions), list(self.integers)
        lines += self.block(1, 3)
        end = self.scope
        self.scope, self.lists, self.functions, self.integers = before
        return end

    def twice(self, depth: int) -> list[str]:
        """A name that is bound in one branch, and read in another of the same condition."""
        flag, part = self.fresh("flag"), self.fresh("part")
        kind = self.draw.choice("svm")
        lines = [
            f"{flag} = {self.condition()}",
            f"if {flag}:",
            f"    {part} = {self.bounded(kind)}",
        ]
        if self.chance(0.5):
            lines += self.nested_block(1)
        held = dict(self.scope)
        self.scope[part] = kind
        name, of = self.target()
        value = self.bounded(of)
        self.scope = held
        lines += [f"if {flag}:", f"    {name} = {value}"]
        if name in self.scope:
            self.scope[name] = _merged([self.scope[name], of])
        elif self.chance(0.5):
            lines += ["else:", f"    {name} = {self.bounded(of)}"]
            self.bind(name, of)
        return lines

    def nested_block(self, most: int) -> list[str]:
        """Statements at the same depth as the one that is being written."""
        return [line[4:] for line in self.block(1, most)]

    def guarded(self, depth: int) -> list[str]:
        """Statements in a `with`."""
        return ["with np.errstate(all='ignore'):", *("    " + s for s in self.assign(depth + 1))]

    def deleted(self, depth: int) -> list[str]:
        """A name that is unbound once it has been read."""
        part, (name, kind) = self.fresh("part"), self.target()
        lines = [
            f"{part} = {self.bounded(kind)}",
            f"{name} = np.sin({part}) * {part}",
            f"del {part}",
        ]
        self.bind(name, kind)
        return lines

    def attempt(self, depth: int) -> list[str]:
        """A `try` of which the body raises, or does not."""
        name, kind = self.target()
        place = self.draw.choice([*self.integers, "0", "2"])
        lines = ["try:"]
        if self.chance(0.5):
            lines.append(f"    {name} = {self.bounded(kind)}")
        failing = f"[0.7, 0.4][{place}]"
        if self.chance(0.3):
            lines.append(f"    {failing}")
            failing = "0.7"
        elif self.chance(0.2):
            lines.append(f"    for _ in range({self.draw.choice(BOUNDS)}): {failing}")
            failing = "0.4"
        lines.append(f"    {name} = {self.bounded(kind)} * {failing}")
        lines.append(
            f"except {self.draw.choice(['IndexError', 'LookupError', '(KeyError, IndexError)'])}:"
        )
        lines.append(f"    {name} = {self.bounded(kind)}")
        self.bind(name, kind)
        if self.chance(0.2):
            lines += ["finally:", f"    {name} = np.tanh({name})"]
        return lines

    def matched(self, depth: int) -> list[str]:
        """A `match` of a number."""
        subject = self.draw.choice([*self.integers, "0", "2"])
        lines, ends = [f"match {subject} % 3:"], []
        for pattern in self.draw.choice([("0", "_"), ("0", "1 | 2"), ("2", "0", "_"), ("1",)]):
            block: list[str] = []
            ends.append(self.nested(block))
            lines += [f"    case {pattern}:", *("    " + line for line in block)]
        ends.append(dict(self.scope))
        shared = set.intersection(*map(set, ends))
        self.scope = {name: _merged([end[name] for end in ends]) for name in sorted(shared)}
        return lines

    # --- loops ------------------------------------------------------------------------------------
    def loop_range(self, depth: int) -> list[str]:
        name = self.draw.choice(["i", "j", "k"])
        bounds = [*BOUNDS, *self.integers, *(f"len({each})" for each in self.lists)]
        before = list(self.integers)
        head = f"for {name} in range({self.draw.choice(bounds)}):"
        lines = []
        if self.chance(0.3) and name not in before:  # it can be read after the loop
            lines, before = [f"{name} = 1"], [*before, name]
        self.integers.append(name)
        lines += self.looped(head)
        self.integers = before
        return lines

    def loop_items(self, depth: int) -> list[str]:
        """A loop over the rows of an array, a list, or several at once."""
        sources = self.sources()
        kind = self.draw.choice("sv")
        source = self.draw.choice(sources[kind])
        item = self.draw.choice(["e", "row", "t", "x"])
        if self.kept(item) not in ("", kind):
            item = self.fresh("e")
        lines = []
        if item not in self.scope and self.chance(0.3):
            lines.append(f"{item} = {self.bounded(kind)}")
            self.scope[item] = kind
        kept, integers = self.scope.get(item), list(self.integers)
        if kept not in (None, kind):
            self.scope[item] = ANY
        before = dict(self.scope)
        way = self.draw.random()
        if way < 0.6:
            head, added = f"for {item} in {source}:", {item: kind}
        elif way < 0.8:
            head, added = f"for n_th, {item} in enumerate({source}):", {item: kind}
            self.integers.append("n_th")
        else:
            other = self.expr("v", 2)
            head, added = f"for {item}, mate in zip({source}, {other}):", {item: kind, "mate": "s"}
        self.scope |= added
        walked = set(self.walked)
        self.walked |= {each for each in self.lists if each in source}
        lines += self.looped(head)
        self.scope, self.integers, self.walked = before, integers, walked
        return lines

    def loop_data(self, depth: int) -> list[str]:
        """A loop over what is not differentiated: entries under names of their own, values that are collected."""
        row, part, found = self.fresh("datum"), self.fresh("entry"), self.fresh("found")
        source = self.draw.choice(DATA)
        head = self.draw.choice([
            f"for {row} in {source}:", f"for n_th, {row} in enumerate({source}):",
            f"for {row}, mate in zip({source}, [0.4, -0.3]):", f"for {row} in reversed({source}):",
        ])  # fmt: skip
        held = dict(self.scope)
        self.scope |= {row: "v", part: "s"} | ({"mate": "s"} if "mate" in head else {})
        first = self.draw.choice(
            [f"{part} = {row}[0]", f"{part}, _, _ = {row}", f"_, {part}, *_ = {row}"]
        )
        kept = [f"    {found}.append({self.bounded(self.draw.choice('sv'))})"]
        lines = [f"{found} = []", *self.looped(head, [f"    {first}", *kept])]
        self.scope = held
        name, _ = self.target("s")
        read = self.draw.choice(["np.sum({}[0])", "np.sum(np.array({}) ** 2)", "np.sum({}[-1])"])
        self.bind(name, "s")
        return [*lines, f"{name} = {read.format(found)} if {found} else 0.3"]

    def sources(self) -> dict[str, list[str]]:
        """What a loop can run over, by the kind of its items."""
        heads = {"s": [self.expr("v", 2)], "v": [self.expr("m", 2), self.expr("k", 3) + "[0]"]}
        for each, kind in self.lists.items():
            heads.setdefault(kind, []).extend(
                [each, f"{each}[1:]", f"reversed({each})", f"list({each})"]
            )
        for kind in "sv":
            heads[kind].append(f"[{self.bounded(kind)}, {self.bounded(kind)}]")
            heads[kind].append(
                f"({self.bounded(kind)}, {self.bounded(kind)}, {self.bounded(kind)})"
            )
        return heads

    def loop_while(self, depth: int) -> list[str]:
        name = self.fresh("count")
        more = f" and ({self.condition()})" if self.chance(0.4) else ""
        head = f"while {name} < {self.draw.randint(0, 3)}{more}:"
        self.integers.append(name)
        return [f"{name} = 0", *self.looped(head, [f"    {name} += 1"])]

    def halving(self, depth: int) -> list[str]:
        """A `while` of which the number of turns depends on values."""
        name = self.fresh("size")
        lines = [f"{name} = 1.0 + np.abs({self.expr('s', 2)})"]
        self.bind(name, "s")
        lines += self.looped(f"while {name} > 0.4173:", [f"    {name} = {name} * 0.5"])
        return lines

    def looped(self, head: str, first: Sequence[str] = ()) -> list[str]:
        """A loop; what is bound before it keeps its kind in it, but for a few names that may hold any."""
        before, locked, integers = dict(self.scope), set(self.locked), list(self.integers)
        for name in self.scope:
            if name not in self.locked and self.chance(0.1):
                before[name] = self.scope[name] = ANY
        self.locked |= set(self.scope)
        self.loops += 1
        lines = [head, *first]
        self.nested(lines)
        self.loops -= 1
        self.scope, self.locked, self.integers = before, locked, integers
        if self.chance(0.1):
            lines.append("else:")
            self.locked |= set(before)
            self.nested(lines)
            self.locked = locked
        return lines

    def carried(self, depth: int) -> list[str]:
        """A name that one turn of a loop binds and the next one reads; it is unbound before."""
        name, loop, total = self.fresh("last"), self.fresh("i"), self.fresh("sum")
        kind = self.draw.choice("sv")
        lines = [f"{total} = {self.bounded('s')}"]
        self.bind(total, "s")
        self.integers.append(loop)
        held = dict(self.scope)
        self.scope[name] = kind
        read = self.draw.choice([f"np.sum({name}) * {total}", self.bounded("s"), f"np.sum({name})"])
        self.scope = held
        inside = [f"if {loop} > 0:", f"    {total} {self.draw.choice(['', '+'])}= {read}"]
        inside.append(f"{name} = {self.bounded(kind)}")
        if self.chance(0.4):
            inside.insert(self.draw.choice([0, 2, 3]), f"{total} = np.sin({total})")
        if self.chance(0.2):
            inside += [f"if {self.condition()}:", "    break"]
        self.integers.remove(loop)
        bound = self.draw.choice(["0", "1", "3", "4"])
        return [*lines, f"for {loop} in range({bound}):", *("    " + each for each in inside)]

    def leave(self, depth: int) -> list[str]:
        """A way out of a loop or of the function, on a condition."""
        ways = ["break", "continue", "continue", "break", ""] if self.loops else [""]
        way = self.draw.choice(ways) or f"return {self.ending()}"
        return [f"if {self.condition()}:", f"    {way}"]

    def ending(self) -> str:
        text = super().ending()
        if self.result != "s":
            return text
        parts = [f"0.1 * {name}" for name in self.integers if self.chance(0.2)]
        return " + ".join([*parts, text])


def _merged(kinds: list[str]) -> str:
    return kinds[0] if len(set(kinds)) == 1 else ANY
