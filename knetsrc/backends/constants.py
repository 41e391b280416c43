"""What holds a gradient back."""

from typing import Any


def stop_gradient(x: Any) -> Any:
    """`x` itself, as a constant: no gradient flows through.

    Parameters
    ----------
    x
        Anything.

    Returns
    -------
    Any
        `x`.

    Examples
    --------
    >>> from knetsrc import grad, stop_gradient
    >>> grad(lambda x: stop_gradient(x) * x)(3.0)
    3.0
    """
    return x
