"""Build, match and rewrite syntax trees; the only module that calls a gast constructor.

>>> print(show(assign("y", binary(name("a"), "+", constant(1)))))
y = a + 1
"""

import ast
import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias, TypeGuard

import gast

Node: TypeAlias = gast.AST

_BINARY: dict[str, type] = {
    "+": gast.Add, "-": gast.Sub, "*": gast.Mult, "/": gast.Div, "//": gast.FloorDiv, "%": gast.Mod,
    "**": gast.Pow, "@": gast.MatMult, "<<": gast.LShift, ">>": gast.RShift, "|": gast.BitOr,
    "^": gast.BitXor, "&": gast.BitAnd,
}  # fmt: skip
_COMPARE: dict[str, type] = {
    "<": gast.Lt, "<=": gast.LtE, ">": gast.Gt, ">=": gast.GtE, "==": gast.Eq, "!=": gast.NotEq,
    "is": gast.Is, "is not": gast.IsNot, "in": gast.In, "not in": gast.NotIn,
}  # fmt: skip
FIELD_MARK = "<field>"  # see `own_methods`
_WITHOUT_NODES = frozenset({"id", "ctx", "op", "ops", "attr", "arg", "type_comment", "kind"})
_SHARED = (gast.expr_context, gast.operator, gast.unaryop, gast.boolop, gast.cmpop)  # without state
_KINDS: list[Any] = [
    k for k in vars(gast).values() if isinstance(k, type) and issubclass(k, gast.AST)
]
_BELOW: dict[Any, tuple[str, ...]] = {
    kind: tuple(f for f in kind._fields[::-1] if f not in _WITHOUT_NODES) for kind in _KINDS
}  # fields in which nodes may stand, last ones first
_BELOW[gast.Constant] = ()
_COPIED: dict[Any, tuple[str, ...]] = {  # of kinds with state: fields to copy
    kind: _BELOW[kind][::-1] for kind in _KINDS if not issubclass(kind, _SHARED)
}
_SYMBOL = {kind: symbol for symbol, kind in (_BINARY | _COMPARE).items()}


# --- expressions ------------------------------------------------------------------------------------------------------
def name(text: str) -> gast.Name:
    """The name `text`, read."""
    return gast.Name(text, gast.Load(), None, None)


def store(text: str) -> gast.Name:
    """The name `text` as the target of an assignment."""
    return gast.Name(text, gast.Store(), None, None)


