"""Covariances and correlations of many variables: the adjoints of `np.cov` and `np.corrcoef`."""

from typing import Any

import numpy as np

from knetsrc.backends.arrays import unbroadcast
from knetsrc.modules import array_module


def cov_adjoint(
    d: Any, m: Any, other: Any, of_other: bool, rowvar: bool, ddof: int | None, bias: bool
) -> Any:
    """The adjoint of one of the arguments of `np.cov(m, other, rowvar, bias, ddof)`; None for `other` if it is None.

    Parameters
    ----------
    d
        Adjoint of the matrix, of shape (variables, variables); of a number where there is one variable.
    m, other
        Observations: of one variable, or of variables in rows (in columns if not `rowvar`). `other`
        may be None.
    of_other
        Whether the adjoint is that of `other`.
    rowvar, ddof, bias
        As for `np.cov`.

    Returns
    -------
    array
        Of the shape of the argument: (d + d.T) times the observations less their mean, divided by
        their number less `ddof`.
    """
    centred = _centred(m, other, rowvar)
    if ddof is None:
        ddof = 0 if bias else 1
    d_rows = _both_sides(d, centred) / (centred.shape[1] - ddof)
    return _part(d_rows, m, other, of_other, rowvar)


def corrcoef_adjoint(d: Any, m: Any, other: Any, of_other: bool, rowvar: bool) -> Any:
    """The adjoint of one of the arguments of `np.corrcoef(m, other, rowvar)`; None for `other` if it is None.

    Parameters
    ----------
    d, m, other, of_other, rowvar
        As for `cov_adjoint`.

    Returns
    -------
    array
        Of the shape of the argument: that of a product of rows of length one, without what would
        lengthen them.
    """
    xp = array_module(m)
    centred = _centred(m, other, rowvar)
    lengths = xp.sqrt((centred**2).sum(axis=1, keepdims=True))
    directions = centred / lengths
    d_directions = _both_sides(d, directions)
    along = (d_directions * directions).sum(axis=1, keepdims=True)
    d_rows = (d_directions - directions * along) / lengths
    return _part(d_rows, m, other, of_other, rowvar)


def _both_sides(d: Any, rows: Any) -> Any:
    """The adjoint of the rows of `rows @ rows.T`."""
    d = array_module(rows).reshape(d, (len(rows), len(rows)))
    return (d + d.T) @ rows


def _centred(m: Any, other: Any, rowvar: bool) -> Any:
    """The observations of each variable in a row, less their mean."""
    xp = array_module(m)
    rows = _rows(m, rowvar)
    if other is not None:
        rows = xp.concatenate((rows, _rows(other, rowvar)))
    return rows - rows.mean(axis=1, keepdims=True)


def _rows(m: Any, rowvar: bool) -> Any:
    m = array_module(m).asarray(m)
    if m.ndim < 2:
        return m.reshape(1, -1)
    return m if rowvar else m.T


def _part(d_rows: Any, m: Any, other: Any, of_other: bool, rowvar: bool) -> Any:
    """The rows of one argument, in its shape."""
    first = len(_rows(m, rowvar))
    x, d_x = (other, d_rows[first:]) if of_other else (m, d_rows[:first])
    if x is None:
        return None
    if np.ndim(x) < 2:
        return unbroadcast(d_x.reshape(np.shape(x)), x)
    return unbroadcast(d_x if rowvar else d_x.T, x)
