"""Which of the adjoints that a generated function returns may share memory with one another, or with what the user holds."""

from collections.abc import Iterable, Sequence

import gast

from knetsrc.transform import tree

# Helpers of which the result shares memory with nothing.
NEW_ARRAYS = frozenset(
    {"cholesky_adjoint_a", "diagonal_adjoint_a", "diff_adjoint_a", "dot_adjoint_a", "dot_adjoint_b",
     "matmul_adjoint_a", "matmul_adjoint_b", "norm_adjoint_x", "share_among_ties", "trace_adjoint_a"}
)  # fmt: skip
_FRESH = NEW_ARRAYS | {"zeros_like", "owned", "gradient_like", "add", "einsum_adjoint", "float"}
_VIEWS = frozenset(
    {"reshape", "transpose", "swapaxes", "moveaxis", "squeeze", "expand_dims", "broadcast_to", "ravel", "split",
     "array_split", "asarray", "flip", "rot90", "diagonal", "rollaxis"}
)  # fmt: skip


def to_copy(body: Sequence[tree.Node], adjoints: Sequence[tree.Node], seed: str) -> list[bool]:
    """For each adjoint that is returned: whether it must be copied, as its memory may be another's too.

    Parameters
    ----------
    body
        Statements of the generated function.
    adjoints
        What it returns.
    seed
        Name of the parameter that holds the adjoint of the result, if there is one.
    """
    sources = _Sources(body)
    taken: set[str] = set()
    found = []
    for adjoint in adjoints:
        roots = sources.of(adjoint)
        found.append(bool(roots & taken) or any(not r.startswith("d_") or r == seed for r in roots))
        taken |= roots
    return found


class _Sources:
    """Names whose memory the value of an expression may be."""

    def __init__(self, body: Sequence[tree.Node]) -> None:
        self.bound: dict[str, list[tree.Node]] = {}
        for node in tree.walk(body):
            if isinstance(node, gast.Assign):
                for name in tree.names_written(node.targets):
                    self.bound.setdefault(name, []).append(node.value)

    def of(self, node: tree.Node, seen: frozenset[str] = frozenset()) -> set[str]:
        """Roots of an expression; a name counts itself and everything that it was bound to."""
        if isinstance(node, gast.Name):
            if node.id in seen:
                return set()
            values = self.bound.get(node.id, [])
            return {node.id} | self._union(values, seen | {node.id})
        if isinstance(node, gast.Subscript | gast.Attribute | gast.Starred):
            return self.of(node.value, seen)
        if isinstance(node, gast.Tuple | gast.List):
            return self._union(node.elts, seen)
        if isinstance(node, gast.Dict):
            return self._union(node.values, seen)
        if isinstance(node, gast.IfExp):
            return self._union([node.body, node.orelse], seen)
        return self._of_call(node, seen) if isinstance(node, gast.Call) else set()

    def _of_call(self, node: gast.Call, seen: frozenset[str]) -> set[str]:
        name = tree.called_name(node)
        if name in ("unbroadcast", "like", "finished", "reshape_like"):
            return self.of(node.args[0], seen)
        if name is not None and name.endswith("_backward"):
            return self._union(node.args[1:], seen)
        if name in _FRESH or (
            isinstance(node.func, gast.Attribute) and node.func.attr not in _VIEWS
        ):
            return set()
        is_method = isinstance(node.func, gast.Attribute) and not tree.is_name(
            node.func.value, "np"
        )
        receiver = [node.func.value] if is_method else []
        return self._union([*receiver, *node.args], seen)

    def _union(self, nodes: Iterable[tree.Node], seen: frozenset[str]) -> set[str]:
        return set().union(*(self.of(n, seen) for n in nodes))
