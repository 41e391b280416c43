"""Write a tree as source text: the last stage.

In comes a module of gast nodes, out comes its text and, for each line, the line of the user's file
that it came from. The text is parsed again and held against the tree, so that what runs is what was
meant.

>>> from knetsrc.transform import tree
>>> print(emit(tree.module([tree.comment("y = 2 * x"), *tree.parse("d_x=(2)*d_y")])), end="")
# y = 2 * x
d_x = 2 * d_y
"""

import math
from typing import Any

import gast

from knetsrc.errors import KnetsrcError
from knetsrc.transform import tree
from knetsrc.transform.readback import is_text, reads_back
from knetsrc.transform.recursion import with_deep_stack
from knetsrc.transform.writer import IMPORTS, Line, Writer, import_order


def emit(module: gast.Module) -> str:
    """The source text of `module`.

    Parameters
    ----------
    module
        The tree; what `tree.comment` and `tree.blank` made becomes comments and empty lines.

    Returns
    -------
    str
        Text in the style of black: imports first, lines under 100 columns where they can be broken.

    Raises
    ------
    KnetsrcError
        If the text, parsed again, is not the tree, or if an expression is nested too deeply.
    """
    return emit_with_lines(module)[0]


def emit_with_lines(module: gast.Module) -> tuple[str, dict[int, int]]:
    """The source text of `module`, and the user's line for each line of it that has one.

    Raises
    ------
    KnetsrcError
        As `emit`.
    """
    text, origin = with_deep_stack(_emitted, module)
    return text, origin


def line_of(node: gast.AST) -> str:
    """The text of a statement or expression on one line, for comments; of a loop its first line.

    >>> line_of(tree.parse("for i in range( n ): pass")[0])
    'for i in range(n):'
    """
    node = _spelled(node)
    writer = Writer()
    line = writer.head(node) if writer.can_write(node) else Line([], writer.bare(node))
    return "".join([*line.before, *line.value, *line.after])


def _emitted(module: gast.Module) -> tuple[str, dict[int, int]]:
    module = _spelled(module)
    module = tree.module(_imports_first(module.body))
    writer = Writer()
    writer.block(module.body, documented=True)
    if not reads_back(writer.text, module):
        writer = Writer(careful=True)
        writer.block(module.body, documented=True)
        if not reads_back(writer.text, module):
            raise KnetsrcError(
                "the written source does not read back as the tree that it was written from",
                why="neither astor nor ast.unparse writes this tree as Python reads it",
                instead="report it, with the function",
            )
    return writer.text, writer.origin


# --- before writing -------------------------------------------------------------------------------
def _spelled(node: gast.AST) -> gast.AST:
    """`node` with each constant that has no literal spelt out: `-2`, `float("inf")`."""
    if any(isinstance(n, gast.Constant) and _has_no_literal(n.value) for n in tree.walk(node)):
        return tree.rewrite(
            node, {gast.Constant: lambda n: _spelling(n.value) if _has_no_literal(n.value) else n}
        )
    return node


def _has_no_literal(value: Any) -> bool:
    if isinstance(value, complex):
        return value.real != 0 or _has_no_literal(value.imag)
    if isinstance(value, float):
        return not math.isfinite(value) or math.copysign(1, value) < 0
    return isinstance(value, int) and value < 0


def _spelling(value: Any) -> Any:
    if not _has_no_literal(value):
        return tree.constant(value)
    if isinstance(value, complex):
        return tree.call("complex", _spelling(value.real), _spelling(value.imag))
    if not isinstance(value, int) and not math.isfinite(value):
        return tree.call("float", tree.constant(str(value)))
    return tree.negative(tree.constant(-value))


def _imports_first(body: list[Any]) -> list[Any]:
    """`body` with its imports sorted and moved up behind the docstring."""
    imports = [node for node in body if isinstance(node, IMPORTS)]
    bound = [alias.asname or alias.name.split(".")[0] for node in imports for alias in node.names]
    if len(set(bound)) < len(bound):
        return body
    others = [node for node in body if not isinstance(node, IMPORTS)]
    start = 1 if others and is_text(others[0]) else 0
    return [*others[:start], *sorted(imports, key=import_order), *others[start:]]