def constant(value: Any) -> Node:
    """A literal; a negative number is the negation of a positive one, so that it prints right as the base of a power."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        return gast.UnaryOp(gast.USub(), gast.Constant(-value, None))
    return gast.Constant(value, None)


def attribute(value: Node, attr: str) -> gast.Attribute:
    return gast.Attribute(value, attr, gast.Load())


def dotted(path: str) -> Node:
    """The expression `a.b.c` for the text "a.b.c"."""
    first, *rest = path.split(".")
    node: Node = name(first)
    for part in rest:
        node = attribute(node, part)
    return node


def subscript(value: Node, index: Node) -> gast.Subscript:
    return gast.Subscript(value, index, gast.Load())


def entry(value: Node, place: int, count: int) -> gast.Subscript:
    """The expression `value[place]` for a target of `a, b = value`, which remembers how many targets there are."""
    node = subscript(value, constant(place))
    node.targets_beside = count
    return node


def targets_beside(node: Node) -> int:
    """How many targets a value was taken apart into, of which an expression is one; 0 for all else."""
    return getattr(node, "targets_beside", 0)


def call(function: Node | str, /, *args: Node, **kwargs: Node) -> gast.Call:
    keywords = [gast.keyword(key, value) for key, value in kwargs.items()]
    return gast.Call(
        dotted(function) if isinstance(function, str) else function, list(args), keywords
    )


def binary(left: Node, symbol: str, right: Node) -> gast.BinOp:
    return gast.BinOp(left, _BINARY[symbol](), right)


def in_place(left: Node, operator: Node, right: Node) -> gast.BinOp:
    """The operation of `left += right`, as an expression that remembers this: a class may say something else for it."""
    node = gast.BinOp(left, operator, right)
    node.is_in_place = True
    return node


def is_in_place(node: Node) -> bool:
    """Whether an operation stands for one that the user wrote as `left += right`."""
    return getattr(node, "is_in_place", False)


def compare(left: Node, symbol: str, right: Node) -> gast.Compare:
    return gast.Compare(left, [_COMPARE[symbol]()], [right])


def negative(value: Node) -> gast.UnaryOp:
    return gast.UnaryOp(gast.USub(), value)


def negation(value: Node) -> gast.UnaryOp:
    return gast.UnaryOp(gast.Not(), value)


def boolean(symbol: str, values: list[Node]) -> gast.BoolOp:
    """`a and b` or `a or b`."""
    return gast.BoolOp(gast.And() if symbol == "and" else gast.Or(), values)


def choice(test: Node, body: Node, orelse: Node) -> gast.IfExp:
    return gast.IfExp(test, body, orelse)


def tuple_of(elements: Iterable[Node]) -> gast.Tuple:
    return gast.Tuple(list(elements), gast.Load())


def list_of(elements: Iterable[Node]) -> gast.List:
    return gast.List(list(elements), gast.Load())


def dict_of(keys: Iterable[Node], values: Iterable[Node]) -> gast.Dict:
    return gast.Dict(list(keys), list(values))


def merged(dicts: Iterable[Node]) -> gast.Dict:
    """`{**a, **b}`."""
    values = list(dicts)
    return gast.Dict([None] * len(values), values)


def starred(value: Node) -> gast.Starred:
    return gast.Starred(value, gast.Load())


def slice_of(lower: Node | None, upper: Node | None, step: Node | None) -> gast.Slice:
    return gast.Slice(lower, upper, step)


# --- statements -------------------------------------------------------------------------------------------------------
def target_of(target: Node | str) -> Node:
    """`target` as something to assign to: names and tuples of names change their context, a text becomes a name."""
    if isinstance(target, str):
        return store(target)
    result = clone(target)
    waiting: list[Any] = [result]
    while waiting:  # what an element is an element of, and its index, are read
        node = waiting.pop()
        if isinstance(node, gast.Tuple | gast.List):
            waiting += node.elts
        elif isinstance(node, gast.Starred):
            waiting.append(node.value)
        if hasattr(node, "ctx"):
            node.ctx = gast.Store()
    return result


def assign(target: Node | str, value: Node) -> gast.Assign:
    return gast.Assign([target_of(target)], value, None)


def assign_all(targets: Iterable[str], value: Node) -> gast.Assign:
    """`a = b = value`."""
    return gast.Assign([store(t) for t in targets], value, None)


def assign_to(targets: list[Node], value: Node) -> gast.Assign:
    """`a = b = value` for any targets."""
    return gast.Assign(targets, value, None)


def deletion(target: Node) -> gast.Delete:
    return gast.Delete([target])


def augment(target: Node | str, symbol: str, value: Node) -> gast.AugAssign:
    return gast.AugAssign(target_of(target), _BINARY[symbol](), value)


def expression(value: Node) -> gast.Expr:
    return gast.Expr(value)


def return_(value: Node) -> gast.Return:
    return gast.Return(value)


def raised_again(error: Node) -> gast.ExceptHandler:
    """A handler that lets an error through."""
    return gast.ExceptHandler(error, None, [gast.Raise(None, None)])


def if_(test: Node, body: list[Node], orelse: list[Node] | None = None) -> gast.If:
    return gast.If(test, body, orelse or [])


def for_(target: Node | str, iterable: Node, body: list[Node]) -> gast.For:
    return gast.For(target_of(target), iterable, body, [], None)


def while_(test: Node, body: list[Node]) -> gast.While:
    return gast.While(test, body, [])


def pass_() -> gast.Pass:
    return gast.Pass()


def break_() -> gast.Break:
    return gast.Break()


def parameter(text: str) -> gast.Name:
    return gast.Name(text, gast.Param(), None, None)


def function_def(
    text: str, parameters: gast.arguments | list[str], body: list[Node]
) -> gast.FunctionDef:
    if isinstance(parameters, list):
        parameters = gast.arguments([parameter(p) for p in parameters], [], None, [], [], None, [])
    return gast.FunctionDef(text, parameters, body, [], None, None, [])


def with_body(function: gast.FunctionDef, body: list[Node]) -> gast.FunctionDef:
    """The function with other statements, and without its decorators."""
    made: gast.FunctionDef = at(function_def(function.name, function.args, body), function)
    return made


def module(body: list[Node]) -> gast.Module:
    return gast.Module(body, [])


def import_(module_name: str, alias: str | None = None) -> gast.Import:
    return gast.Import([gast.alias(module_name, alias)])


def import_from(module_name: str, names: Mapping[str, str]) -> gast.ImportFrom:
    """`from module import name as alias`, sorted, for a mapping of names to aliases."""
    pairs = sorted(names.items())
    return gast.ImportFrom(module_name, [gast.alias(n, None if n == a else a) for n, a in pairs], 0)


_COMMENT = "#: "
BOUNDARY = (
    "(backward)"  # the comment between forward and backward part, until the two are written out
)


def comment(text: str) -> gast.Expr:
    """A comment, as a statement; `emit` writes it after `# `."""
    return gast.Expr(gast.Constant(_COMMENT + text, None))


def comment_text(node: Node) -> str | None:
    """The text of a comment made by `comment`, else None."""
    if isinstance(node, gast.Expr) and isinstance(node.value, gast.Constant):
        value = node.value.value
        if isinstance(value, str) and value.startswith(_COMMENT):
            return value.removeprefix(_COMMENT)
    return None


def blank() -> gast.Expr:
    """An empty line, as a statement."""
    return comment("")


# --- match ------------------------------------------------------------------------------------------------------------
def symbol_of(operator: Node) -> str:
    """`+` for Add() and so on."""
    return _SYMBOL[type(operator)]


def is_constant(node: Node | None, *values: Any) -> bool:
    """Whether `node` is a literal, one of `values` if some are given (and of their type)."""
    if not isinstance(node, gast.Constant):
        return False
    return not values or any(type(node.value) is type(v) and node.value == v for v in values)


def is_number(node: Node | None, value: float | None = None) -> TypeGuard[gast.Constant]:
    """Whether `node` is a literal number (not a bool), equal to `value` if one is given."""
    if not isinstance(node, gast.Constant) or isinstance(node.value, bool):
        return False
    return isinstance(node.value, int | float) and (value is None or node.value == value)


def is_name(node: Node | None, text: str | None = None) -> TypeGuard[gast.Name]:
    return isinstance(node, gast.Name) and (text is None or node.id == text)


def is_path(node: Node, text: str) -> bool:
    """Whether a node is a name with attributes: `np.linalg.norm`."""
    for part in reversed(text.split(".")[1:]):
        if not isinstance(node, gast.Attribute) or node.attr != part:
            return False
        node = node.value
    return is_name(node, text.split(".")[0])


def is_same(a: Any, b: Any) -> bool:
    """Whether two trees are equal, without regard to positions and contexts."""
    return signature(a) == signature(b)


def signature(node: Any) -> Any:
    """A hashable value, equal for equal trees, without positions and contexts."""
    if isinstance(node, gast.expr_context):
        return None
    if isinstance(node, Node):
        return (
            type(node).__name__,
            *(signature(getattr(node, f, None)) for f in node._fields if f != "type_comment"),
        )
    if isinstance(node, list):
        return tuple(signature(n) for n in node)
    return (type(node).__name__, node)


def walk(node: Node | Iterable[Node]) -> Iterator[Node]:
    """All nodes of a tree or of several, each before its children, in the order of the text."""
    stack: list[Node] = [node] if isinstance(node, Node) else list(node)[::-1]
    while stack:  # written out here, as most of the time goes here
        current = stack.pop()
        fields = _BELOW.get(current.__class__)
        if fields is None:  # None or a text, in place of a node
            continue
        yield current
        values = current.__dict__
        for field in fields:
            value = values.get(field)
            if value.__class__ is list:
                stack += value[::-1]
            elif value is not None:
                stack.append(value)


def children(node: Node) -> list[Node]:
    """The nodes right below a node, in the order of the text, without operators and contexts."""
    found = last_first(node)
    found.reverse()
    return found


def last_first(node: Node) -> list[Node]:
    """The same in reverse, as a stack from which the first one is taken first."""
    found: list[Node] = []
    values = node.__dict__
    for field in _BELOW[node.__class__]:
        value = values.get(field)
        if value.__class__ is list:
            found += [part for part in reversed(value) if part.__class__ in _BELOW]
        elif value.__class__ in _BELOW:
            found.append(value)
    return found


def integer_of(node: Node | None) -> int | None:
    """`-2` for a literal of it, None for all else."""
    if isinstance(node, gast.UnaryOp) and isinstance(node.op, gast.USub):
        inner = integer_of(node.operand)
        return None if inner is None else -inner
    return node.value if isinstance(node, gast.Constant) and type(node.value) is int else None


def names_read(node: Node | Iterable[Node]) -> set[str]:
    """Names that are read in the tree, those of an augmented assignment's target among them."""
    found = set()
    for n in walk(node):
        if n.__class__ is gast.Name:
            if n.ctx.__class__ is gast.Load:
                found.add(n.id)
        elif n.__class__ is gast.AugAssign and isinstance(n.target, gast.Name):
            found.add(n.target.id)
    return found


