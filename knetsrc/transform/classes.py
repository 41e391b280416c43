"""Which classes of the user the values of a function are objects of: what is known of an expression, by its path.

{"net": Net, "net.layers[]": Layer}      `net` is a Net, the elements of `net.layers` are Layers
"""

import copy
import dataclasses
import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gast
import numpy as np

from knetsrc.errors import KnetsrcError
from knetsrc.modules import host_twin
from knetsrc.objects import (
    LEAST_DEPTH,
    LIKE_ARRAYS,
    Held,
    Plain,
    classes_in,
    function_among,
    is_made_for_object,
    is_mixed,
    is_object,
    joined,
    joined_elements,
    may_have,
    own_attributes,
    sets_any_attribute,
    tells_class,
    without_own,
)
from knetsrc.transform import tree
from knetsrc.transform.normalize.scopes import blocks, parameters
from knetsrc.transform.records import has_setter, keeps_attributes
from knetsrc.transform.resolve import UNKNOWN, Captured, Globals, Outside
from knetsrc.transform.source import read_source

Classes = dict[str, type]
_LIBRARIES = frozenset({
    "builtins", "numpy", "scipy", "math", "operator", "functools", "itertools", "random", "knetsrc", "dataclasses",
    "copy", "cupy", "cupyx", "logging", "warnings", "typing", "collections", "numbers",
})  # fmt: skip
_PLAIN = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type, Captured, Globals)
_DEPTH = 8
_GIVE_PLAIN = (len, int, float, bool, str, range)
NEW = "new_object"  # what the functions of `making` begin with
_DUNDERS = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "|": "or", "&": "and", "^": "xor", "<<": "lshift", ">>": "rshift",
}  # fmt: skip


_UNARY = {gast.USub: "__neg__", gast.UAdd: "__pos__", gast.Invert: "__invert__"}


def operators(node: gast.BinOp | gast.UnaryOp) -> list[tuple[tree.Node, str]]:
    """The operands of an operation, each with the method of its class that may compute it."""
    if isinstance(node, gast.UnaryOp):
        return [(node.operand, _UNARY[type(node.op)])] if type(node.op) in _UNARY else []
    text = _DUNDERS.get(tree.symbol_of(node.op), "")
    return [(node.left, f"__{text}__"), (node.right, f"__r{text}__")]


def is_library(value: Any) -> bool:
    """Whether a function or class comes with Python, NumPy, SciPy or this package."""
    return (getattr(value, "__module__", None) or "builtins").split(".")[0] in _LIBRARIES


def has_rules_only(value: Any) -> bool:
    """Whether a function is one of NumPy or SciPy: without a rule its text, mostly checks and conversions, is not followed."""
    if isinstance(value, types.FunctionType):  # functools.wraps sets the __module__ of another
        home = value.__globals__.get("__name__") or ""
    else:
        home = type(value).__module__
    return home.partition(".")[0] in ("numpy", "scipy")


