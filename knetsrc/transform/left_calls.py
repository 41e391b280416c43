"""Calls of helpers that were to be differentiated, and are made as they are: nothing uses their results in a way that matters.

xs = [shifted(y), y * 2]      check_not_array(y, "y += 1")
return xs[1]              ->  xs = [shifted(y), y * 2]

The forward function of a pair would have checked what the helper changes in place.
"""

from collections.abc import Callable

import gast

from knetsrc.transform import tree
from knetsrc.transform.normalize.scopes import blocks
from knetsrc.transform.steps import Block

Checked = Callable[[tree.Node], list[tree.Node]]


def check_left_calls(block: Block, active: frozenset[str], checked: Checked) -> None:
    """Put checks before such calls.

    Parameters
    ----------
    block
        The steps of a function, which are changed.
    active
        Names that depend on what is differentiated and that the result depends on.
    checked
        The statements for one with calls that are made as they are.
    """
    for step in block.steps:
        for inner in step.blocks:
            check_left_calls(inner, active, checked)
        if _is_left(step.node, active) and not step.back:
            *step.checks, step.node.value = _with_checks(step.node, checked)
        elif not step.blocks:
            _check_inside(step.node, active, checked)


def _check_inside(statement: tree.Node, active: frozenset[str], checked: Checked) -> None:
    for body in blocks(statement):
        found: list[tree.Node] = []
        for node in body:
            _check_inside(node, active, checked)
            if _is_left(node, active):
                *checks, node.value = _with_checks(node, checked)
                found += checks
            found.append(node)
        body[:] = found


def _is_left(node: tree.Node, active: frozenset[str]) -> bool:
    """Whether it was left to the forward function of a pair to check what a call changes."""
    is_call = isinstance(node, gast.Assign) and isinstance(node.value, gast.Call)
    return is_call and bool(
        tree.names_written(node) & active and tree.names_read(node.value) & active
    )


def _with_checks(node: gast.Assign, checked: Checked) -> list[tree.Node]:
    """The checks, and the call: the statement stays the same object."""
    *checks, new = checked(node)
    return [*checks, new.value]
