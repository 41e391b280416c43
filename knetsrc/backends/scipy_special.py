"""Functions of `scipy.special` that NumPy's protocols do not carry to other arrays."""

from typing import Any

from knetsrc.modules import special_module


def zeta(x: Any, q: Any) -> Any:
    """Hurwitz zeta function, ``sum((q + k) ** -x for k = 0, 1, ...)``, as `scipy.special.zeta`.

    In SciPy it is no ufunc but a function, which would take an array of a device to the host.

    Parameters
    ----------
    x, q
        Arrays or numbers, `x` above 1.

    Returns
    -------
    array or number
        In the broadcast shape of both.
    """
    return special_module(x, q).zeta(x, q)