@dataclass
class ClassFacts:
    """What is known of the expressions of one function.

    Attributes
    ----------
    outside
        What outside names stand for.
    classes
        Classes by path.
    returned
        What is known of the result of a call or an operation of user objects.
    """

    outside: Outside
    classes: Classes
    returned: Callable[[tree.Node, "ClassFacts"], Classes]
    _found: dict[int, tuple[tree.Node, Classes]] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def class_of(self, node: tree.Node) -> type | None:
        """The class of the user that an expression is an object of, as far as it is known."""
        return self.of(node).get("")

    def local_class(self, node: tree.Node) -> type | None:
        """The class of an object that the function was handed or has made."""
        owner = None if self.is_outside(node) else self.class_of(node)
        return None if owner is None or is_library(owner) else owner

    def local_kinds(self, node: tree.Node) -> list[type]:
        """The classes of which such an object may be; several where that is not the same at all times."""
        kind: Any = None if self.is_outside(node) else self.class_of(node)
        kinds = kind.kinds if is_mixed(kind) else [kind]
        return [k for k in kinds if k is not None and not is_library(k)]

    def holds_objects(self, node: tree.Node) -> bool:
        """Whether an expression is an object of the user, or a container of such."""
        held = self.of(node).get("[]")
        return self.local_class(node) is not None or held not in (None, Plain)

    def of(self, node: tree.Node) -> Classes:
        """What is known of an expression, by the rest of the path: "" is itself, "[]" an element.

        What is known of its parts is asked in several places: it is found once for each question from outside.
        """
        if self._found is not None:
            if id(node) not in self._found:  # with the node, which so keeps its id
                self._found[id(node)] = node, self._find(node)
            return dict(self._found[id(node)][1])
        self._found = {}
        try:
            return self._find(node)
        finally:
            self._found = None

    def _find(self, node: tree.Node) -> Classes:
        found = self._by_path(node) or self._of_outside(node)
        if found:
            return found
        if isinstance(node, gast.Attribute):
            owner = self.class_of(node.value)
            attr = node.attr.removesuffix(tree.FIELD_MARK)
            return annotated(owner, attr) if owner is not None else {}
        if isinstance(node, gast.List | gast.Tuple) and node.elts:
            return self._of_elements(node.elts)
        if isinstance(node, gast.Dict) and node.values and None not in node.keys:
            return self._of_elements(node.values)
        if isinstance(node, gast.Call | gast.BinOp | gast.UnaryOp | gast.Compare | gast.Subscript):
            found = self._passed_on(node) or self.returned(node, self)
            if found:
                return found
        return {"": Plain} if self.outside.members and self._is_plain(node) else {}

    def _of_elements(self, elements: list[tree.Node]) -> Classes:
        """What is known of the elements of a display; functions of a module may stand among objects."""
        known = [self.of(e) for e in elements]
        if any("" in k for k in known):
            found = [
                k or function_among(self.outside.resolve(e))
                for k, e in zip(known, elements, strict=True)
            ]
            return elements_of(found)
        return elements_of(known)

    def _is_plain(self, node: Any) -> bool:
        """Whether a value is no object of the user for sure: of an operation this is checked when it runs."""
        if isinstance(node, gast.Constant):
            return node.value is not None
        if isinstance(node, gast.Call):
            value = self.outside.resolve(node.func)
            home = str(getattr(value, "__module__", None) or "")
            of_numbers = home.partition(".")[0] in ("numpy", "math", "scipy")
            return of_numbers or isinstance(value, np.ufunc) or any(value is f for f in _GIVE_PLAIN)
        if isinstance(node, gast.Attribute):
            return node.attr in LIKE_ARRAYS
        if isinstance(node, gast.UnaryOp):
            return self.class_of(node.operand) in (None, Plain)
        if isinstance(node, gast.BinOp):
            return self._is_arithmetic(node)
        if isinstance(node, gast.Subscript):
            return self.class_of(node.value) is Plain
        return isinstance(node, gast.Compare | gast.JoinedStr)

    def _is_arithmetic(self, node: gast.BinOp) -> bool:
        """Whether an operation is one of numbers for sure: `xs * 2` and `xs + ys` may be of lists."""
        sides = {self.class_of(node.left), self.class_of(node.right)}
        is_of_lists = isinstance(node.op, gast.Mult) and sides != {Plain}
        return Plain in sides <= {None, Plain} and not is_of_lists

    @property
    def first(self) -> str:
        """The parameter that is the object of a method."""
        own = self.classes["__self__"]
        return next(
            k for k, c in self.classes.items() if c is own and k.isidentifier() and k[:2] != "__"
        )

    def is_outside(self, node: tree.Node) -> bool:
        """Whether an expression reads an outside object."""
        return self._value(node) is not UNKNOWN

    def _by_path(self, node: tree.Node) -> Classes:
        path = path_of(node)
        return below(self.classes, path) if path is not None else {}

    def _passed_on(self, node: Any) -> Classes:
        """What a copy of a container or a view of its values holds."""
        if tree.called_name(node) in ("list", "tuple", "reversed", "sorted") and node.args:
            return self.of(node.args[0])
        if tree.called_name(node) == "dict" and len(node.args) == 1 and not node.keywords:
            is_zip = tree.called_name(node.args[0]) == "zip" and len(node.args[0].args) == 2
            held = self.of(node.args[0].args[1] if is_zip else node.args[0])
            return held if is_zip or held.get("") is dict else {}
        if tree.called_name(node) == NEW:
            kind = self._value(node.args[0])
            return {"": kind} if isinstance(kind, type) else {}
        if tree.called_name(node) == "with_attributes":
            written = {f".{k.arg}": self.of(k.value) for k in node.keywords}
            old = {
                k: c for k, c in self.of(node.args[0]).items() if not k.startswith(tuple(written))
            }
            return old | {f"{k}{rest}": c for k, new in written.items() for rest, c in new.items()}
        is_method = isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute)
        if is_method and node.func.attr in ("values", "copy"):
            return self.of(node.func.value)
        if is_method and node.func.attr == "_replace":
            found = self.of(node.func.value)
            return found | {"": without_own(found[""])} if "" in found else found
        is_call = isinstance(node, gast.Call) and bool(node.args)
        if is_call and self.outside.resolve(node.func) in (dataclasses.replace, copy.copy):
            kind = self.class_of(node.args[0])
            is_new = self.outside.resolve(node.func) is dataclasses.replace
            return {"": without_own(kind) if is_new else kind} if kind is not None else {}
        return {}

    def _of_outside(self, node: tree.Node) -> Classes:
        is_entry = isinstance(node, gast.Subscript) and not tree.is_constant(node.slice)
        if is_entry and type(self._value(node.value)) in (list, tuple, dict):
            is_part = isinstance(node.slice, gast.Slice)
            held = self._of_outside(node.value)
            return held if is_part else below(held, "[]")
        value = self._value(node)
        is_object = value is not UNKNOWN and not isinstance(value, _PLAIN)
        is_object = is_object and host_twin(value) is value
        return classes_in(value) if is_object and not hasattr(value, "__wrapped__") else {}

    def _value(self, node: tree.Node) -> Any:
        """The object that an outside expression stands for at present."""
        value = self.outside.resolve(node)
        if value is not UNKNOWN:
            return value
        if isinstance(node, gast.Attribute):
            base = self._value(node.value)
            return vars(base).get(node.attr, UNKNOWN) if hasattr(base, "__dict__") else UNKNOWN
        if isinstance(node, gast.Subscript) and isinstance(node.slice, gast.Constant):
            base = self._value(node.value)
            try:
                return base[node.slice.value] if isinstance(base, list | tuple | dict) else UNKNOWN
            except (LookupError, TypeError):
                return UNKNOWN
        return UNKNOWN

    # --- local names ------------------------------------------------------------------------------------------------------
    def add_locals(self, core: gast.FunctionDef) -> None:
        """Enter what is known of the names that a function binds, where all their values agree."""
        pairs = [pair for node in tree.walk(core.body) for pair in self._bound_by(node)]
        objects = {k: c for k, c in self.classes.items() if c is not Plain}
        wrapped = _wrapped_parameters(core) - objects.keys()
        known = {k: c for k, c in self.classes.items() if k not in wrapped}
        mixed, common = set[str](), Classes()
        inside = tuple(f"{text}{mark}" for text in wrapped for mark in ".[")
        while True:
            every = known | common
            self.classes = {k: c for k, c in every.items() if k not in mixed}
            self._settle(pairs, mixed, inside)
            wrong = dict[str, type | None]()
            for text, value in pairs:
                found, held = value(), below(self.classes, text)
                for rest, kind in held.items():
                    other = found.get(rest)
                    both = joined((kind, other)) if other is not None else None
                    if both is not kind:
                        wrong[f"{text}{rest}"] = both
            if not wrong:
                return
            mixed |= {key for key, kind in wrong.items() if kind is None}
            common |= {key: kind for key, kind in wrong.items() if kind is not None}

    def suppose_locals(self, core: gast.FunctionDef) -> None:
        """Enter what is known of one value of each name, whatever its other values are."""
        pairs = [pair for node in tree.walk(core.body) for pair in self._bound_by(node)]
        self._settle(pairs, set(), ())

    def _settle(
        self,
        pairs: list[tuple[str, Callable[[], Classes]]],
        mixed: set[str],
        inside: tuple[str, ...],
    ) -> None:
        """Each name has what is known of the first value that anything is known of, but for paths that begin as `inside`."""
        size = -1
        while size < len(self.classes):
            size = len(self.classes)
            for text, value in pairs:
                for rest, kind in value().items():
                    key = f"{text}{rest}"
                    is_known = key not in mixed and not key.startswith(inside)
                    if is_known and key.count(".") + key.count("[") < _DEPTH:
                        self.classes.setdefault(key, kind)

    def _bound_by(self, node: Any) -> list[tuple[str, Callable[[], Classes]]]:
        if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Name):
            return self._bound_to(node.targets[0].id, node.value)
        if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Tuple):
            return self._bound_to_parts(node.targets[0], node.value)
        if isinstance(node, gast.Assign) and isinstance(node.targets[0], gast.Subscript):
            path = path_of(node.targets[0])
            return [(path, lambda: self.of(node.value))] if path is not None else []
        if isinstance(node, gast.For):
            return self._bound_by_loop(node.target, node.iter)
        is_append = (
            isinstance(node, gast.Call)
            and isinstance(node.func, gast.Attribute)
            and node.func.attr == "append"
            and tree.is_name(node.func.value)
            and len(node.args) == 1
        )
        if is_append:
            return [(f"{node.func.value.id}[]", lambda: self.of(node.args[0]))]
        return []

    def _elements(self, iterable: Any) -> Classes:
        """What is known of what a loop goes through; the elements of an array are numbers and arrays."""
        found = self.of(iterable)
        return {"": Plain} if found.get("") is Plain else below(found, "[]")

    def _bound_to(self, text: str, value: Any) -> list[tuple[str, Callable[[], Classes]]]:
        is_empty = isinstance(value, gast.List) and not value.elts
        is_empty = is_empty or (isinstance(value, gast.Dict) and not value.keys)
        if is_empty or tree.is_constant(value, None):  # which has no attribute and no operator
            return []
        if tree.called_name(value) == NEW and text in self.classes:
            return []
        if tree.called_name(value) == "with_attributes" and tree.is_name(value.args[0], text):
            return [
                (f"{text}.{k.arg}", functools.partial(self.of, k.value)) for k in value.keywords
            ]
        return [(text, lambda: self.of(value))]

    def _bound_to_parts(
        self, target: gast.Tuple, value: Any
    ) -> list[tuple[str, Callable[[], Classes]]]:
        parts = value.elts if isinstance(value, gast.Tuple) else ()
        if len(parts) == len(target.elts):
            pairs = zip(target.elts, parts, strict=True)
            return [(t.id, functools.partial(self.of, v)) for t, v in pairs if tree.is_name(t)]
        names = [t.id for t in target.elts if tree.is_name(t)]
        return [(text, lambda: below(self.of(value), "[]")) for text in names]

    def _bound_by_loop(self, target: Any, iterable: Any) -> list[tuple[str, Callable[[], Classes]]]:
        if isinstance(target, gast.Name):
            return [(target.id, lambda: self._elements(iterable))]
        text = tree.called_name(iterable)
        if text == "enumerate" and len(target.elts) == 2:
            counted = self._bound_to(getattr(target.elts[0], "id", ""), tree.constant(0))
            return counted + self._bound_by_loop(target.elts[1], iterable.args[0])
        if text == "zip" and len(target.elts) == len(iterable.args):
            pairs = zip(target.elts, iterable.args, strict=True)
            return [found for t, i in pairs for found in self._bound_by_loop(t, i)]
        is_method = isinstance(iterable, gast.Call) and isinstance(iterable.func, gast.Attribute)
        if is_method and iterable.func.attr == "items" and len(target.elts) == 2:
            return self._bound_by_loop(target.elts[1], iterable.func.value)
        names = [t.id for t in target.elts if tree.is_name(t)]
        return [(text, lambda: below(self._elements(iterable), "[]")) for text in names]


