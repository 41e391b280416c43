"""What a rule of the user may look like: its statements are copied, so one that cannot be copied is refused when it is defined."""

import ast
import inspect
import textwrap
import types
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from knetsrc.errors import SourceNotFoundError, UnsupportedSyntaxError

_CALL_IT = "what takes more than an expression goes into a function: d_{0} = {0}_adjoint({0}, d_y)"
_SCOPES = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Lambda | ast.NamedExpr


def is_own(rule: Callable[..., Any]) -> bool:
    """Whether a rule is one of a user, not of this package."""
    return (rule.__module__ or "").partition(".")[0] != "knetsrc"


def check_own_rule(
    rule: Callable[..., Any], primitives: Iterable[Callable[..., Any]], operands: tuple[str, ...]
) -> None:
    """Refuse a rule that would not be copied as it is meant, and one that would never be asked for.

    Parameters
    ----------
    rule
        The rule.
    primitives
        The functions that it is for.
    operands
        Parameters that it gives an adjoint for.

    Raises
    ------
    KnetsrcError
        If the rule cannot be used.
    """
    for primitive in primitives:
        if _is_method(primitive):
            name = getattr(primitive, "__qualname__", repr(primitive))
            raise UnsupportedSyntaxError(
                f"a rule for the method `{name}`",
                why="a rule belongs to a function; which class the object of a call has is another question",
                instead="move what the method computes into a function, give that the rule, and have the method call it",
            )
    _Reader(rule, operands).check()


def _is_method(primitive: Any) -> bool:
    if isinstance(primitive, types.MethodType) or inspect.ismethoddescriptor(primitive):
        return True
    if not isinstance(primitive, types.FunctionType):
        return False
    owner = primitive.__qualname__.rpartition(".")[0]
    return bool(owner) and not owner.endswith("<locals>")


class _Reader:
    """Goes through the statements of one rule in order."""

    def __init__(self, rule: Callable[..., Any], operands: tuple[str, ...]) -> None:
        self.rule = rule
        self.operands = operands
        self.adjoints = {f"d_{name}" for name in operands}
        self.parameters = list(inspect.signature(rule).parameters)
        # adjoints that the rule updates in place come as parameters
        self.updated = {n for n in self.parameters if n.startswith("d_") and n != "d_y"}
        try:
            lines, self.start = inspect.getsourcelines(rule)
        except (OSError, TypeError):
            raise SourceNotFoundError(
                f"the rule `{rule.__name__}` has no source",
                why="its statements are copied into the generated source",
                instead="write it in a file",
            ) from None
        self.indent = len(lines[0]) - len(lines[0].lstrip())
        self.tree: Any = ast.parse(textwrap.dedent("".join(lines))).body[0]

    def check(self) -> None:
        if not isinstance(self.tree, ast.FunctionDef):
            self.refuse(self.tree, "is no plain function", "write it with `def`")
        *body, last = self.tree.body
        assigned = self.block(body if isinstance(last, ast.Return) else self.tree.body, set())
        if isinstance(last, ast.Return):
            self.result(last)
        missing = self.adjoints - assigned - self.updated
        if missing or not self.adjoints:
            self.refuse(
                self.tree,
                f"does not assign {', '.join(f'`{m}`' for m in sorted(missing)) or 'an adjoint'}",
                self.form(),
            )

    def block(self, body: list[Any], bound: set[str]) -> set[str]:
        """The names that are bound after the statements, of which `bound` are so before."""
        for node in body:
            if isinstance(node, ast.Assign):
                bound = bound | {self.assigned(node, bound)}
            elif isinstance(node, ast.If):
                bound = bound | self.branches(node, bound)
            elif self.is_update(node):
                self.expression(node)
            elif not isinstance(node, ast.Pass) and not _is_text(node):
                self.refuse(
                    node,
                    f"has a statement that cannot be copied: `{ast.unparse(node).splitlines()[0]}`",
                    self.form(),
                )
        return bound

    def assigned(self, node: ast.Assign, bound: set[str]) -> str:
        target = node.targets[0]
        if len(node.targets) > 1 or not isinstance(target, ast.Name):
            self.refuse(
                node,
                "binds something else than one name",
                "bind one name at a time: d_r = d_y[0]",
            )
        if target.id in bound or target.id in self.parameters:
            self.refuse(
                node, f"binds `{target.id}` again", "give the second value another name", target
            )
        self.expression(node.value)
        return str(target.id)

    def branches(self, node: ast.If, bound: set[str]) -> set[str]:
        self.expression(node.test)
        first, second = (self.block(body, bound) - bound for body in (node.body, node.orelse))
        if first != second or not first <= self.adjoints:
            self.refuse(
                node,
                "has an `if` whose branches do not assign the same adjoints, and nothing else",
                "write a conditional expression: scale = a if condition else b",
            )
        return first

    def is_update(self, node: Any) -> bool:
        """Whether a statement adds to an adjoint that is a parameter of the rule."""
        return bool(self.updated) and (
            isinstance(node, ast.AugAssign)
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        )

    def expression(self, node: Any) -> None:
        for part in ast.walk(node):
            if isinstance(part, _SCOPES):
                self.refuse(
                    part,
                    "has a comprehension, a lambda or `:=`, whose names could be those of the caller",
                    self.call_it(),
                )
            if isinstance(part, ast.Name) and part.id in self.adjoints - self.updated:
                self.refuse(
                    part,
                    f"reads `{part.id}`",
                    "bind what both need to a name of its own, and read that",
                )

    def result(self, node: ast.Return) -> None:
        value = node.value
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        for part in parts:
            is_adjoint = isinstance(part, ast.Name) and part.id in self.adjoints
            is_none = part is None or (isinstance(part, ast.Constant) and part.value is None)
            if not is_adjoint and not is_none:
                self.refuse(
                    node,
                    "returns something else than names of adjoints",
                    self.form(),
                )

    def form(self) -> str:
        adjoint = f"d_{self.first()}"
        assignment = f"bind the adjoint of each parameter by one statement: {adjoint} = ..."
        return f"{assignment}\nreturn {adjoint}\n{self.call_it()}"

    def call_it(self) -> str:
        return _CALL_IT.format(self.first())

    def first(self) -> str:
        return next(iter([*self.operands, *self.parameters]), "x")

    def refuse(self, node: Any, what: str, instead: str, at: Any = None) -> NoReturn:
        at = at or node
        is_whole = node is self.tree
        ast.increment_lineno(at, self.start - 1)
        if is_whole:
            at = ast.Name("", lineno=at.lineno, col_offset=0, end_lineno=at.lineno)
            at.end_col_offset = len(f"def {self.rule.__name__}")
        at.col_offset += self.indent
        at.end_col_offset += self.indent
        error = UnsupportedSyntaxError(
            f"the rule `{self.rule.__name__}` {what}",
            at=at,
            why="the statements of a rule are copied into the generated source, one adjoint a statement",
            instead=instead,
        )
        file = inspect.getsourcefile(self.rule) or ""
        lines, _ = inspect.findsource(self.rule)
        raise error.located(file, self.rule.__name__, lines)


def _is_text(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