def names_written(node: Node | Iterable[Node]) -> set[str]:
    """Names that are bound in the tree."""
    return {n.id for n in walk(node) if n.__class__ is gast.Name and n.ctx.__class__ is gast.Store}


def called_name(node: Node) -> str | None:
    """`f` for a call `f(...)` of a plain name."""
    return (
        node.func.id if isinstance(node, gast.Call) and isinstance(node.func, gast.Name) else None
    )


# --- rewrite ----------------------------------------------------------------------------------------------------------
def clone(node: Any) -> Any:
    """A deep copy of a tree or of a list of trees; only operators and contexts are shared."""
    kind = node.__class__
    if kind is list:
        return [clone(item) for item in node]
    fields = _COPIED.get(kind)
    if fields is None:
        return node
    copied = kind.__new__(kind)
    values = copied.__dict__
    values.update(node.__dict__)
    for field in fields:
        value = values.get(field)
        if value is not None:
            values[field] = clone(value)
    return copied


def with_parts(node: Any, change: Callable[[Any], Any]) -> Any:
    """A copy of `node` alone, with what it remembers, and with each of its fields changed."""
    new = copy.copy(node)
    for field in node._fields:
        setattr(new, field, change(getattr(node, field, None)))
    return new


def at(new: Any, old: Node) -> Any:
    """`new` (a tree or a list of trees), its nodes without a position standing where `old` stands."""
    position = {
        f: getattr(old, f, None) for f in ("lineno", "col_offset", "end_lineno", "end_col_offset")
    }
    if position["lineno"] is None:
        return new
    for node in walk(new):
        values = node.__dict__
        if values.get("lineno") is None:
            values.update(position)
    return new


