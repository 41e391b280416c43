"""A function with its reversal, statement by statement: what `reverse` makes, `needed` completes and `assemble` writes out.

The backward part of a statement finds every name as it was before that statement. `needed` sees to it: where a name that
is read there is overwritten, its value is saved before and restored after.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from knetsrc.transform import tree
from knetsrc.transform.analysis.stores import as_read, target_of


@dataclass
class Step:
    """One statement of the forward part and what reverses it.

    Attributes
    ----------
    node
        The statement in the core language.
    hoists
        Names for subexpressions that the backward part reads, in the order of evaluation.
    hoist_backward
        The subexpressions are computed again in the backward part rather than kept.
    checks
        Statements of the forward part right before it.
    back
        Statements of the backward part; for a compound statement, those before its reversal.
    result
        Name that stands in `back` for the value that the statement binds, if it is read.
    results
        The same for names that a call of a helper binds: what stands for each in `back`, and the name.
    blocks
        Bodies of a compound statement, each with its reversal.
    saved
        Names whose old values are saved before the statement.
    copied
        Lists that grow in the statement: they are saved as copies.
    forms
        Names of these of which the backward part reads no more than shape and type.
    restored_in_place
        Of the names that are saved: arrays that get their old content back.
    gives_back
        What reverses the statement gives arrays their old content back: the backward function of a helper does.
    held
        Of the names that are saved: arrays that the helper keeps as well, and gives their old content back.
    saves_part
        The statement writes into an array or a container, and what it overwrites is saved.
    """

    node: tree.Node
    hoists: list[tuple[str, tree.Node]] = field(default_factory=list)
    hoist_backward: bool = False
    checks: list[tree.Node] = field(default_factory=list)
    back: list[tree.Node] = field(default_factory=list)
    result: str | None = None
    results: dict[str, str] = field(default_factory=dict)
    blocks: list["Block"] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)
    copied: set[str] = field(default_factory=set)
    forms: set[str] = field(default_factory=set)
    restored_in_place: frozenset[str] | set[str] = frozenset()
    saves_part: bool = False
    gives_back: bool = False
    held: set[str] = field(default_factory=set)
    extra: list[str] = field(default_factory=list)
    shown: str | None = None

    @property
    def reads_results(self) -> bool:
        """Whether the backward part reads what the statement binds."""
        return self.result is not None or bool(self.results)

    def after(self, adjoint: tree.Node, target: tree.Node, fresh: Callable[[], str]) -> tree.Node:
        """An adjoint that reads names of the target: what they are bound to, not what they have been before."""
        read = sorted(tree.names_written(target) & tree.names_read(adjoint))
        names = {text: fresh() for text in read}
        self.results |= {name: text for text, name in names.items()}
        return tree.substitute(adjoint, {text: tree.name(name) for text, name in names.items()})

    def read_put_back(self) -> None:
        """What was read of the place before the write is read there, where it is put back anyway."""
        place = as_read(target_of(self.node))
        again = [hoist for hoist in self.hoists if tree.is_same(hoist[1], place)]
        if not again:
            return
        self.hoists = [hoist for hoist in self.hoists if hoist not in again]
        self.back = [tree.substitute(n, dict.fromkeys(dict(again), place)) for n in self.back]

    @property
    def is_reversed(self) -> bool:
        """Whether the backward part has anything for this statement."""
        return bool(self.back) or any(b.is_reversed for b in self.blocks)


@dataclass
class Block:
    """The steps of one body.

    Attributes
    ----------
    final
        Statements at the end of the reversal: it leaves the values of names as they were at the start of the body.
    kept
        Names that are saved once they have their last value in the body, with the index of the step after which this is; -1 stands
        for the start.
    forms
        Names of these of which no more than shape and type is read.
    copied
        Names of these that may be written into after that.
    again
        Statements that bind names once more at the start of the reversal, as that costs less than keeping them.
    """

    steps: list[Step] = field(default_factory=list)
    final: list[tree.Node] = field(default_factory=list)
    kept: dict[str, int] = field(default_factory=dict)
    forms: set[str] = field(default_factory=set)
    copied: set[str] = field(default_factory=set)
    again: dict[str, tree.Node] = field(default_factory=dict)

    @property
    def is_reversed(self) -> bool:
        return bool(self.final) or any(s.is_reversed for s in self.steps)