def _wrapped_parameters(core: gast.FunctionDef) -> set[str]:
    """Parameters that a branch binds to something made of themselves: `if ...: other = Dual(other)`."""
    nested = (n for top in core.body for block in blocks(top) for n in tree.walk(block))
    bound = [n for n in nested if isinstance(n, gast.Assign)]
    written = set[str]().union(*(tree.names_written(n) & tree.names_read(n.value) for n in bound))
    return written & set(parameters(core))


def path_of(node: tree.Node) -> str | None:
    """`net.layers[]` for `net.layers[i]`; None for what is no chain of attributes and elements."""
    if isinstance(node, gast.Name):
        return str(node.id)
    if isinstance(node, gast.Attribute | gast.Subscript):
        base = path_of(node.value)
        if isinstance(node, gast.Subscript):
            is_slice = isinstance(node.slice, gast.Slice)
            return base if base is None or is_slice else f"{base}[]"
        attr = node.attr.removesuffix(tree.FIELD_MARK)
        return f"{base}.{attr}" if base is not None else None
    return None


def with_plain_attributes(classes: Classes, whole: set[str]) -> Classes:
    """The same with numbers and arrays: other attributes of objects of which a call has told all objects in them, the paths `whole`."""
    found = dict(classes)
    for path in whole:
        kind = classes.get(path)
        is_near = path.count(".") + path.count("[") < LEAST_DEPTH
        if kind is None or is_mixed(kind) or not is_near:
            continue
        for attr in {*getattr(kind, "_fields", ()), *own_attributes(kind)}:
            held = below(classes, f"{path}.{attr}")
            found |= {} if held or has_setter(kind, attr) else {f"{path}.{attr}": Plain}
    return found


