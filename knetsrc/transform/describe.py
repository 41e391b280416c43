"""Names that say what an expression is: `exp_x`, `sum_exp`, `x_minus_mu`, `product`."""

import re

import gast

from knetsrc.transform import tree

_OPERATIONS = {
    "+": "sum",
    "-": "difference",
    "*": "product",
    "/": "quotient",
    "**": "power",
    "@": "product",
}
_BETWEEN = {"+": "plus", "-": "minus", "*": "times", "/": "over", "@": "times"}
_POWERS = {2: "squared", 3: "cubed"}
_JOINING = {
    "concatenate": "joined",
    "hstack": "joined",
    "vstack": "joined",
    "stack": "stacked",
    "absolute": "abs",
    "where": "chosen",
}
_LONGEST, _LONGEST_CALL = 24, 18


def describe(node: tree.Node, depth: int = 2) -> str:
    """A name that says what an expression is.

    >>> [describe(tree.parse_expression(t)) for t in ("np.exp(x)", "1 - p", "x @ w + b", "models.DenseLayer(w)")]
    ['exp_x', 'one_minus_p', 'affine', 'dense_layer']
    """
    if isinstance(node, gast.Name):
        return node.id
    if isinstance(node, gast.Attribute):
        return describe(node.value, depth)
    if isinstance(node, gast.Subscript):
        return describe(node.value, depth)
    if isinstance(node, gast.BinOp):
        return _of_operands(node) or _describe_operation(node)
    if isinstance(node, gast.UnaryOp):
        return "negative" if depth < 2 else f"neg_{describe(node.operand, depth - 1)}"
    if isinstance(node, gast.Call):
        return _describe_call(node, depth)
    return {gast.Tuple: "parts", gast.List: "parts", gast.Compare: "mask"}.get(type(node), "value")


def _of_operands(node: gast.BinOp) -> str | None:
    """`x_minus_mu`, `one_minus_p` or `x_squared` for an operation on names."""
    left, right, symbol = node.left, node.right, tree.symbol_of(node.op)
    if symbol == "**" and tree.is_name(left) and tree.is_constant(right, *_POWERS):
        return f"{left.id}_{_POWERS[right.value]}"
    first = "one" if tree.is_constant(left, 1) and symbol in "+-" else getattr(left, "id", None)
    if first is None or not tree.is_name(right) or symbol not in _BETWEEN:
        return None
    text = f"{first}_{_BETWEEN[symbol]}_{right.id}"
    return text if len(text) <= _LONGEST else None


def _describe_operation(node: gast.BinOp) -> str:
    symbol = tree.symbol_of(node.op)
    operations = [n.op for n in (node.left, node.right) if isinstance(n, gast.BinOp)]
    if symbol == "+" and any(isinstance(op, gast.Mult | gast.MatMult) for op in operations):
        return "affine"
    return _OPERATIONS.get(symbol, "value")


def _describe_call(node: gast.Call, depth: int) -> str:
    function = node.func
    text = (
        function.attr if isinstance(function, gast.Attribute) else getattr(function, "id", "value")
    )
    if text[:1].isupper() and not text.isupper():  # an object is made
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()
    text = _JOINING.get(text, text)
    first = node.args[0] if node.args else None
    if isinstance(function, gast.Attribute) and not _is_module(function.value):
        first = function.value
    if depth == 0 or first is None:
        return text
    inner = _of_argument(first, depth - 1)
    if inner and len(text) + len(inner) > _LONGEST_CALL:
        inner = describe(first, 0) if isinstance(first, gast.Call) else None
    return f"{text}_{inner}" if inner and inner != text else text


def _of_argument(node: tree.Node, depth: int) -> str | None:
    """What a function is applied to, if that has a name: `var` for `var + 1e-5` too."""
    if isinstance(node, gast.BinOp):
        names = [n for n in (node.left, node.right) if tree.is_name(n)]
        is_shifted = isinstance(node.op, gast.Add) and tree.is_number(node.right)
        return names[0].id if names and is_shifted else _of_operands(node)
    if isinstance(node, gast.UnaryOp) and tree.is_name(node.operand):
        return f"neg_{node.operand.id}"
    plain = isinstance(node, gast.Name | gast.Attribute | gast.Subscript | gast.Call)
    return describe(node, depth) if plain else None


def _is_module(node: tree.Node) -> bool:
    return (
        isinstance(node, gast.Name) and node.id in {"np", "math", "special", "linalg", "ops"}
    ) or (isinstance(node, gast.Attribute) and _is_module(node.value))
