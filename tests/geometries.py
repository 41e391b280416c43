"""Random convolutions and poolings for hypothesis: shapes and options that go together."""

from typing import Any

import numpy as np
from hypothesis import strategies as st


@st.composite
def convolutions(draw: Any) -> tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]:
    """Shapes of images and filters, and options, in one to three dimensions."""
    axes = draw(st.integers(1, 3))
    groups = draw(st.integers(1, 3))
    inside, outside = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    window = _numbers(draw, axes, 1, 3)
    dilation = _numbers(draw, axes, 1, 2)
    stride = _numbers(draw, axes, 1, 3)
    padding = tuple(_numbers(draw, 2, 0, 2) for _ in range(axes))
    image = tuple(
        max(1, d * (k - 1) + 1 - sum(both) + more)
        for k, d, both, more in zip(
            window, dilation, padding, _numbers(draw, axes, 0, 4), strict=True
        )
    )
    options = {"padding": padding, "stride": stride, "dilation": dilation, "groups": groups}
    x = (draw(st.integers(1, 2)), inside * groups, *image)
    return x, (outside * groups, inside, *window), options


@st.composite
def poolings(draw: Any) -> tuple[tuple[int, ...], dict[str, Any]]:
    """The shape of images, and options, in one to three dimensions."""
    axes = draw(st.integers(1, 3))
    window = _numbers(draw, axes, 1, 3)
    padding = tuple(draw(st.integers(0, k // 2)) for k in window)
    image = tuple(
        k + more for k, more in zip(window, _numbers(draw, axes, 0, 20 // axes), strict=True)
    )
    stride = draw(st.one_of(st.none(), st.just(_numbers(draw, axes, 1, 3))))
    mode = draw(st.sampled_from(["max", "avg", "avg_exclude_pad"]))
    options = {"window": window, "padding": padding, "stride": stride, "mode": mode}
    return (2, draw(st.integers(1, 2)), *image), options | {"ceil": draw(st.booleans())}


def _numbers(draw: Any, count: int, least: int, most: int) -> tuple[int, ...]:
    return tuple(draw(st.integers(least, most)) for _ in range(count))


def windows(x: np.ndarray, window: tuple[int, ...], stride: Any, dilation: Any) -> np.ndarray:
    """All windows of images, as (batch, channels, *output, *window)."""
    axes = tuple(range(2, x.ndim))
    reach = tuple(d * (k - 1) + 1 for k, d in zip(window, dilation, strict=True))
    views = np.lib.stride_tricks.sliding_window_view(x, reach, axes)
    steps = tuple(slice(None, None, s) for s in stride)
    return views[(slice(None), slice(None), *steps, *(slice(None, None, d) for d in dilation))]


def plain_convolution(
    x: np.ndarray, w: np.ndarray, padding: Any, stride: Any, dilation: Any, groups: int
) -> np.ndarray:
    """Cross-correlation as its definition says: each window times each filter, added up."""
    found = windows(np.pad(x, ((0, 0), (0, 0), *padding)), w.shape[2:], stride, dilation)
    axes = x.ndim - 2
    parts = [
        np.tensordot(images, filters, ((1, *range(2 + axes, 2 + 2 * axes)), range(1, w.ndim)))
        for images, filters in zip(
            np.split(found, groups, axis=1), np.split(w, groups), strict=True
        )
    ]
    return np.moveaxis(np.concatenate(parts, axis=-1), -1, 1)