def below(classes: Mapping[str, type], path: str) -> Classes:
    """What is known of a path, by the rest of it."""
    return {
        k[len(path) :]: kind
        for k, kind in classes.items()
        if k == path or k.startswith((f"{path}.", f"{path}["))
    }


def elements_of(known: list[Classes]) -> Classes:
    """What is known of every element of a container, and of attributes of those elements that have them."""
    every = {rest for k in known for rest in k if rest}
    having = {rest: [k for k in known if may_have(k, rest)] for rest in every}
    shared = [rest for rest in every if all(rest in k for k in having[rest])]
    common = {rest: joined(k[rest] for k in having[rest]) for rest in shared}
    common[""] = joined_elements(k.get("") for k in known)
    if common[""] is None and any("" in k for k in known):
        return {}
    return {f"[]{rest}": kind for rest, kind in common.items() if kind is not None}


# --- annotations ----------------------------------------------------------------------------------------------------------
@functools.lru_cache(maxsize=1024)
def _annotations(of: Any) -> dict[str, Any]:
    """What a class or a function is annotated with; nothing where an annotation names what is not there."""
    try:
        return typing.get_type_hints(of)
    except (AttributeError, NameError, SyntaxError, TypeError):
        return {}


def _users_classes(kinds: Mapping[str, Any]) -> Classes:
    """Those of the annotations that are classes of the user, and lists or tuples of such, if they tell the very class."""
    found = {n: k for n, k in kinds.items() if isinstance(k, type)}
    for name, kind in kinds.items():
        element = next(iter(typing.get_args(kind)), None)
        if typing.get_origin(kind) in (list, tuple) and isinstance(element, type):
            found[f"{name}[]"] = element
    return {text: k for text, k in found.items() if not is_library(k) and tells_class(k)}


