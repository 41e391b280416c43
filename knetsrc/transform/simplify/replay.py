"""What the turns of a loop only compute for the backward part is computed there.

e_saved = []
for i in range(n):
    e = w @ x[i] - y[i]
    e_saved.append(e)                           for i in reversed(range(n)):
                                        ->          e = w @ x[i] - y[i]
for i in reversed(range(n)):                        d_w += np.outer(2 * e, x[i])
    e = e_saved.pop()
    d_w += np.outer(2 * e, x[i])

The end of a turn may be a branch that keeps values of its own, `if taken: ...`.
"""

from dataclasses import dataclass, field

import gast

from knetsrc.transform import tree
from knetsrc.transform.simplify.edit import (
    Block,
    assigned_name,
    is_filler,
    is_range,
    occurrences,
    statements,
    with_fields,
)
from knetsrc.transform.simplify.effects import Effects, list_method, popped_list
from knetsrc.transform.simplify.sharing import sharing_of
from knetsrc.transform.tree import Node


def replay(function: gast.FunctionDef, effects: Effects) -> gast.FunctionDef:
    """Drop loops of the forward part of which no turn reads what another one has left.

    Parameters
    ----------
    function
        Generated code of which forward and backward part run one right after the other.
    effects
        What is known of calls.
    """
    for start in [n for n in function.body if isinstance(n, gast.For)]:
        body = function.body
        first = next((k for k, n in enumerate(body) if n is start), None)
        turns = _Turns()
        if first is None or not turns.take(start):
            continue
        backs = [n for n in body[first + 1 :] if isinstance(n, gast.For) and _reads(n, turns.saved)]
        if len(backs) != 1 or not _is_free(function, start, backs[0], turns, effects):
            continue
        back = _replayed(start, backs[0], turns)
        if back is None:
            continue
        rest = [back if n is backs[0] else n for n in body if n is not start]
        rest = [n for n in rest if assigned_name(n) not in turns.lists]
        function = with_fields(function, body=rest)
    return function


@dataclass
class _Turns:
    """The turns of nested loops that bind names and append to one list, and in a branch to another one."""

    saved: str = ""
    bound: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    branch: gast.If | None = None
    saved_there: str = ""

    @property
    def lists(self) -> set[str]:
        """The lists that are appended to."""
        return {self.saved, self.saved_there} - {""}

    def take(self, loop: gast.For) -> bool:
        """Whether a loop is of that form; the names that it binds, and those that it reads from outside."""
        if loop.orelse or not isinstance(loop.target, gast.Name):
            return False
        if not is_range(loop.iter):
            return False
        self.outer |= tree.names_read(loop.iter) - {"range"} - self.bound
        self.bound |= {loop.target.id}
        return all(map(self._take_statement, loop.body)) and bool(self.saved)

    def _take_statement(self, node: Node) -> bool:
        if is_filler(node):
            return True
        if self.saved:
            return self._take_branch(node)
        if isinstance(node, gast.For):
            return self.take(node)
        if isinstance(node, gast.Expr):
            self.saved = self._appended_to(node)
            return bool(self.saved)
        return self._take_assignment(node)

    def _take_branch(self, node: Node) -> bool:
        """Whether a statement is a branch of such statements, and the only one."""
        if self.branch is not None or not isinstance(node, gast.If) or node.orelse:
            return False
        *first, last = [n for n in node.body if not is_filler(n)]
        if not tree.is_name(node.test) or node.test.id not in self.bound:
            return False
        if not all(map(self._take_assignment, first)):
            return False
        self.branch, self.saved_there = node, self._appended_to(last)
        return bool(self.saved_there) and self.saved_there != self.saved

    def _appended_to(self, node: Node) -> str:
        """The list to which a statement appends what the turn has bound."""
        saved, called = (list_method(node.value) if isinstance(node, gast.Expr) else None) or (
            "",
            "",
        )
        is_kept = called == "append" and tree.names_read(node.value.args[0]) <= self.bound
        return saved if is_kept else ""

    def _take_assignment(self, node: Node) -> bool:
        targets = node.targets[0] if isinstance(node, gast.Assign) else None
        parts = targets.elts if isinstance(targets, gast.Tuple) else [targets]
        if not all(isinstance(n, gast.Name) and n.id not in self.bound for n in parts):
            return False
        self.outer |= tree.names_read(node.value) - self.bound
        self.bound |= tree.names_written(targets)
        return True


