"""The adjoint of an einsum whose subscripts are written out, as an einsum of its own.

einsum_adjoint("ij,jk->ik", [a, b], 0, d)  ->  unbroadcast(np.einsum("ik,jk->ij", d, b), a)
"""

import gast

from knetsrc.transform import tree


def explicit_einsum(
    subscripts: str, operands: list[tree.Node], position: tree.Node, adjoint: tree.Node
) -> tree.Node | None:
    """The adjoint of one operand as an einsum; None where it takes more than that.


    Axes of size 1 that einsum has repeated are summed by `unbroadcast`.
    """
    if not isinstance(position, gast.Constant) or subscripts.count(",") + 1 != len(operands):
        return None
    turned = turned_subscripts(subscripts, position.value)
    if turned is None:
        return None
    others = [n for i, n in enumerate(operands) if i != position.value]
    einsum = tree.call(tree.dotted("np.einsum"), tree.constant(turned), adjoint, *others)
    if len(others) > 1:  # the plain loop runs over all indices at once
        einsum.keywords = [*einsum.keywords, *tree.call("f", optimize=tree.constant(True)).keywords]
    return tree.call("unbroadcast", einsum, operands[position.value])


def turned_subscripts(subscripts: str, position: int) -> str | None:
    """Subscripts of the adjoint of one operand, made from that of the result and the others.


    None where an index of the operand is in none of those, where it has one twice, or where an
    ellipsis may stand for fewer axes in the operand than elsewhere and does not come first in it.

    >>> turned_subscripts("ij,jk->ik", 0)
    'ik,jk->ij'
    >>> turned_subscripts("ij->i", 0) is None
    True
    """
    if not isinstance(subscripts, str):
        return None
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow:
        if "..." in left:
            return None
        output = "".join(sorted(i for i in set(left) - {","} if left.count(i) == 1))
    own = terms[position]
    others = [output, *(t for i, t in enumerate(terms) if i != position)]
    letters = own.replace("...", "")
    is_complete = set(letters) <= set("".join(others)) and len(set(letters)) == len(letters)
    has_ellipsis = any("..." in term for term in others)
    if not is_complete or has_ellipsis != ("..." in own) or own.find("...") > 0:
        return None
    if has_ellipsis and "..." not in output:
        return None
    return f"{','.join(others)}->{own}"