def is_users_class(source: Any, node: tree.Node) -> bool:
    """Whether an expression of a function is a class of the user."""
    value = source.value_of(node)
    return isinstance(value, type) and not is_library(value)


def method_object(function: types.FunctionType) -> tuple[str, ...]:
    """The parameter for the object, if a function is defined in a class."""
    path = function.__qualname__.split(".")
    is_method = len(path) > 1 and path[-2] != "<locals>" and function.__code__.co_argcount
    return function.__code__.co_varnames[:1] if is_method else ()


def annotated(owner: type, attr: str) -> Classes:
    """What the annotation of an attribute tells."""
    return below(_users_classes(_annotations(owner)), attr)


def classes_of(function: types.FunctionType) -> Classes:
    """Classes of the user that the parameters of a function are annotated with."""
    return _users_classes(_annotations(function))


def owner_of(function: types.FunctionType) -> type | None:
    """The class that a method was defined in, found by its name."""
    *path, _ = function.__qualname__.split(".")
    found: Any = inspect.getmodule(function)
    for part in path:
        found = getattr(found, part, None)
    return found if isinstance(found, type) else None


def defined_in(owner: type, name: str) -> tuple[type, Any] | None:
    """The class of the user from which `owner` has a member, and the member as it stands there."""
    for kind in owner.__mro__:
        if name in vars(kind):
            return None if is_library(kind) else (kind, vars(kind)[name])
    return None


def is_class_attribute(owner: type, name: str) -> bool:
    """Whether an attribute belongs to the class, and no object has one of its own by that name."""
    found = defined_in(owner, name)
    if found is None or callable(found[1]) or hasattr(found[1], "__get__"):
        return False
    if isinstance(found[1], Held) or (sets_any_attribute(owner) and not is_made_for_object(owner)):
        return False
    return name not in own_attributes(owner)


