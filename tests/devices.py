"""Values on the pretended device: taken there, taken back, compared with those of the host."""

from typing import Any

import numpy as np

import stand_in
from knetsrc.structure import map_leaves
from rules import leaves


def to_device(value: Any) -> Any:
    """`value` with its arrays on the pretended device."""

    def moved(leaf: Any) -> Any:
        return stand_in.ndarray(leaf.copy()) if isinstance(leaf, np.ndarray) else leaf

    return map_leaves(moved, value)


def to_host(value: Any) -> Any:
    """`value` with its arrays on the host."""

    def moved(leaf: Any) -> Any:
        return leaf._host if isinstance(leaf, stand_in.ndarray) else leaf

    return map_leaves(moved, value)


def check_on_device(found: Any, expected: Any, value: Any, what: str) -> None:
    """Gradients on the device against those of the host; `value` is what they belong to.

    A Python float may have an array without axes as its gradient: to make it a float would wait.
    """
    for f, e, v in zip(leaves(found), leaves(expected), leaves(value), strict=True):
        if e is None:
            assert f is None, f"{f!r} where the host has no gradient\n{what}"
            continue
        assert not isinstance(f, np.ndarray), f"an array on the host\n{what}"
        if isinstance(v, stand_in.ndarray):
            assert isinstance(f, stand_in.ndarray), f"{type(f)} for an array\n{what}"
            assert f.dtype == v.dtype, f"{f.dtype}, not {v.dtype}\n{what}"
        assert np.shape(f) == np.shape(e), f"shape {np.shape(f)}, not {np.shape(e)}\n{what}"
        numbers = f._host if isinstance(f, stand_in.ndarray) else f
        np.testing.assert_allclose(numbers, e, rtol=1e-9, atol=1e-12, err_msg=what)
