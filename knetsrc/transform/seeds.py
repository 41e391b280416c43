"""What the backward part of a function starts with: the adjoints of the names in its result."""

from dataclasses import dataclass

import gast

from knetsrc.transform import tree
from knetsrc.transform.pairs import Task
from knetsrc.transform.reverse import Reverser


@dataclass
class Seeds:
    """Binds the adjoints of a result.

    Attributes
    ----------
    temporaries
        Names that the passes of `simplify` may do away with; new ones are entered.
    parameter
        The parameter of the backward part that holds the cotangent.
    """

    task: Task
    reverser: Reverser
    temporaries: set[str]
    parameter: str = "d_result"

    def __post_init__(self) -> None:
        names = self.reverser.pusher.names
        if self.parameter in names.taken:
            self.parameter = names.fresh(self.parameter)

    def of(self, result: tree.Node) -> list[tree.Node]:
        """Statements that bind the adjoints of the names in the result."""
        if self.task.has_aux:
            return self._of_name(result.elts[0])
        if not isinstance(result, gast.Tuple):
            return self._of_name(result)
        targets, own = [], []
        for number, element in enumerate(result.elts):
            is_wanted = self.task.parts is None or self.task.parts[number]
            if is_wanted and element.id in self.reverser.active:
                targets.append(tree.name(self._started(element.id)))
                if element.id in self.reverser.buffers:
                    own.append(self._owned(targets[-1].id))
            else:
                targets.append(tree.name("_"))
        return [tree.assign(tree.tuple_of(targets), tree.name(self.parameter)), *own]

    def given(self) -> list[str]:
        """Names of the adjoints that are handed in, and added to."""
        return list(map(self._started, self.task.added))

    def _of_name(self, result: tree.Node) -> list[tree.Node]:
        if not isinstance(result, gast.Name) or result.id not in self.reverser.active:
            return []
        adjoint = self._started(result.id)
        if self.task.is_seeded:
            self.parameter = adjoint
            return [self._owned(adjoint)] if result.id in self.reverser.buffers else []
        if result.id in self.reverser.buffers:
            return [tree.assign(adjoint, tree.call("np.ones_like", tree.name(result.id)))]
        self.temporaries.add(adjoint)
        return [tree.assign(adjoint, tree.constant(1.0))]

    def _started(self, text: str) -> str:
        keys = self.reverser.pusher.keys
        self.reverser.live.add(text)
        keys.exploded -= {text}
        return keys.adjoint(text)

    def _owned(self, text: str) -> tree.Node:
        """Memory of its own for a cotangent that is added into: the caller's may be another one as well."""
        return tree.assign(text, tree.call(self.reverser.spell("owned"), tree.name(text)))