def held_function(owner: type, name: str) -> Any:
    """The function that an attribute stands for, which is called without the object; None for others."""
    found = defined_in(owner, name)
    member = found[1] if found else None
    if isinstance(member, Held):
        return member.__func__
    if found is None or may_be_replaced(owner, name):
        return None
    if isinstance(member, staticmethod):
        return member.__func__
    is_value = not callable(member) or isinstance(member, type) or hasattr(member, "__get__")
    return None if is_value or is_object(member) else member


def may_be_replaced(owner: type, name: str) -> bool:
    """Whether an object may have something else than the method of its class by that name."""
    if is_made_for_object(owner) or defined_in(owner, name) is None:
        return False
    return sets_any_attribute(owner) or name in own_attributes(owner)


@functools.cache
def assigned_attributes(kind: type) -> tuple[dict[str, str], tuple[str, ...]] | None:
    """Parameters by the attributes that `__init__` assigns them to, and all of its parameters in order.

    None where `__init__` does more than to assign parameters and literals, or an assignment more than to keep the value.
    """
    init, new = inspect.getattr_static(kind, "__init__"), inspect.getattr_static(kind, "__new__")
    if is_library(kind) or not isinstance(init, types.FunctionType) or new is not object.__new__:
        return None
    if not keeps_attributes(kind):
        return None
    try:
        function: Any = read_source(init).tree
    except KnetsrcError:
        return None
    first, *parameters = [a.id for a in [*function.args.posonlyargs, *function.args.args]]
    if function.args.vararg or function.args.kwarg or function.args.kwonlyargs:
        return None
    attributes: dict[str, str] = {}
    for node in function.body:
        inherited = _by_super(kind, node, parameters)
        if inherited is not None:
            attributes |= inherited
            continue
        pairs = _assigned(node)
        if pairs is None:
            return None
        for target, value in pairs:
            if not isinstance(target, gast.Attribute) or not tree.is_name(target.value, first):
                return None
            if has_setter(kind, target.attr):
                return None
            if isinstance(value, gast.Name) and value.id in parameters:
                attributes[target.attr] = value.id
            elif not isinstance(value, gast.Constant) or target.attr in attributes:
                return None
    return attributes, tuple(parameters)


def _assigned(node: Any) -> list[tuple[Any, Any]] | None:
    """Targets and values of an assignment, those of `self.w, self.b = w, b` too; none of a docstring, None for what does more."""
    if isinstance(node, gast.Expr) and tree.is_constant(node.value):
        return []
    if isinstance(node, gast.AnnAssign):
        return [(node.target, node.value)] if node.value else []
    if not isinstance(node, gast.Assign) or len(node.targets) > 1:
        return None
    target, value = node.targets[0], node.value
    if isinstance(target, gast.Tuple) and isinstance(value, gast.Tuple):
        pairs = list(zip(target.elts, value.elts, strict=False))
        return pairs if len(target.elts) == len(value.elts) else None
    return [(target, value)]


def _by_super(kind: type, node: Any, parameters: list[str]) -> dict[str, str] | None:
    """What `super().__init__(a, b)` assigns, of the parameters of the method that calls it; None for other statements."""
    call = node.value if isinstance(node, gast.Expr) else None
    if not isinstance(call, gast.Call) or not isinstance(call.func, gast.Attribute):
        return None
    if call.func.attr != "__init__" or tree.called_name(call.func.value) != "super":
        return None
    owner = next(i for i, k in enumerate(kind.__mro__) if "__init__" in vars(k))
    above = (
        kind.__mro__[owner + 1] if len(kind.__mro__) == owner + len(kind.__bases__) + 2 else None
    )
    found = assigned_attributes(above) if above is not None and not is_library(above) else None
    if found is None:
        return None
    attributes, names = found
    given = dict(zip(names, call.args, strict=False)) | {k.arg: k.value for k in call.keywords}
    passed: dict[str, Any] = {a: given.get(p) for a, p in attributes.items()}
    if not all(isinstance(v, gast.Name) and v.id in parameters for v in passed.values()):
        return None
    return {a: v.id for a, v in passed.items()}
