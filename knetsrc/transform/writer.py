"""Write statements as lines of text, and remember the user's line of each.

In come gast statements, out come lines. Expressions are `printer`'s, lines that are too long
`wrap`'s.

>>> writer = Writer()
>>> writer.block(tree.parse("if x>0: y=[(1),2]"))
>>> print(writer.text, end="")
if x > 0:
    y = [1, 2]
"""

import ast
import copy
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

import gast

from knetsrc.transform import tree
from knetsrc.transform.printer import Printer, literal
from knetsrc.transform.readback import documentation, is_text, reads_back
from knetsrc.transform.wrap import wrap

WIDTH = 99
IMPORTS = (gast.Import, gast.ImportFrom)
_DEFINITIONS = (gast.FunctionDef, gast.AsyncFunctionDef, gast.ClassDef)


class Line(NamedTuple):
    """A simple statement or the start of a compound one; only `value` may get parentheses."""

    before: list[str]
    value: Sequence[str] = ()
    after: Sequence[str] = ()


class Writer:
    """Writes line by line; `careful`, what does not read back is left to `ast.unparse`."""

    def __init__(self, careful: bool = False) -> None:
        self.lines: list[str] = []
        self.origin: dict[int, int] = {}
        self.depth = 0
        self.careful = careful
        self.printer = Printer()

    @property
    def text(self) -> str:
        return "".join(line + "\n" for line in self.lines)

    # --- statements ---
    def block(self, body: list[Any], *, documented: bool = False) -> None:
        """Statements with empty lines between; `documented`, they may start with a docstring."""
        previous, asked = None, False
        for index, node in enumerate(body):
            if tree.comment_text(node) == "":
                asked = True
                continue
            if previous is not None:
                self.lines += [""] * max(self.gap(previous, body[index:]), asked)
            if documented and is_text(node):
                self.put(_docstring_lines(node.value.value), node)
            else:
                self.statement(node)
            documented &= tree.comment_text(node) is not None
            previous, asked = node, False

    def gap(self, previous: Any, following: list[Any]) -> int:
        """How many empty lines must stand before the first of `following`."""
        wide = 1 if self.depth else 2
        introduced = next((n for n in following if tree.comment_text(n) is None), None)
        if isinstance(previous, _DEFINITIONS):
            return wide
        if isinstance(introduced, _DEFINITIONS) and tree.comment_text(previous) is None:
            return wide
        if isinstance(previous, IMPORTS):
            here = following[0]
            return int(
                not isinstance(here, IMPORTS) or _import_section(here) != _import_section(previous)
            )
        return int(self.depth == 0 and is_text(previous))

    def statement(self, node: Any, prefix: str = "") -> None:
        comment = tree.comment_text(node)
        if comment is not None:
            self.put(_comment_lines(comment, WIDTH - 4 * self.depth), node)
            return
        if not self.can_write(node):
            self.put(_unparsed(node), node)
            return
        for decorator in getattr(node, "decorator_list", []):
            text = _unparsed(decorator) if self.careful else ["".join(self.bare(decorator))]
            self.put(["@" + text[0]], decorator)
        self.put(self.first_lines(node, prefix), node)
        if isinstance(getattr(node, "body", None), list):
            self.suites(node)

    def suites(self, node: Any) -> None:
        """What is indented below a compound statement, with `except`, `else` and `finally`."""
        self.suite(node.body, documented=isinstance(node, _DEFINITIONS))
        for handler in getattr(node, "handlers", []):
            self.statement(handler)
        orelse = [n for n in getattr(node, "orelse", []) if tree.comment_text(n) != ""]
        if isinstance(node, gast.If) and len(orelse) == 1 and isinstance(orelse[0], gast.If):
            self.statement(orelse[0], prefix="el")
        elif orelse:
            self.put(["else:"])
            self.suite(node.orelse)
        if getattr(node, "finalbody", []):
            self.put(["finally:"])
            self.suite(node.finalbody)

    def suite(self, body: list[Any], *, documented: bool = False) -> None:
        self.depth += 1
        self.block(body, documented=documented)
        if all(tree.comment_text(node) is not None for node in body):
            self.put(["pass"])
        self.depth -= 1

    def put(self, lines: list[str], node: Any = None) -> None:
        indent = "    " * self.depth
        for line in lines:
            self.lines.append(indent + line if line else "")
            if getattr(node, "lineno", None):
                self.origin[len(self.lines)] = node.lineno

    def first_lines(self, node: Any, prefix: str) -> list[str]:
        """The lines of a simple statement or of the head of a compound one."""
        before, value, after = self.head(node)
        lines = wrap([prefix, *before], value, after, WIDTH - 4 * self.depth)
        if self.careful and isinstance(node, gast.stmt):
            alone = _without_suites(node)
            text = "\n".join(lines).removeprefix(prefix)
            if not isinstance(node, gast.Try) and not reads_back(
                text + " pass" * (alone is not node), alone
            ):
                unparsed = _unparsed(alone)
                lines = unparsed[: len(unparsed) - (alone is not node)]
                lines[0] = prefix + lines[0]
        return lines

    # --- expressions ---
    def expression(self, node: Any) -> list[str]:
        return self.printer.fragments(gast.gast_to_ast(node))

    def bare(self, node: Any) -> list[str]:
        """An expression that stands where a tuple and a `:=` need no parentheses."""
        fragments = self.printer.fragments(gast.gast_to_ast(node), bare=True)
        return fragments[1:-1] if isinstance(node, gast.NamedExpr) else fragments

    def listed(self, nodes: list[Any]) -> list[str]:
        return _joined([self.expression(node) for node in nodes])

    # --- heads: the one line of a simple statement, the first line of a compound one ---
    def head(self, node: Any) -> Line:
        line: Line = getattr(self, _head_method(node))(node)
        return line

    def can_write(self, node: Any) -> bool:
        return hasattr(self, _head_method(node))

    def head_expr(self, node: gast.Expr) -> Line:
        return Line([], self.expression(node.value))

    def head_assign(self, node: gast.Assign) -> Line:
        targets = [fragment for target in node.targets for fragment in (*self.bare(target), " = ")]
        spread = isinstance(node.targets[-1], gast.Tuple | gast.List)
        if (
            spread and sum(map(len, targets)) > WIDTH - 4 * self.depth - 4
        ):  # black breaks the target first
            return Line([], ["(", *targets[:-1], ")", *targets[-1:], *self.bare(node.value)])
        return Line(targets, self.bare(node.value) if spread else self.expression(node.value))

    def head_augassign(self, node: gast.AugAssign) -> Line:
        operator = f" {tree.symbol_of(node.op)}= "
        return Line([*self.expression(node.target), operator], self.expression(node.value))

    def head_annassign(self, node: gast.AnnAssign) -> Line:
        target = self.expression(node.target)
        if isinstance(node.target, gast.Name) and not node.simple:
            target = ["(", *target, ")"]
        before = [*target, ": ", *self.expression(node.annotation)]
        return (
            Line(before)
            if node.value is None
            else Line([*before, " = "], self.expression(node.value))
        )

    def head_return(self, node: gast.Return) -> Line:
        return Line(["return"]) if node.value is None else Line(["return "], self.bare(node.value))

    def head_raise(self, node: gast.Raise) -> Line:
        if node.exc is None:
            return Line(["raise"])
        cause = [" from ", *self.expression(node.cause)] if node.cause is not None else []
        return Line(["raise "], self.expression(node.exc), cause)

    def head_assert(self, node: gast.Assert) -> Line:
        message = [", ", *self.expression(node.msg)] if node.msg is not None else []
        return Line(["assert "], self.expression(node.test), message)

    def head_delete(self, node: gast.Delete) -> Line:
        return Line(["del "], self.listed(node.targets))

    def head_import(self, node: gast.Import) -> Line:
        return Line(["import ", *_joined([[_alias(a)] for a in node.names])])

    def head_importfrom(self, node: gast.ImportFrom) -> Line:
        return Line(
            [f"from {_imported_module(node)} import "], _joined([[_alias(a)] for a in node.names])
        )

    def head_global(self, node: gast.Global | gast.Nonlocal) -> Line:
        return Line([f"{type(node).__name__.lower()} ", ", ".join(node.names)])

    head_nonlocal = head_global

    def head_pass(self, node: gast.Pass | gast.Break | gast.Continue) -> Line:
        return Line([type(node).__name__.lower()])

    head_break = head_continue = head_pass

    def head_if(self, node: gast.If) -> Line:
        return Line(["if "], self.bare(node.test), [":"])

    def head_while(self, node: gast.While) -> Line:
        return Line(["while "], self.bare(node.test), [":"])

    def head_for(self, node: gast.For) -> Line:
        return Line(["for ", *self.bare(node.target), " in "], self.expression(node.iter), [":"])

    def head_with(self, node: gast.With) -> Line:
        return Line(["with "], _joined([self.with_item(item) for item in node.items]), [":"])

    def with_item(self, item: gast.withitem) -> list[str]:
        target = (
            [" as ", *self.expression(item.optional_vars)] if item.optional_vars is not None else []
        )
        return [*self.expression(item.context_expr), *target]

    def head_try(self, node: gast.Try) -> Line:
        return Line(["try:"])

    def head_excepthandler(self, node: gast.ExceptHandler) -> Line:
        kind = [" ", *self.expression(node.type)] if node.type is not None else []
        alias = [f" as {node.name.id}"] if node.name is not None else []
        return Line(["except"], [*kind, *alias], [":"])

    def head_functiondef(self, node: gast.FunctionDef) -> Line:
        parameters = self.printer.parameters(gast.gast_to_ast(node.args))
        returns = [" -> ", *self.expression(node.returns)] if node.returns is not None else []
        return Line([f"def {node.name}"], ["(", *parameters, ")"], [*returns, ":"])

    def head_classdef(self, node: gast.ClassDef) -> Line:
        keywords = [
            [f"{k.arg}=" if k.arg else "**", *self.expression(k.value)] for k in node.keywords
        ]
        bases = _joined([*map(self.expression, node.bases), *keywords])
        return Line([f"class {node.name}"], ["(", *bases, ")"] if bases else [], [":"])


