"""Write an expression: astor's generator, with black's spelling and without needless parentheses.

In comes an expression of Python's own `ast`, out come fragments: brackets, commas and operators
each on their own, so that `wrap` can break a line between them.

>>> "".join(Printer().fragments(ast.parse("x [(2*h) :3*h,-1]**(2)", mode="eval").body))
'x[2 * h : 3 * h, -1] ** 2'
"""

import ast
import re
import warnings
from typing import Any, TypeGuard

with warnings.catch_warnings():  # astor looks for node types that newer Pythons are about to drop
    warnings.simplefilter("ignore", DeprecationWarning)
    from astor.code_gen import SourceGenerator, set_precedence
    from astor.op_util import Precedence, get_op_symbol

_TIGHTEST = Precedence.highest
_LISTED = Precedence.Comma
_UNION = Precedence.BitOr
_OPENING, _CLOSING = set("([{"), set(")]}")


class Printer(SourceGenerator):  # type: ignore[misc]
    """An astor generator for single expressions; statements are `emit`'s."""

    def __init__(self) -> None:
        super().__init__("    ")

    def fragments(self, node: ast.expr, *, bare: bool = False) -> list[str]:
        """The pieces of `node`'s text; `bare`, a tuple of two or more has no parentheses."""
        self.result.clear()
        is_long = isinstance(node, ast.Tuple) and len(node.elts) > 1
        set_precedence(Precedence.Return if bare and is_long else _LISTED, node)
        self.visit(node)
        return [fragment for fragment in self.result if fragment]

    def parameters(self, node: ast.arguments) -> list[str]:
        """The pieces of a parameter list."""
        self.result.clear()
        self.visit_arguments(node)
        return [fragment for fragment in self.result if fragment]

    # --- literals ---------------------------------------------------------------------------------
    def visit_Constant(self, node: ast.Constant) -> None:
        self.write((getattr(node, "kind", None) or "") + literal(node.value))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self.write(_double_quoted(ast.unparse(node), "f"))

    # --- containers and comprehensions ------------------------------------------------------------
    def visit_Dict(self, node: ast.Dict) -> None:
        with self.delimit("{}"):
            for index, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
                set_precedence(_LISTED if key else _UNION, key, value)
                self.write(", " if index else "", *((key, ": ") if key else ("**",)), value)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        set_precedence(_LISTED, node.elt)
        super().visit_ListComp(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        set_precedence(_LISTED, node.elt)
        super().visit_SetComp(node)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        set_precedence(_LISTED, node.key, node.value)
        super().visit_DictComp(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        set_precedence(Precedence.comprehension, node.iter, *node.ifs)
        set_precedence(Precedence.comprehension_target, node.target)
        self.write(" async for " if node.is_async else " for ", node.target, " in ", node.iter)
        for condition in node.ifs:
            self.write(" if ", condition)

    # --- operators --------------------------------------------------------------------------------
    def visit_BinOp(self, node: ast.BinOp) -> None:
        exponent = node.right.operand if _is_sign(node.right) else node.right
        if isinstance(node.op, ast.Pow) and _is_simple(node.left) and _is_simple(exponent):
            with self.delimit(node, node.op):
                set_precedence(Precedence.Pow + 1, node.left)
                set_precedence(Precedence.PowRHS, node.right)
                self.write(node.left, "**", node.right)
        else:
            super().visit_BinOp(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        is_power = isinstance(node.operand, ast.BinOp) and isinstance(node.operand.op, ast.Pow)
        if is_power and not isinstance(node.op, ast.Not):  # -(x**2), where -x**2 is easily misread
            with self.delimit(node, node.op):
                set_precedence(_TIGHTEST, node.operand)
                self.write(get_op_symbol(node.op), node.operand)
        else:
            super().visit_UnaryOp(node)

    # --- attributes, subscripts, lambdas ----------------------------------------------------------
    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Constant) and isinstance(
            node.value.value, int | float | complex
        ):
            self.write("(", node.value, ")", ".", node.attr)
        else:
            super().visit_Attribute(node)

    def visit_Slice(self, node: ast.Slice) -> None:
        set_precedence(Precedence.Slice, node.lower, node.upper, node.step)
        space = "" if all(map(_is_plain_bound, (node.lower, node.upper, node.step))) else " "
        if node.lower is not None:
            self.write(node.lower, space)
        self.write(":")
        if node.upper is not None:
            self.write(space, node.upper)
        if node.step is not None:
            self.write(space if node.upper is not None else "", ":", space, node.step)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """A lambda is one fragment but for brackets in it: it is not broken at its operators."""
        with self.delimit(node) as delimiters:
            self.write("lambda")
            start = len(self.result) - 1
            set_precedence(delimiters.p, node.body)
            self.visit_arguments(node.args)
            if len(self.result) > start + 1:
                self.result[start] += " "
            self.write(": ", node.body)
            self.result[start:] = _glued(self.result[start:])

    def visit_arguments(self, node: ast.arguments) -> None:
        positional = [*node.posonlyargs, *node.args]
        defaults = [None] * (len(positional) - len(node.defaults)) + node.defaults
        entries: list[tuple[Any, ast.expr | None]] = [*zip(positional, defaults, strict=True)]
        if node.posonlyargs:
            entries.insert(len(node.posonlyargs), ("/", None))
        if node.vararg or node.kwonlyargs:
            entries.append(("*", None) if node.vararg is None else (("*", node.vararg), None))
        entries += zip(node.kwonlyargs, node.kw_defaults, strict=True)
        if node.kwarg:
            entries.append((("**", node.kwarg), None))
        for index, (entry, default) in enumerate(entries):
            self.write(", " if index else "", *(entry if isinstance(entry, tuple) else (entry,)))
            if default is not None:
                set_precedence(_LISTED, default)
                self.write(" = " if getattr(entry, "annotation", None) else "=", default)

    def visit_arg(self, node: ast.arg) -> None:
        self.write(node.arg)
        if node.annotation is not None:
            set_precedence(_LISTED, node.annotation)
            self.write(": ", node.annotation)


def _glued(fragments: list[str]) -> list[str]:
    """The fragments with those outside of brackets run together."""
    glued, depth = [""], 0
    for fragment in fragments:
        depth -= fragment in _CLOSING
        if depth or fragment in _OPENING or fragment in _CLOSING:
            glued += [fragment, ""]
        else:
            glued[-1] += fragment
        depth += fragment in _OPENING
    return [fragment for fragment in glued if fragment]


def literal(value: object) -> str:
    """The text of a constant, as a person writes it: strings in double quotes, `1e-5` for 1e-05."""
    if isinstance(value, str):
        return _double_quoted(repr(value))
    if isinstance(value, bytes):
        return _double_quoted(repr(value), "b")
    if value is Ellipsis:
        return "..."
    if isinstance(value, float | complex):
        return re.sub(r"e([+-])0*(\d)", lambda m: "e" + m[1].strip("+") + m[2], repr(value))
    return repr(value)


def _double_quoted(text: str, prefix: str = "") -> str:
    """`text`, a string literal, in double quotes where that takes no more backslashes."""
    content = text[len(prefix) + 1 : -1]
    has_single = text.startswith(prefix + "'") and not text.startswith(prefix + "'''")
    if (
        not has_single
        or content.count('"') > content.count("\\'")
        or (prefix == "f" and '"' in content)
    ):
        return text
    changed = re.sub(r"\\.|\"", lambda m: {"\\'": "'", '"': '\\"'}.get(m[0], m[0]), content)
    return f'{prefix}"{changed}"'


def _is_simple(node: ast.expr) -> bool:
    """Whether black writes no spaces around a `**` that has `node` as an operand."""
    if isinstance(node, ast.Attribute):
        return not isinstance(node.value, ast.Constant) and _is_simple(node.value)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) and not isinstance(node.value, bool)
    return isinstance(node, ast.Name)


def _is_sign(node: ast.expr | None) -> TypeGuard[ast.UnaryOp]:
    return isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not)


def _is_plain_bound(node: ast.expr | None) -> bool:
    """Whether black writes no spaces around the colon of a slice that has `node` as a bound."""
    if _is_sign(node):
        node = node.operand
    return node is None or isinstance(node, ast.Name | ast.Constant)
