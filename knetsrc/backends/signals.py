"""What adjoints of convolutions and of linear filters need beside these."""

from typing import Any

import numpy as np

from knetsrc.backends.arrays import unbroadcast


def cut_off(result: Any, first: Any, second: Any, mode: str) -> list[tuple[int, int]]:
    """How many elements of a whole convolution are not in the result, before and after it along each axis.

    Parameters
    ----------
    result
        Of `scipy.signal.convolve(first, second, mode)`, or its adjoint.
    first, second
        The operands.
    mode
        "full", "same" (as `first`), "valid", or "same_2d" for what `scipy.signal.correlate2d` takes for "same".
    """
    widths = []
    shapes = zip(np.shape(result), np.shape(first), np.shape(second), strict=True)
    for n, a, b in shapes:
        start = {"full": 0, "same": (b - 1) // 2, "same_2d": b // 2, "valid": min(a, b) - 1}[mode]
        widths.append((start, a + b - 1 - start - n))
    return widths


def delayed_products(d: Any, x: Any, taps: Any, axis: int) -> Any:
    """Inner products of `d` with `x` delayed by 0, 1, ... steps along an axis, one for each of `taps`, in the shape of these."""
    later = np.moveaxis(d, axis, 0)
    earlier = np.moveaxis(x, axis, 0)
    length = np.shape(later)[0]
    found = [
        np.sum(later[min(k, length) :] * earlier[: max(length - k, 0)])
        for k in range(np.size(taps))
    ]
    return unbroadcast(np.reshape(np.stack(found), np.shape(taps)), taps)
