"""Which values the backward part needs, and where they are overwritten: there they are saved.

The walk goes forward. At each place it knows the names whose present value the backward part of an earlier statement reads. Where
such a name is bound again, its value is saved before. A name that belongs to one iteration of a loop is saved when it has its
last value there, for before the first iteration it has none.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import gast

from knetsrc.errors import UnsupportedAliasError
from knetsrc.transform import tree
from knetsrc.transform.analysis.activity import appended_to, stored_to
from knetsrc.transform.analysis.alias_facts import Aliases
from knetsrc.transform.analysis.assigned import Assigned
from knetsrc.transform.analysis.stores import changed_names, target_of
from knetsrc.transform.normalize.sharing import carriers
from knetsrc.transform.steps import Block, Step
from knetsrc.transform.tries import failure_flag


@dataclass
class Needed:
    """Fills in `saved` and `kept` of all steps of a function.

    Attributes
    ----------
    primal
        Names of the forward part.
    arrays
        Names that hold arrays or numbers for sure: these have the same shape after a write.
    undefined
        Names that are saved at a place where they may be unbound: the forward part must bind them to None first.
    popped
        Statements `xs.append(e)` after which the old list is needed: the backward part takes the element off again.
    filling
        Statements that write elements of which the earlier value is read nowhere.
    is_helper
        Whether the caller sees what is written into the arguments: they get their old content back.
    grown
        Lists to which the function appends.
    held
        Names of what helpers may keep, and of what shares memory with it: that very memory gets its old content back.
    is_number
        Whether an expression is a single element of an array, which shares no memory with it.
    same
        Names that are the same object for as long as both are bound, see `second_names`.
    apart
        Those that the backward part may bind to copies: what is put back through one does not show in another any more.
    """

    assigned: Assigned
    primal: frozenset[str]
    aliases: Aliases = field(default_factory=Aliases)
    arrays: frozenset[str] = frozenset()
    undefined: set[str] = field(default_factory=set)
    depth: int = 0
    reads: Counter[str] = field(default_factory=Counter)
    changed: set[str] = field(default_factory=set)
    popped: set[int] = field(default_factory=set)
    filling: frozenset[int] = frozenset()
    held: frozenset[str] = frozenset()
    grown: frozenset[str] = frozenset()
    is_helper: bool = False
    is_number: Callable[[tree.Node], bool] = lambda node: False
    same: Mapping[str, frozenset[str]] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()

    def run(self, block: Block, at_end: set[str] | None = None) -> set[str]:
        """Names needed after the block, given those that the backward part reads at its start."""
        self.reads = _read_counts(block)
        self.changed = changed_names([step.node for step in block.steps]) | self.aliases.changing
        self.grown = frozenset[str]().union(*(_grown(step.node) for step in block.steps))
        self.held = frozenset[str]().union(*map(self._kept_by_helper, _with_helpers(block)))
        self.apart = frozenset(self._saved_whole(block))
        needed = self._block(block, set(at_end or ()), self.primal)
        self.undefined &= tree.names_written(step.node for step in block.steps)
        return needed

    def _block(self, block: Block, needed: set[str], before: frozenset[str]) -> set[str]:
        """Names needed after a block, given those that are needed, and those surely bound, at its start."""
        final = self._reads(block.final)
        self.undefined |= final - before
        needed |= final
        for step in block.steps:
            needed = self._step(step, needed)
        return needed

    def _reads(self, nodes: tree.Node | list[tree.Node]) -> set[str]:
        """Names that are read; those that a write changes, with a mark as well where more than their shape is read."""
        read = tree.names_read(nodes) & self.primal
        changing = self.aliases.changing & read
        if changing:
            whole = content_reads(nodes) | (changing - self.arrays)
            read |= {content(n) for n in whole & changing}
        return read

    def _step(self, step: Step, needed: set[str]) -> set[str]:
        if isinstance(step.node, gast.If):
            return self._if(step, needed)
        if isinstance(step.node, gast.For | gast.While):
            return self._loop(step, needed)
        if isinstance(step.node, gast.With):
            before = self.assigned.before[id(step.node)]
            return self._block(step.blocks[0], needed, before) if step.blocks else needed
        if isinstance(step.node, gast.Try) and step.blocks:
            return self._if(step, needed) if step.node.handlers else self._finally(step, needed)
        return self._simple(step, needed)

    def _finally(self, step: Step, needed: set[str]) -> set[str]:
        for block in step.blocks:
            before = self.assigned.before[id(step.node)]
            needed = self._block(block, needed, before)
        return needed

    def _simple(self, step: Step, needed: set[str]) -> set[str]:
        if step.hoist_backward:
            hoisted = {name for name, _ in step.hoists}
            reads = self._reads(step.back) | self._reads([v for _, v in step.hoists])
            needed |= reads - hoisted
        else:
            needed |= self._reads(step.back)
        appended = appended_to(step.node)
        if appended in needed:
            self.popped.add(id(step.node))
        if stored_to(step.node) is not None:
            return self._store(step, needed)
        written = (
            tree.names_written(step.node)
            if isinstance(step.node, gast.Assign | gast.Try)
            else set()
        )
        written -= set(step.extra)
        may_change = self.aliases.names.get(id(step.node), frozenset())
        changed = {n for n in may_change if content(n) in needed} | self._given_back(step.node)
        if step.gives_back:
            changed = set()
        step.saved = sorted((written & needed) | changed)
        step.forms = self._forms(step.saved, needed) - changed
        step.held = written & needed & self.held if step.gives_back else set()
        step.restored_in_place = self._in_place(step.node, changed, written)
        self.undefined |= set(step.saved) - self.assigned.before[id(step.node)]
        passed_on = self._passed_on(step.node, written & needed)
        needed = _without(needed, written | changed) | self._still_held(written & needed)
        needed |= passed_on
        if step.extra:
            needed |= set(map(content, self._kept_by_helper(step)))
            needed |= _handed_whole(step.node.value) & self.grown
        return needed | written | set(map(content, written)) if step.reads_results else needed

    def _forms(self, names: Iterable[str], needed: set[str]) -> set[str]:
        """Names of which the backward part reads shape and type only."""
        return {n for n in names if n in self.aliases.changing and content(n) not in needed}

    def _given_back(self, node: tree.Node) -> set[str]:
        """Parameters of a helper into which a statement writes."""
        writes = [n for n in tree.walk(node) if id(n) in self.aliases.places]
        return set().union(*map(self.aliases.parameters_at, writes)) if self.is_helper else set()

    def _in_place(self, node: tree.Node, changed: set[str], written: set[str]) -> set[str]:
        """Names whose memory gets its old content back, as the caller or a helper has it too."""
        held = changed & (self.held | self._given_back(node))
        unsure = sorted((held & written) | (held - self.arrays))
        if unsure:
            raise UnsupportedAliasError(
                f"a statement that writes into `{unsure[0]}` by a call",
                at=node,
                why=f"another function keeps `{unsure[0]}` for the backward part, which needs what it held before",
                instead=f"hand over a copy: {unsure[0]}.copy(), or copy.deepcopy({unsure[0]}) for a container",
            )
        return held

    def _still_held(self, names: Iterable[str]) -> set[str]:
        """What must get its old content back, as names are saved that stand for it."""
        held = [n for n in names if n in self.held]
        return set(map(content, self.aliases.sharing(held) - set(held))) if held else set()

    def _passed_on(self, node: tree.Node, names: set[str]) -> set[str]:
        """What must get its old content back, as the new value of a name may be a view of the one that is saved: `z = z[::-1]`."""
        if not isinstance(node, gast.Assign):
            return set()
        found = self.aliases.passed_on.get(id(node.value), set())
        return set(map(content, found & names & self.aliases.changing))

    def _kept_by_helper(self, step: Step) -> frozenset[str]:
        """Names with which what a helper keeps of its arguments may share memory."""
        calls = [n for n in tree.walk(step.node.value) if isinstance(n, gast.Call)]
        arguments = [a for n in calls for a in (*n.args, *(k.value for k in n.keywords))]
        arguments = [a for a in arguments if not self.is_number(a)]
        return self.aliases.sharing(set().union(*map(carriers, arguments)))

    def _store(self, step: Step, needed: set[str]) -> set[str]:
        """A write saves what it overwrites, and whole what else may share memory with it."""
        text = stored_to(step.node)
        assert text is not None
        is_given = self.is_helper and self.aliases.parameters_at(step.node)
        is_read = content(text) in needed and id(step.node) not in self.filling
        if is_read or is_given or self.aliases.is_kept_elsewhere(step.node):
            step.saves_part = True
            needed.add(text)
            needed |= self._reads(target_of(step.node).slice)
        seen = {n for n in self.aliases.names[id(step.node)] if content(n) in needed} - {text}
        same = self.same.get(text, frozenset()) - self.apart
        at_once = self.held if text in self.apart else self.held | same
        if seen & at_once:
            step.saves_part = True
            needed |= {text} | self._reads(target_of(step.node).slice)
            seen -= at_once
        if step.saves_part:
            step.read_put_back()
        step.saved = sorted(seen)
        self.undefined |= seen - self.assigned.before[id(step.node)]
        return _without(needed, seen)

    def _saved_whole(self, block: Block) -> set[str]:
        """Names that may be saved as a whole where something is written through another name, or in a statement that is undone."""
        found = set[str]()
        for step in block.steps:
            for inner in step.blocks:
                found |= self._saved_whole(inner)
            for node in [] if step.blocks else tree.walk(step.node):
                text = stored_to(node) if node is step.node else None
                own = {text} | self.same.get(text, frozenset()) if text else set()
                found |= self.aliases.names.get(id(node), frozenset()) - own
        return found - self.held

    def _if(self, step: Step, needed: set[str]) -> set[str]:
        changed = _grown(step.node) | set(map(content, self._changed_by(step.node)))
        is_undone = changed & needed or self._given_back(step.node)
        if not step.is_reversed and not is_undone:
            return self._as_a_whole(step, needed)
        step.saved = []
        is_try = isinstance(step.node, gast.Try)
        needed |= set() if is_try else self._reads(step.node.test)
        ends, before = [], self.assigned.before[id(step.node)]
        for block in step.blocks:
            local = self._branch_locals(step, block) if self.depth else set()
            ends.append(self._keep(block, local, self._block(block, set(needed), before)))
        flag = {str(failure_flag(step.node))} if is_try else set[str]()
        return flag.union(*ends) | self._reads(step.back)

    def _branch_locals(self, step: Step, block: Block) -> set[str]:
        """Names that belong to one branch: nothing after the `if` reads what the branch has bound."""
        local = self._locals(block, self.assigned.before[id(step.node)])
        if any(isinstance(n, gast.Break) for n in tree.walk([s.node for s in block.steps])):
            return local
        other = [b for b in step.blocks if b is not block]
        ends_loop = any(
            isinstance(b.steps[-1].node, gast.Break | gast.If) for b in other if b.steps
        )
        if ends_loop and any(
            isinstance(n, gast.Break) for b in other for n in tree.walk([s.node for s in b.steps])
        ):
            return local
        inside = _read_counts(block)
        return {n for n in local if inside[n] >= self.reads[n]}

    def _loop(self, step: Step, needed: set[str]) -> set[str]:
        node = step.node
        target = tree.names_written(node.target) if isinstance(node, gast.For) else set()
        if isinstance(node, gast.For) and step.is_reversed:
            needed |= self._reads(node.iter)
        if not step.blocks:
            return self._as_a_whole(step, needed)
        block = step.blocks[0]
        step.saved = sorted(target & needed)
        before = self.assigned.before[id(node)]
        self.undefined |= set(step.saved) - before
        self.undefined |= self._reads(step.back) - self.assigned.after[id(node)]
        needed = _without(needed, target)
        local = (self._locals(block, before) - target) | self._carried_by_target(node, target)
        head = set(needed)
        self.depth += 1
        while True:
            end = self._keep(block, local, self._block(block, set(head), before))
            more = _without(end, target)
            if more <= head:
                break
            head |= more
        self.depth -= 1
        return head | self._reads(step.back) | self._counter(step)

    def _as_a_whole(self, step: Step, needed: set[str]) -> set[str]:
        """A compound statement that the backward part only undoes: what it changes is saved before it, whatever it does."""
        changed = {n for n in self._changed_by(step.node) if content(n) in needed}
        changed |= self._given_back(step.node)
        step.copied = _grown(step.node) - changed
        written = tree.names_written(step.node) | step.copied
        step.saved = sorted((written & needed) | changed)
        step.restored_in_place = self._in_place(step.node, changed, written)
        self.undefined |= set(step.saved) - self.assigned.before[id(step.node)]
        passed_on = set[str]().union(
            *(self._passed_on(n, written & needed) for n in tree.walk(step.node))
        )
        needed = _without(needed, written | changed) | self._still_held(written & needed)
        return needed | passed_on | self._reads(step.back)

    def _changed_by(self, node: tree.Node) -> frozenset[str]:
        """Names of which a statement may change the content."""
        writes = [n for n in tree.walk(node) if id(n) in self.aliases.names]
        return frozenset[str]().union(*(self.aliases.names[id(n)] for n in writes))

    def _counter(self, step: Step) -> set[str]:
        """The number of iterations, which the backward loop reads after this one has run."""
        text = trips_of(step.node)
        return {text} if text and step.is_reversed else set()

    def _carried_by_target(self, node: tree.Node, target: set[str]) -> set[str]:
        """Targets that the backward loop cannot compute again: those of a loop over anything but a range."""
        is_for = isinstance(node, gast.For)
        return target if is_for and not is_counting(node.iter) else set()

    def _locals(self, block: Block, before: frozenset[str]) -> set[str]:
        """Names that are bound at the end of the block and were not surely bound before it."""
        steps = block.steps
        if not steps:
            return set()
        bound = self._bound_at_end(block)
        return {n for n in bound if n not in before}

    def _bound_at_end(self, block: Block) -> set[str]:
        last = block.steps[-1]
        bound = set(self.assigned.after[id(last.node)])
        return bound | {name for s in block.steps for name in _hoisted(s)}

    def _keep(self, block: Block, local: set[str], end: set[str]) -> set[str]:
        written = {n for step in block.steps for n in tree.names_written(step.node)}
        found = {n: self._cheap_binding(block, n, written) for n in sorted(local & end)}
        kept = {n for n, cheap in found.items() if cheap is None}
        again, undone = set[str](), set[str]()
        for name, cheap in found.items():
            if cheap is not None and not self._reads(cheap[0]) & local - kept:
                block.again[name] = self._made_again(name, *cheap)
                again |= self._reads(cheap[0])
            else:
                block.kept[name] = self._last_binding(block, name)
                block.forms |= self._forms([name], end)
                if not self._changes_later(block, name):
                    continue
                if name in self.held:  # a helper keeps that memory: no copy stands for it
                    undone.add(content(name))
                else:
                    block.copied.add(name)
        return _without(end, local) | again | undone | self._still_held(block.kept)

    def _changes_later(self, block: Block, name: str) -> bool:
        """Whether what `name` stands for at the end of the block may be written into afterwards."""
        # another name may stand for what this one was in an earlier turn
        others = {name, *self.aliases.sharing([name])}
        writes = {key for key, names in self.aliases.names.items() if names & others}
        inside = {id(n): n for step in block.steps for n in tree.walk(step.node)}
        if not writes <= inside.keys():
            return True
        return name in self.aliases.shared and not self._is_new_in(
            block, name, [inside[k] for k in writes]
        )

    def _is_new_in(self, block: Block, name: str, writes: Iterable[tree.Node]) -> bool:
        """Whether the block makes an array of its own for `name` before it writes into it, and writes through no other name."""
        nodes = [n for step in block.steps for n in tree.walk(step.node)]
        bound = [
            n.value
            for n in nodes
            if isinstance(n, gast.Assign) and name in tree.names_written(n.targets)
        ]
        is_plain = sum(
            tree.is_name(n, name) and isinstance(n.ctx, gast.Store) for n in nodes
        ) == len(bound)
        return (
            is_plain
            and not any(map(carriers, bound))
            and all(stored_to(n) == name and name in self.assigned.before[id(n)] for n in writes)
        )

    def _made_again(self, name: str, value: tree.Node, step: Step, is_hoisted: bool) -> tree.Node:
        """The statement that binds `name` once more; a value that is read once is spelt out where it is."""
        if not is_hoisted:
            return step.node
        if sum(tree.is_name(n, name) for n in tree.walk(step.back)) == 1:
            step.back = [tree.substitute(n, {name: value}) for n in step.back]
        return tree.at(tree.assign(name, value), step.node)

    def _cheap_binding(
        self, block: Block, name: str, written: set[str]
    ) -> tuple[tree.Node, Step, bool] | None:
        """The value of `name`, the step that computes it and whether it is hoisted, if it can be computed once more.

        It reads an entry of what stays as it is, or computes little from it, as `h / 2` does.
        """
        changed = written | self.changed
        for step, value in [(s, v) for s in block.steps for n, v in s.hoists if n == name]:
            is_cheap = is_few_operations(value) and not tree.names_read(value) & changed
            return (value, step, True) if is_cheap else None
        bound = [s for s in block.steps if name in tree.names_written(s.node)]
        node = bound[0].node if len(bound) == 1 else None
        if not isinstance(node, gast.Assign) or not isinstance(node.value, gast.Subscript):
            return None
        plain = all(not isinstance(n, gast.Call | gast.Slice) for n in tree.walk(node.value))
        is_stable = not tree.names_read(node.value) & changed and name not in self.changed
        is_cheap = plain and is_stable and isinstance(node.targets[0], gast.Name)
        return (node.value, bound[0], False) if is_cheap else None

    def _uncounted(self, block: Block) -> int:
        """The last step that an unfinished iteration may still run, where such iterations are not counted; else -1."""
        nodes = [step.node for step in block.steps]
        counter = next((i for i, n in enumerate(nodes) if is_count(n)), 0)
        return counter - 1 if counter else -1

    def _last_binding(self, block: Block, name: str) -> int:
        found = self._uncounted(block)
        for number, step in enumerate(block.steps):
            changed = self._changed_by(step.node) | {appended_to(n) for n in tree.walk(step.node)}
            if name in tree.names_written(step.node) | _hoisted(step) | changed:
                found = max(found, number)
        return found


def is_few_operations(node: tree.Node) -> bool:
    """Whether an expression is one or two operations of arithmetic on names and literals."""
    kinds = gast.BinOp | gast.UnaryOp | gast.Name | gast.Constant | gast.operator | gast.unaryop
    is_plain = all(isinstance(n, kinds | gast.expr_context) for n in tree.walk(node))
    return is_plain and sum(isinstance(n, gast.BinOp) for n in tree.walk(node)) <= 2


def _with_helpers(block: Block) -> Iterator[Step]:
    """Steps that call the forward function of a helper."""
    for step in block.steps:
        if step.extra:
            yield step
        for inner in step.blocks:
            yield from _with_helpers(inner)


def _handed_whole(value: tree.Node) -> set[str]:
    """Names that the calls of an expression are handed as they are; where these are lists, a helper keeps them, not copies."""
    calls = [n for n in tree.walk(value) if isinstance(n, gast.Call)]
    waiting = [a for n in calls for a in (*n.args, *(k.value for k in n.keywords))]
    found = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, gast.Name):
            found.add(node.id)
        elif isinstance(node, gast.Tuple | gast.List | gast.Dict | gast.IfExp):
            waiting += tree.children(node)
    return found


def _grown(node: tree.Node) -> set[str]:
    """Lists to which a statement appends."""
    return {text for n in tree.walk(node) if (text := appended_to(n)) is not None}


def content(text: str) -> str:
    """Marks that more than the shape of an array is needed."""
    return f"{text}[]"


def _without(needed: set[str], names: Iterable[str]) -> set[str]:
    names = set(names)
    return needed - names - set(map(content, names))


def content_reads(nodes: tree.Node | Iterable[tree.Node]) -> set[str]:
    """Names of which more than the shape is read."""
    found: set[str] = set()
    stack = [nodes] if isinstance(nodes, tree.Node) else list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, gast.Name):
            if isinstance(node.ctx, gast.Load):
                found.add(node.id)
        elif isinstance(node, gast.Attribute) and node.attr in ("shape", "ndim", "size", "dtype"):
            stack += _behind_shape(node.value)
        elif tree.called_name(node) in ("unbroadcast", "like", "laid_out"):
            stack += [node.func, node.args[0], *_behind_shape(node.args[1])]
        elif tree.called_name(node) in ("zeros_like", "len"):
            stack += _behind_shape(node.args[0])
        elif tree.called_name(node) == "split_like" and isinstance(node.args[1], gast.List):
            joined = [n for part in node.args[1].elts for n in _behind_shape(part)]
            stack += [node.args[0], *joined, *node.args[2:]]
        else:
            stack += list(gast.iter_child_nodes(node))
    return found


def _behind_shape(node: tree.Node) -> list[tree.Node]:
    """What the shape of a value depends on: for `x[x > 0]` it is `x > 0`, for `x` nothing."""
    if isinstance(node, gast.Name):
        return []
    if isinstance(node, gast.Subscript):
        return [*_behind_shape(node.value), node.slice]
    if isinstance(node, gast.Attribute | gast.UnaryOp | gast.BinOp):
        return [n for part in tree.children(node) for n in _behind_shape(part)]
    return list(gast.iter_child_nodes(node))


def _hoisted(step: Step) -> set[str]:
    """Names for subexpressions that the forward part binds at a step, or within its `with`."""
    found = {name for name, _ in step.hoists if not step.hoist_backward} | set(step.extra)
    if isinstance(step.node, gast.With):
        found |= {name for block in step.blocks for s in block.steps for name in _hoisted(s)}
    return found


def _read_counts(block: Block) -> Counter[str]:
    """How often each name is read in the steps of a block and in what reverses them."""
    counts: Counter[str] = Counter()
    for node in _all_nodes(block):
        counts.update(
            n.id
            for n in tree.walk(node)
            if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Load)
        )
    return counts


def _all_nodes(block: Block) -> Iterator[tree.Node]:
    """Forward statements and all parts of the reversal of a block."""
    for step in block.steps:
        yield step.node
    yield from _back_nodes(block)


def _back_nodes(block: Block) -> Iterator[tree.Node]:
    yield from block.final
    for step in block.steps:
        yield from step.back
        yield from (value for _, value in step.hoists)
        for inner in step.blocks:
            yield from _back_nodes(inner)


def trips_of(node: tree.Node) -> str | None:
    """The counter that `prepare.count_trips` or `prepare.flatten_breaks` has put into the body of a loop."""
    for statement in node.body:
        if is_count(statement):
            return statement.targets[0].id
    return None


def is_count(node: tree.Node) -> bool:
    """Whether a statement counts an iteration."""
    if not (isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name)):
        return False
    text = node.targets[0].id
    return text.startswith("trips") and tree.is_same(
        node.value, tree.binary(tree.name(text), "+", tree.constant(1))
    )


def is_counting(iterable: tree.Node) -> bool:
    """Whether a loop runs over a range, which can be run backward."""
    if tree.called_name(iterable) == "reversed" and len(iterable.args) == 1:
        return is_counting(iterable.args[0])
    return tree.called_name(iterable) == "range"
