"""Names that say what an expression is: `exp_x`, `sum_exp`, `product`."""

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


def describe(node: tree.Node, depth: int = 2) -> str:
    """A name that says what an expression is."""
    if isinstance(node, gast.Name):
        return node.id
    if isinstance(node, gast.Attribute):
        return describe(node.value, depth)
    if isinstance(node, gast.Subscript):
        return describe(node.value, depth)
    if isinstance(node, gast.BinOp):
        return _OPERATIONS.get(tree.symbol_of(node.op), "value")
    if isinstance(node, gast.UnaryOp):
        return "negative" if depth < 2 else f"neg_{describe(node.operand, depth - 1)}"
    if isinstance(node, gast.Call):
        return _describe_call(node, depth)
    return {gast.Tuple: "parts", gast.List: "parts", gast.Compare: "mask"}.get(type(node), "value")


def _describe_call(node: gast.Call, depth: int) -> str:
    function = node.func
    text = (
        function.attr if isinstance(function, gast.Attribute) else getattr(function, "id", "value")
    )
    first = node.args[0] if node.args else None
    if isinstance(function, gast.Attribute) and not _is_module(function.value):
        first = function.value
    if depth == 0 or first is None:
        return text
    inner = describe(first, depth - 1)
    plain = isinstance(first, gast.Name | gast.Attribute | gast.Subscript | gast.Call)
    return f"{text}_{inner}" if plain and inner != text else text


def _is_module(node: tree.Node) -> bool:
    return (
        isinstance(node, gast.Name) and node.id in {"np", "math", "special", "linalg", "ops"}
    ) or (isinstance(node, gast.Attribute) and _is_module(node.value))
