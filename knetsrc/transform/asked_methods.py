"""Methods that Python calls where no call is written, `len(cell)`, `key in cell`, `if cell:`, are refused if they write to the object.

n = len(cell)     runs `__len__` of the class, which may say `self.x = self.x * 3`
"""

import builtins
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import gast

from knetsrc.errors import KnetsrcError, UnsupportedAliasError
from knetsrc.transform import tree
from knetsrc.transform.classes import ClassFacts, defined_in, is_library
from knetsrc.transform.normalize.scopes import parameters
from knetsrc.transform.normalize.sharing import bindings, carriers
from knetsrc.transform.resolve import UNKNOWN
from knetsrc.transform.source import read_source
from knetsrc.transform.writing import base_name, written_by

# Of these the first that the class defines is called.
_TRUTH = ("__bool__", "__len__")
_TEXT = ("__format__", "__str__", "__repr__")
_MEMBERS = ("__contains__", "__iter__", "__getitem__")
_FIRST = frozenset({_TRUTH, _TEXT, _TEXT[1:], _MEMBERS})
# Of these any may be.
_ELEMENTS = ("__iter__", "__next__", "__getitem__", "__len__", "__length_hint__", "__reversed__")
# What functions of Python and its libraries may ask of the objects that they are handed.
_ANY = (
    *(*_TRUTH, *_TEXT, *_ELEMENTS, "__hash__", "__bytes__", "__index__", "__int__", "__float__", "__complex__", "__copy__"),
    *("__deepcopy__", "__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__", "__divmod__", "__pow__", "__array__"),
    *("__abs__", "__round__", "__floor__", "__ceil__", "__trunc__", "__contains__"),
)  # fmt: skip
_OF_BUILTINS: dict[Any, tuple[str, ...]] = {
    len: ("__len__",), bool: _TRUTH, hash: ("__hash__",), reversed: _ELEMENTS, iter: _ELEMENTS, next: _ELEMENTS,
    format: _TEXT, str: _TEXT[1:], print: _TEXT[1:], repr: ("__repr__",),
    **dict.fromkeys((list, tuple, enumerate, zip), _ELEMENTS),
}  # fmt: skip
_ASKING_NOTHING = (isinstance, type, id, callable, super)


@dataclass
class AskedMethods:
    """Looks for such methods; each is looked into once."""

    _known: dict[tuple[int, type], bool] = field(default_factory=dict)

    def refuse(self, core: gast.FunctionDef, known: ClassFacts) -> None:
        """Raise an error for the first one that a function has called.

        Raises
        ------
        UnsupportedAliasError
            If an object of a class of the user is asked what makes it change.
        """
        for node in tree.walk(core.body):
            for value, names in _asked(node, known):
                owners = (known.local_class(value), known.of(value).get("[]"))
                for owner in [kind for kind in owners if kind is not None]:
                    asked = [name for name in names if defined_in(owner, name) is not None]
                    asked = asked[:1] if names in _FIRST else asked
                    name = next((name for name in asked if self._writes(owner, name)), None)
                    if name is not None:
                        raise _refused(node, value, owner, name)

    def _writes(self, owner: Any, name: str) -> bool:
        found = defined_in(owner, name)
        function = found[1] if found is not None else None
        function = function.fget if isinstance(function, property) else function
        if not isinstance(function, types.FunctionType):
            return False
        key = id(function), owner
        if key not in self._known:
            self._known[key] = False  # a recursive call adds nothing
            self._known[key] = self._writes_object(function, owner)
        return self._known[key]

    def _writes_object(self, function: types.FunctionType, owner: type) -> bool:
        try:
            method = read_source(function, may_yield=True).tree
        except KnetsrcError:  # `dataclass` has made it
            return False
        own = _names_of_object(method)
        if any(base_name(n) in own for n in written_by(method)):
            return True
        read = {n.attr for n in tree.walk(method.body) if _is_part(n, own)}
        return any(self._writes(owner, text) for text in read)


def _names_of_object(method: gast.FunctionDef) -> set[str]:
    """The names in a method of its object, and of what that holds."""
    found = set(parameters(method)[:1])
    while True:
        more = {
            n.id
            for targets, values in bindings(method)
            if any(carriers(v) & found for v in values if not _makes_container(v))
            for t in targets
            for n in tree.walk(t)
            if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Store)
        }
        if more <= found:
            return found
        found |= more


def _makes_container(value: tree.Node) -> bool:
    displays = (gast.List, gast.ListComp, gast.Dict, gast.DictComp, gast.Set, gast.SetComp)
    return isinstance(value, displays) or tree.called_name(value) in (
        "list",
        "dict",
        "sorted",
        "set",
    )


def _is_part(node: Any, own: set[str]) -> bool:
    """Whether a node is an attribute of the object of a method: `self.size`, `super().size`."""
    if not isinstance(node, gast.Attribute):
        return False
    return base_name(node.value) in own or tree.called_name(node.value) == "super"


def _asked(node: Any, known: ClassFacts) -> Iterator[tuple[tree.Node, tuple[str, ...]]]:
    """Values that a node asks something of, without a call of a method, and the methods that may answer."""
    if isinstance(node, gast.If | gast.While | gast.IfExp | gast.Assert):
        yield node.test, _TRUTH
    elif isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.Not):
        yield node.operand, _TRUTH
    elif isinstance(node, gast.BoolOp):
        yield from ((value, _TRUTH) for value in node.values)
    elif isinstance(node, gast.Compare) and isinstance(node.ops[0], gast.In | gast.NotIn):
        yield node.comparators[0], _MEMBERS
        yield node.left, ("__eq__", "__hash__")
    elif isinstance(node, gast.FormattedValue):
        yield node.value, _TEXT
    elif isinstance(node, gast.For):
        yield node.iter, _ELEMENTS
    elif isinstance(node, gast.Subscript):
        yield node.slice, ("__index__", "__hash__", "__eq__")
    elif isinstance(node, gast.Call):
        value = known.outside.resolve(node.func)
        is_open = (
            value is not UNKNOWN
            and is_library(value)
            and not any(value is f for f in _ASKING_NOTHING)
        )
        arguments = [*node.args, *(k.value for k in node.keywords)]
        names = next((n for f, n in _OF_BUILTINS.items() if f is value), _ANY)
        yield from ((a, names) for a in (arguments if is_open else ()))


def _refused(node: Any, value: Any, owner: type, name: str) -> UnsupportedAliasError:
    by = tree.called_name(node) if isinstance(node, gast.Call) else ""
    shown = f"`{by}` of" if by and hasattr(builtins, by) else "asking"
    return UnsupportedAliasError(
        f"{shown} `{tree.show(tree.clone(value))}`, which `{name}` of the class {owner.__name__} may change",
        at=node if hasattr(node, "func") else value,
        why="the method writes to what the object holds, and no call of it is written that could be followed",
        instead="write a method that returns the answer and writes nothing, or call one in a statement",
    )
