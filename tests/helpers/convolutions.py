"""Random geometries, and the convolution and its adjoints as sums over sliding windows."""

import numpy as np
from hypothesis import strategies as st

from knetsrc.backends.kernels import Geometry

TOLERANCE = {"float32": 1e-4, "float64": 1e-12}


@st.composite
def geometries(draw, largest=24):
    """Geometries of one to three dimensions, with at least one output."""
    rank = draw(st.integers(1, 3))
    groups = draw(st.integers(1, 3))
    axes = []
    for _ in range(rank):
        window = draw(st.integers(1, 4))
        dilation = draw(st.integers(1, 3))
        reach = (window - 1) * dilation + 1
        padding = draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
        least = max(1, reach - sum(padding))
        image = draw(st.integers(least, max(least, largest if rank < 3 else 9)))
        axes.append((image, window, padding, draw(st.integers(1, 3)), dilation))
    return Geometry(*zip(*axes, strict=True), groups)


def arrays(geometry, batch, inputs, outputs, dtype, seed=0):
    """x, w and d_y of a geometry, with so many channels in and out of each group."""
    rng = np.random.default_rng(seed)
    groups = geometry.groups
    x = rng.standard_normal((batch, inputs * groups, *geometry.image))
    w = rng.standard_normal((outputs * groups, inputs, *geometry.window))
    d_y = rng.standard_normal((batch, outputs * groups, *geometry.output))
    return tuple(array.astype(dtype) for array in (x, w, d_y))


def windows(x, geometry):
    """The windows of a batch, as (N, groups, C / groups, *output, *window); a view if unpadded."""
    rank = len(geometry.image)
    x = np.pad(x, ((0, 0), (0, 0), *geometry.padding))
    x = x.reshape(x.shape[0], geometry.groups, -1, *x.shape[2:])
    axes = tuple(range(3, 3 + rank))
    found = np.lib.stride_tricks.sliding_window_view(x, geometry.reach, axes, writeable=True)
    steps = tuple(slice(None, None, step) for step in geometry.stride)
    apart = tuple(slice(None, None, step) for step in geometry.dilation)
    return found[(slice(None),) * 3 + steps + apart]


def grouped(array, groups, axis):
    return array.reshape(*array.shape[:axis], groups, -1, *array.shape[axis + 1 :])


def letters(geometry):
    rank = len(geometry.image)
    return "pqr"[:rank], "ijk"[:rank]


def reference(x, w, geometry):
    """What `convolve` is to give."""
    p, i = letters(geometry)
    found = np.einsum(
        f"ngc{p}{i},goc{i}->ngo{p}",
        windows(x, geometry),
        grouped(w, geometry.groups, 0),
        optimize=True,
    )
    return found.reshape(x.shape[0], w.shape[0], *geometry.output)


def reference_adjoint_w(x, d_y, geometry):
    """What `convolve_adjoint_w` is to give."""
    p, i = letters(geometry)
    found = np.einsum(
        f"ngc{p}{i},ngo{p}->goc{i}",
        windows(x, geometry),
        grouped(d_y, geometry.groups, 1),
        optimize=True,
    )
    return found.reshape(d_y.shape[1], -1, *geometry.window)


def reference_adjoint_x(d_y, w, geometry):
    """What `convolve_adjoint_x` is to give: each tap of each window adds to a padded image."""
    p, i = letters(geometry)
    spread = np.einsum(
        f"ngo{p},goc{i}->ngc{p}{i}",
        grouped(d_y, geometry.groups, 1),
        grouped(w, geometry.groups, 0),
        optimize=True,
    )
    padded = np.zeros((d_y.shape[0], geometry.groups, w.shape[1], *geometry.padded), d_y.dtype)
    for tap in np.ndindex(geometry.window):
        steps = zip(tap, geometry.dilation, geometry.output, geometry.stride, strict=True)
        box = tuple(slice(t * d, t * d + (n - 1) * s + 1, s) for t, d, n, s in steps)
        padded[(..., *box)] += spread[(..., *tap)]
    inner = tuple(
        slice(before, before + size)
        for (before, _), size in zip(geometry.padding, geometry.image, strict=True)
    )
    return padded[(..., *inner)].reshape(d_y.shape[0], -1, *geometry.image)


def assert_close(found, wanted):
    """Close as sums of many products are: by the largest element."""
    assert found.dtype == wanted.dtype and found.shape == wanted.shape
    largest = max(1.0, np.abs(wanted).max(initial=0))
    assert np.abs(found - wanted).max(initial=0) <= TOLERANCE[str(wanted.dtype)] * largest
