"""The adjoint of one operand of an einsum, for every form of the subscripts.

subscripts "ij,jk->ik", operands (a, b), position 0, d of shape ik  ->  d_a =
einsum("jk,ik->ij", b, d)
"""

import math
from collections.abc import Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from knetsrc.backends.arrays import beside, unbroadcast
from knetsrc.errors import KnetsrcError
from knetsrc.modules import array_module

_BLAS_PAYS = 60_000  # multiplications from which BLAS is quicker than the plain loop of einsum


def einsum_adjoint(subscripts: str, operands: Sequence[Any], position: int, d: Any) -> Any:
    """Adjoint of one operand of `np.einsum(subscripts, *operands)`.

    It is an einsum of the other operands and `d`, to the indices of the operand. An index that only
    this operand has is repeated; one that it has twice gets its adjoint on the diagonal; one along
    which it was repeated is summed.

    Parameters
    ----------
    subscripts
        As in `np.einsum`, with or without an output, with or without an ellipsis.
    operands
        All of its operands.
    position
        Which operand the adjoint is for.
    d
        Adjoint of the result.

    Returns
    -------
    array or number
        In the shape and dtype of the operand.

    Raises
    ------
    KnetsrcError
        If the subscripts are not a string (the form `np.einsum(a, [0, 1], b, [1, 2])`).
    """
    d = beside(d, *operands)
    inputs, output = _indices(subscripts, operands)
    sizes = _sizes(inputs, operands)
    x, own = operands[position], inputs[position]
    terms = [
        _without_repeated(operand, letters, sizes)
        for i, (operand, letters) in enumerate(zip(operands, inputs, strict=True))
        if i != position
    ]
    if output:
        terms.append((d, output))
    letters = "".join(dict.fromkeys(own))
    present = set().union(*(indices for _, indices in terms))
    extents = dict(zip(own, np.shape(x), strict=True))
    kept = "".join(i for i in letters if i in present and extents[i] == sizes[i])
    value = _contract(terms, kept, sizes)
    value = value if output else value * d
    value = np.reshape(value, [extents[i] if i in kept else 1 for i in letters])
    if len(letters) == len(own):
        return unbroadcast(value, x)
    d_x = np.zeros_like(x, dtype=value.dtype)
    d_x[_diagonal(own, letters, x)] = value
    return unbroadcast(d_x, x)


def _diagonal(own: str, letters: str, x: Any) -> tuple[Any, ...]:
    """The index of the elements of `x` where axes of one letter have one position."""
    xp, rank = array_module(x), len(letters)
    return tuple(
        xp.arange(n).reshape((-1,) + (1,) * (rank - 1 - letters.index(letter)))
        for letter, n in zip(own, np.shape(x), strict=True)
    )


def einsum_tangent(subscripts: str, operands: Sequence[Any], position: int, tangent: Any) -> Any:
    """Tangent of `np.einsum(subscripts, *operands)` along one operand: it is linear in each.

    Parameters
    ----------
    subscripts, operands
        As in `np.einsum`.
    position
        Which operand has the tangent.
    tangent
        Of the shape of that operand.

    Returns
    -------
    array or number
        Of the shape of the result.
    """
    return np.einsum(subscripts, *operands[:position], tangent, *operands[position + 1 :])


def einsum_adjoint_operands(
    subscripts: str, operands: Sequence[Any], position: int, tangent: Any, d: Any
) -> list[Any]:
    """Adjoints of the operands in `einsum_adjoint(subscripts, operands, position, d)`.

    Parameters
    ----------
    subscripts, operands, position, d
        As there.
    tangent
        Adjoint of its result.

    Returns
    -------
    list of array
        In the shapes and dtypes of the operands; zeros for the one at `position`.
    """
    turned = [*operands[:position], tangent, *operands[position + 1 :]]
    return [
        np.zeros_like(x) if i == position else einsum_adjoint(subscripts, turned, i, d)
        for i, x in enumerate(operands)
    ]


def _indices(subscripts: str, operands: Sequence[Any]) -> tuple[list[str], str]:
    """The indices of each operand and of the result, one letter an axis."""
    if not isinstance(subscripts, str):
        raise KnetsrcError(
            "einsum with lists of indices",
            why="the derivative rule reads the subscripts from a string",
            instead='write the subscripts as a string: np.einsum("ij,jk->ik", a, b)',
        )
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    pairs = zip(terms, operands, strict=True)
    hidden = [np.ndim(x) - len(term.replace("...", "")) for term, x in pairs]
    unused = [letter for letter in ascii_letters if letter not in left]
    batch = "".join(unused[: max(hidden)])
    starts = [len(batch) - n for n in hidden]
    inputs = [term.replace("...", batch[i:]) for term, i in zip(terms, starts, strict=True)]
    if not arrow:
        named = left.replace("...", "").replace(",", "")
        output = "..." + "".join(sorted(letter for letter in named if named.count(letter) == 1))
    return inputs, output.replace("...", batch)


def _sizes(inputs: list[str], operands: Sequence[Any]) -> dict[str, int]:
    """How many values each index takes; an axis of size 1 is repeated."""
    sizes: dict[str, int] = {}
    for letters, x in zip(inputs, operands, strict=True):
        for letter, n in zip(letters, np.shape(x), strict=True):
            if sizes.get(letter, 1) == 1:
                sizes[letter] = n
    return sizes


def _without_repeated(x: Any, letters: str, sizes: dict[str, int]) -> tuple[Any, str]:
    """`x` without the axes of size 1 along which einsum repeats it."""
    shape = np.shape(x)
    axes = [axis for axis, letter in enumerate(letters) if shape[axis] != sizes[letter]]
    if not axes:
        return x, letters
    kept = "".join(letter for axis, letter in enumerate(letters) if axis not in axes)
    return np.squeeze(x, tuple(axes)), kept


def _contract(terms: list[tuple[Any, str]], output: str, sizes: dict[str, int]) -> Any:
    """Einsum of `terms`, through BLAS where it is large enough for that to pay."""
    if not terms:
        return 1
    inputs = ",".join(letters for _, letters in terms)
    work = math.prod(sizes[i] for i in set(inputs) - {","})
    arrays = [x for x, _ in terms]
    optimize = len(arrays) > 1 and work > _BLAS_PAYS
    return np.einsum(f"{inputs}->{output}", *arrays, optimize=optimize)
