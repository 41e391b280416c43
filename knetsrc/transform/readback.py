"""Hold written text against the tree that it was written from.

>>> reads_back("y = 2*x", tree.assign("y", tree.parse_expression("2 * x")))
True
"""

import inspect
from typing import Any

import gast

from knetsrc.transform import tree

_DOCUMENTED = (gast.FunctionDef, gast.AsyncFunctionDef, gast.ClassDef, gast.Module)
_IGNORED = {"ctx", "type_comment"}


def reads_back(text: str, node: Any) -> bool:
    """Whether `text` parses to `node`, a module or one statement."""
    try:
        parsed = gast.parse(text)
    except SyntaxError:
        return False
    return _is_same(node if isinstance(node, gast.Module) else tree.module([node]), parsed)


def is_text(node: Any) -> bool:
    """Whether `node` is a statement that consists of a string: a docstring where it comes first."""
    is_string = (
        isinstance(node, gast.Expr)
        and tree.is_constant(node.value)
        and isinstance(node.value.value, str)
    )
    return is_string and tree.comment_text(node) is None


def documentation(text: str) -> str:
    """A docstring without indentation and without spaces at its ends and at those of its lines."""
    return "\n".join(line.rstrip() for line in inspect.cleandoc(text).strip().split("\n"))


def _is_same(written: Any, parsed: Any) -> bool:
    """As `tree.is_same`, but comments, `pass` and indentation of docstrings do not count."""
    stack = [(written, parsed)]
    while stack:
        one, other = stack.pop()
        if type(one) is not type(other):
            return False
        if isinstance(one, list):
            if len(one) != len(other):
                return False
            stack += zip(one, other, strict=True)
        elif isinstance(one, gast.AST):
            stack.append((_fields(one), _fields(other)))
        elif one != other:
            return False
    return True


def _fields(node: gast.AST) -> list[Any]:
    """What is compared of a node."""
    fields: dict[str, Any] = {
        name: getattr(node, name, None) for name in node._fields if name not in _IGNORED
    }
    for name in ("body", "orelse", "finalbody"):
        if isinstance(fields.get(name), list):
            fields[name] = [
                n
                for n in fields[name]
                if tree.comment_text(n) is None and not isinstance(n, gast.Pass)
            ]
    if isinstance(node, _DOCUMENTED) and fields["body"] and is_text(fields["body"][0]):
        text, *fields["body"] = fields["body"]
        fields["documentation"] = documentation(text.value.value)
    return [*fields.values()]