def _reads(node: Node, name: str) -> bool:
    return name in tree.names_read(node)


def _is_free(
    function: gast.FunctionDef, start: gast.For, back: gast.For, turns: _Turns, effects: Effects
) -> bool:
    """Whether a turn reads nothing that is bound again or changes, and nobody else reads what it binds."""
    inside, everywhere = occurrences([start, back]), occurrences(function.body)
    if any(everywhere[n] != inside[n] for n in turns.bound):
        return False
    if any(everywhere[n] - inside[n] != 1 or inside[n] != 2 for n in turns.lists):
        return False
    if turns.outer & turns.bound:  # what an earlier turn has left
        return False
    later = function.body[next(k for k, n in enumerate(function.body) if n is start) :]
    if turns.outer & {n for s in statements(later) for n in effects.own(s).writes}:
        return False
    if any(effects.own(s).impure for s in statements(function.body)):
        return False
    sharing = sharing_of(function, effects)
    read = turns.outer & (set(everywhere) - {"range", "reversed", "len"})
    return not sharing.classes(read) & sharing.classes(sharing.mutated)


def _replayed(start: gast.For, back: gast.For, turns: _Turns) -> gast.For | None:
    """The loop of the backward part with the statements of the other one, None if the two do not belong together."""
    if not tree.is_same(start.target, back.target) or back.orelse:
        return None
    if not _is_backward(back.iter, start.iter):
        return None
    own = [n for n in start.body if isinstance(n, gast.Assign)]
    inner = [n for n in start.body if isinstance(n, gast.For)]
    if inner:
        loops = [n for n in back.body if isinstance(n, gast.For) and _reads(n, turns.saved)]
        new = _replayed(inner[0], loops[0], turns) if len(loops) == 1 else None
        if new is None or sum(_reads(n, turns.saved) for n in back.body) != 1:
            return None
        body: Block | None = [new if n is loops[0] else n for n in back.body]
    else:
        body = _without_pop(start.body, back.body, turns.saved)
        if turns.branch is not None and body is not None:
            body = _with_branch(turns, turns.branch, body)
    written = {n for s in own for n in tree.names_written(s)}
    if body is None or written & tree.names_written(body):
        return None
    return with_fields(back, body=[*map(tree.clone, own), *body])


def _without_pop(turn: Block, body: Block, saved: str) -> Block | None:
    """The statements of a backward turn but for the one that takes back what the turn keeps."""
    pops = [n for n in body if popped_list(n) == saved]
    if len(pops) != 1 or not _is_taken_back(turn, pops[0]):
        return None
    return [n for n in body if n is not pops[0]]


def _with_branch(turns: _Turns, branch: gast.If, body: Block) -> Block | None:
    """The statements of a backward turn with those of a branch, in the branch of the same test."""
    same = [n for n in body if isinstance(n, gast.If) and tree.is_same(n.test, branch.test)]
    readers = [n for n in body if turns.saved_there in tree.names_read(n)]
    if len(same) != 1 or [*map(id, same)] != [*map(id, readers)]:
        return None
    inside = _without_pop(branch.body, same[0].body, turns.saved_there)
    own = [n for n in branch.body if isinstance(n, gast.Assign)]
    if inside is None or {n for s in own for n in tree.names_written(s)} & tree.names_written(
        inside
    ):
        return None
    new = with_fields(same[0], body=[*map(tree.clone, own), *inside])
    return [new if n is same[0] else n for n in body]


def _is_backward(iterable: Node, other: Node) -> bool:
    """Whether a loop has the turns of another one, from the last to the first."""
    is_reversed = tree.called_name(iterable) == "reversed" and len(iterable.args) == 1
    return is_reversed and tree.is_same(iterable.args[0], other)


def _is_taken_back(turn: Block, pop: Node) -> bool:
    """Whether the names that are kept are those that are taken back."""
    kept = next(n.value.args[0] for n in turn if isinstance(n, gast.Expr) and list_method(n.value))
    targets = pop.targets[0] if isinstance(pop, gast.Assign) else None
    return targets is not None and tree.is_same(kept, targets)