def _head_method(node: Any) -> str:
    return "head_" + type(node).__name__.lower()


def _joined(items: list[list[str]]) -> list[str]:
    """The fragments of items with commas between them."""
    return [
        fragment
        for index, item in enumerate(items)
        for fragment in ([", "] if index else []) + item
    ]


def _alias(node: gast.alias) -> str:
    return f"{node.name} as {node.asname}" if node.asname else str(node.name)


def _comment_lines(text: str, width: int) -> list[str]:
    wrapper = textwrap.TextWrapper(
        width, "# ", "#     ", break_long_words=False, break_on_hyphens=False
    )
    return [line for paragraph in text.splitlines() for line in wrapper.wrap(paragraph) or ["#"]]


def _docstring_lines(text: str) -> list[str]:
    text = documentation(text)
    if not text.replace("\n", "").isprintable():
        return [literal(text)]
    text = text.replace("\\", "\\\\").replace('"""', '\\"""')
    lines = text.split("\n")
    if len(lines) > 1:
        return ['"""' + lines[0], *lines[1:], '"""']
    return ['"""' + (text[:-1] + '\\"' if text.endswith('"') else text) + '"""']


# --- imports --------------------------------------------------------------------------------------
def import_order(node: gast.Import | gast.ImportFrom) -> tuple[int, bool, str]:
    return _import_section(node), isinstance(node, gast.ImportFrom), _imported_module(node)


def _imported_module(node: gast.Import | gast.ImportFrom) -> str:
    if isinstance(node, gast.ImportFrom):
        return "." * int(node.level) + str(node.module or "")
    return str(node.names[0].name)


def _import_section(node: gast.Import | gast.ImportFrom) -> int:
    """0 for `__future__`, 1 for the standard library, 2 for others, 3 for relative imports."""
    package = _imported_module(node).split(".")[0]
    if package == "__future__":
        return 0
    return 1 if package in sys.stdlib_module_names else 2 if package else 3


# --- what astor cannot write ----------------------------------------------------------------------
def _unparsed(node: Any) -> list[str]:
    return ast.unparse(ast.fix_missing_locations(gast.gast_to_ast(node))).splitlines()


def _without_suites(node: Any) -> Any:
    """`node` with `pass` in place of what is indented below it."""
    if not isinstance(getattr(node, "body", None), list):
        return node
    alone = copy.copy(node)
    alone.body = [tree.pass_()]
    for field in ("orelse", "decorator_list"):
        if hasattr(alone, field):
            setattr(alone, field, [])
    return alone
