"""Level 4: writes into arrays, lists, dictionaries, objects and arguments, also by helpers and closures."""

from .arrays import WRAP, ArrayWrites
from .expressions import Writer


class Writes(ArrayWrites):
    """Programs of which about half of the statements write in place."""

    arguments = (("vms", "svm", "mvs", "vvs", "mms"), "svcrmklLMnowWDTP")

    def enter(self, given: dict[str, str]) -> None:
        super().enter(given)
        self.boxes: dict[str, dict[str, str]] = {}  # kinds in lists and dicts, by entry
        self.branches = 0

    def simple(self) -> list[tuple[Writer, int]]:
        own = [(self.box, 3), (self.entry, 5), (self.growing, 2), (self.listed, 4)]
        return [*super().simple(), *own]

    def statements(self, depth: int) -> list[tuple[Writer, int]]:
        every = [
            (self.filler, 3), (self.counter, 1), (self.attribute, 2), (self.stack, 2), (self.last_turn, 6),
            (self.passed_on, 2),
        ]  # fmt: skip
        return [*super().statements(depth), *every]

    def nested(self, lines: list[str]) -> dict[str, str]:
        before = dict(self.boxes)
        self.branches += 1
        end = super().nested(lines)
        self.branches -= 1
        self.boxes = before
        return end

    def ending(self) -> str:
        if self.result != "s":
            return super().ending()
        held = [name for name, kind in sorted(self.scope.items()) if kind in "vmrc"]
        parts = [f"np.sum(np.sin({name}) * {name})" for name in held if self.chance(0.7)]
        entries = [f"{box}[{key}]" for box, held in self.boxes.items() for key in held]
        parts += [f"np.sum(np.cos({entry}))" for entry in entries if self.chance(0.6)]
        return " + ".join([*parts, super().ending()])

    # --- lists, dictionaries and objects ----------------------------------------------------------
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

    def growing(self, depth: int) -> list[str]:
        """An entry that is a number becomes an array."""
        places = [
            (box, key) for box, held in self.boxes.items() for key in held if held[key] == "s"
        ]
        if not places or self.loops or self.branches:
            return self.box(depth)
        box, key = self.draw.choice(places)
        value = self.value("v")
        self.boxes[box][key] = "v"
        return [f"{box}[{key}] {self.draw.choice(['', '+', '-', '*'])}= {value}"]

    def listed(self, depth: int) -> list[str]:
        """A method of a list, or `del`."""
        names = sorted(set(self.lists) - self.walked)
        if not names:
            return self.grow(depth)
        name = self.draw.choice(names)
        kind = self.lists[name]
        value, place = self.bounded(kind), self.draw.choice(["0", "-1", "1"])
        target, of = self.target(kind)
        ways = [
            [f"{name}.append({value})"],
            [f"{name}.insert({place}, {value})"],
            [f"{name}.extend([{value}, {self.bounded(kind)}])"],
            [f"{name} += [{value}]"],
            [f"{name}.reverse()"],
            [f"{name}.append({value})", f"{target} = {name}.pop({self.draw.choice(['', '0'])})"],
            [f"{name}.append({value})", f"del {name}[0]"],
            [f"{name}[0], {name}[-1] = {name}[-1], {name}[0]"],
        ]
        chosen = self.draw.choice(ways)
        if "pop" in chosen[-1]:
            self.bind(target, of)
        return chosen

    def stack(self, depth: int) -> list[str]:
        """A list of arrays, each updated in a loop over the list or its positions."""
        if self.loops > 1:
            return self.write(depth)
        kind, name = self.draw.choice("vvm"), self.fresh("layers")
        part, loop = self.fresh("e"), self.fresh("i")
        lines = [f"{name} = [{self.new(kind)}, {self.new(kind)}]"]
        held, integers = dict(self.scope), list(self.integers)
        self.scope[part] = kind
        if self.chance(0.5):
            lines.append(f"for {part} in {name}:")
            body = self.written(part, kind)
        else:
            lines.append(f"for {loop} in range(len({name})):")
            del self.scope[part]
            self.integers.append(loop)
            body = self.written(f"{name}[{loop}]", kind)
            if self.chance(0.3):
                body = [f"{name}[{loop}] = {self.value(kind)}"]
        if self.chance(0.3):
            body = [f"if {self.condition()}:", *("    " + line for line in body)]
        body += self.tally(depth) if self.chance(0.5) else []
        self.scope, self.integers = held, integers
        if not self.loops and depth == 1:
            self.lists[name] = kind
        target, of = self.target("s")
        self.bind(target, of)
        last = f"{target} = np.sum({name}[0] * {name}[1])"
        return [*lines, *("    " + line for line in body), last]

    def last_turn(self, depth: int) -> list[str]:
        """What a loop binds in each turn is written into after it."""
        if self.loops > 1:
            return self.write(depth)
        part, total, kind = self.fresh("part"), self.fresh("total"), self.draw.choice("vvm")
        body = [f"{part} = {self.new(kind)}"]
        body += self.written(part, kind) if self.chance(0.3) else []
        body += [f"{total} = {total} * 0.5 + np.sum(np.sin({part}) * {part})"]
        lines = [f"{total} = {self.bounded('s')}"]
        lines += [
            f"for {self.fresh('i')} in range({self.draw.choice('123')}):",
            *("    " + line for line in body),
        ]
        self.scope |= {part: kind, total: "s"}
        after = self.written(part, kind)
        if self.chance(0.3):
            view = self.fresh("view")
            after = [
                f"{view} = {part}[:]",
                f"{view}[0] = {self.value('s' if kind == 'v' else 'c')}",
            ]
        return [*lines, *after]

    def passed_on(self, depth: int) -> list[str]:
        """An array is filled with another one, which is then filled itself."""
        return self.on_array("vm", self.handed)

    def handed(self, name: str, kind: str) -> list[str]:
        other = self.fresh("other")
        ways = ["{0}[...] = {1}", "{0}[:] = {1}", "np.copyto({0}, {1})", "{0} += {1}"]
        then = [
            "{1}[...] = {2}",
            "np.copyto({1}, {2})",
            "{1}[:] = {0} * {3}",
            "{1} *= {2}",
            "{1}.fill({3})",
        ]
        lines = [f"{other} = {self.new(kind)}", self.draw.choice(ways).format(other, name)]
        parts = other, name, self.value(kind), self.value("s")
        self.scope[other] = kind
        return [*lines, self.draw.choice(then).format(*parts)]

    def attribute(self, depth: int) -> list[str]:
        """Attributes of an object that is made here are assigned, augmented or written into."""
        name, kind = self.fresh("layer"), self.draw.choice("vvs")
        target, of = self.target(kind)
        first = self.new(kind) if kind == "v" else self.bounded(kind)
        lines = [f"{name} = Layer({first}, {self.bounded(kind)})"]
        change = [f"{name}.w = {self.value(kind)}", f"{name}.w *= {self.value('s')}"]
        if kind == "v":
            change += self.written(f"{name}.w", "v")
        body = [self.draw.choice(change)]
        if self.chance(0.4):
            body = [f"if {self.condition()}:", f"    {body[0]}"]
        if self.chance(0.4) and not self.loops:
            body = [
                f"for {self.fresh('i')} in range({self.draw.choice('0123')}):",
                *("    " + line for line in body),
            ]
        self.bind(target, of)
        return [*lines, *body, f"{target} = {name}.scaled({self.expr('s', 2)})"]

    # --- helpers ----------------------------------------------------------------------------------
    def filler(self, depth: int) -> list[str]:
        """A function that writes into its argument, and returns it or something else, is defined and called."""
        return self.on_array("vm", self.filling)

    def filling(self, name: str, kind: str) -> list[str]:
        inner = self.fresh("filled")
        before, integers, lists, boxes = dict(self.scope), self.integers, self.lists, self.boxes
        functions, self.functions = self.functions, {}
        records, self.records = self.records, {}
        self.scope, self.integers, self.lists, self.boxes = {"g": kind, "h": "s"}, [], {}, {}
        body = [*self.written("g", kind), *self.written("g", kind)]
        if self.chance(0.3):
            body = [f"if {self.condition()}:", *("    " + line for line in body)]
        if self.chance(0.5):
            body = [f"h = {self.expr('s', 2)}", *body]
        self.scope, self.integers, self.lists, self.boxes = before, integers, lists, boxes
        self.functions, self.records = functions, records
        ends = {"return g": kind, "return np.sum(g * h)": "s", "return np.sin(g)": kind, "pass": ""}
        last = self.draw.choice(list(ends))
        given = self.draw.choice([name, name, name, f"{name}.copy()", f"np.sin({name})"])
        call = f"{inner}({given}, {self.expr('s', 2)})"
        if ends[last]:
            target, _ = self.target(ends[last])
            self.bind(target, ends[last])
            call = f"{target} = {call}"
        calls = [call]
        if self.chance(0.3):
            calls = [f"if {self.condition()}:", f"    {call}"] if "=" not in call else calls
            calls = [f"for {self.fresh('i')} in range(2):", *("    " + line for line in calls)]
        return [f"def {inner}(g, h):", *(f"    {line}" for line in [*body, last]), *calls]

    def counter(self, depth: int) -> list[str]:
        """A closure that writes what it captures: `nonlocal`, or an array."""
        name, total = self.fresh("step"), self.fresh("state")
        kind = self.draw.choice("sv")
        lines = [f"{total} = {self.bounded(kind)}", f"def {name}(e):"]
        if kind == "s" or self.chance(0.4):
            lines += [
                f"    nonlocal {total}",
                f"    {total} = {total} * np.cos(e) + {self.expr('s', 2)}",
            ]
        else:
            lines[0] = f"{total} = {self.new(kind)}"
            lines += ["    " + line for line in self.written(total, kind)]
        lines += [f"    return np.sum({total}) * e"] if self.chance(0.5) else []
        call = f"{name}({self.expr('s', 2)})"
        target, of = self.target("s")
        if lines[-1].startswith("    return"):
            call = f"{target} = {call}"
            self.bind(target, of)
        self.scope[total] = kind
        if self.chance(0.4) and not self.loops:
            return [*lines, call, f"for {self.fresh('i')} in range(2):", f"    {call}"]
        return [*lines, call]