def without_place(tree: Node) -> Node:
    """A copy of `tree` whose nodes stand nowhere."""
    tree = clone(tree)
    for node in walk(tree):
        if hasattr(node, "lineno"):
            node.lineno = None
    return tree


Handler = Callable[[Any], Any]


def rewrite(tree: Any, handlers: Mapping[type, Handler]) -> Any:
    """A copy of `tree` in which each node of a type in `handlers` is replaced by what its handler returns.

    Children come before parents. A handler of a statement returns a statement or a list of statements, a handler of an
    expression an expression. The old position is handed on.
    """

    def visit(node: Any) -> Any:
        kind = node.__class__
        if kind is list:
            found: list[Any] = []
            for item in node:
                new = visit(item)
                if new.__class__ is list:
                    found += new
                else:
                    found.append(new)
            return found
        fields = _COPIED.get(kind)
        if fields is None:
            return node
        fresh = kind.__new__(kind)
        values = fresh.__dict__
        values.update(node.__dict__)
        for field in fields:
            value = values.get(field)
            if value is not None:
                values[field] = visit(value)
        handler = handlers.get(kind)
        if handler is None:
            return fresh
        new = handler(fresh)
        return fresh if new is fresh and kind is gast.Name else at(new, node)

    return visit(tree)


def substitute(tree: Any, values: Mapping[str, Node]) -> Any:
    """A copy of `tree` in which each read of a name in `values` is replaced by a copy of its value."""

    def replace(node: gast.Name) -> Node:
        if isinstance(node.ctx, gast.Load) and node.id in values:
            return clone(values[node.id])
        return node

    return rewrite(tree, {gast.Name: replace})


def rename(tree: Any, names: Mapping[str, str]) -> Any:
    """A copy of `tree` with names replaced, read or written, parameters too."""

    def replace(node: gast.Name) -> Node:
        node.id = names.get(node.id, node.id)
        return node

    return rewrite(tree, {gast.Name: replace})


# --- text -------------------------------------------------------------------------------------------------------------
def parse(text: str) -> list[Node]:
    """The statements of `text`."""
    return gast.parse(text).body


def parse_expression(text: str) -> Node:
    return gast.parse(text, mode="eval").body


def show(tree: Any) -> str:
    """The text of a tree or of a list of statements, for people and tests; `emit` writes the final output."""
    if isinstance(tree, gast.Name):
        return str(tree.id)
    tree = gast.Module(tree, []) if isinstance(tree, list) else tree
    text = ast.unparse(ast.fix_missing_locations(gast.gast_to_ast(clone(tree))))
    return text.replace(FIELD_MARK, "")
