"""The errors for expressions that nothing is known about."""

from typing import Any

from knetsrc.adjoints.table import TABLE
from knetsrc.errors import MissingAdjointError, UnsupportedSyntaxError
from knetsrc.transform import tree
from knetsrc.transform.callee import Helper, Unknown


def refusal(node: tree.Node, callee: Any) -> Exception:
    """The error for an active expression that nothing is known about."""
    if isinstance(callee, Unknown) and callee.error is not None:
        return callee.error
    if isinstance(callee, Unknown):
        near = TABLE.near_names(callee.name.rpartition(".")[2])
        hint = f"near names with a rule: {', '.join(near)}\n" if near else ""
        return MissingAdjointError(
            f"no derivative rule for `{callee.name}`",
            at=node,
            why="it has neither a rule nor Python source that could be differentiated, and a differentiated value goes into it",
            instead=hint + "call a function with a rule, or one whose source is at hand"
            if callee.name.startswith(".")
            else hint + "give it a rule:\n"
            f"@adjoint({callee.name})\ndef {callee.name.rpartition('.')[2]}_adjoint(x, *, y, d_y):\n"
            "    d_x = d_y * ...\n    return d_x",
        )
    if isinstance(callee, Helper):
        return UnsupportedSyntaxError(
            f"the call of `{callee.name}` inside an expression",
            at=node,
            why="it must stand alone to be reversed",
            instead="bind its result to a name first",
        )
    return UnsupportedSyntaxError(
        f"`{tree.show(node)[:60]}` in a differentiated value",
        at=node,
        why="there is no rule for this kind of expression",
        instead="rewrite it with operators, NumPy functions or an `if` statement",
    )
