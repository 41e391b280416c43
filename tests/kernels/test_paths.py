"""Every path, at random geometries, on one worker and on several."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import convolutions
from helpers.convolutions import assert_close
from knetsrc.backends.kernels import Geometry, machine, paths, plain
from knetsrc.backends.kernels.layout import Layout

EXAMPLES = settings(max_examples=40, deadline=None)
problems = st.tuples(
    convolutions.geometries(),
    st.integers(1, 7),
    st.integers(1, 6),
    st.integers(1, 20),
    st.sampled_from("fd"),
)
ways = st.tuples(st.integers(1, 3), st.booleans())


def planned(make, problem, way, path):
    """What a path gives, into memory that held something else."""
    geometry, batch, inputs, outputs, dtype = problem
    run = make(geometry, batch, inputs, outputs, np.dtype(dtype), *way, path)

    def filled(a, b, shape):
        result = np.full(shape, np.nan, dtype)
        run(a, b, result)
        return result

    return filled


def turned(w, way):
    return np.flip(w, tuple(range(2, w.ndim))) if way[1] else w


def has_long_rows(geometry, path, dtype):
    """Whether a vector fits in a row of the output, or in a slab."""
    layout = Layout(geometry.as_volume(), 1)
    lanes = machine.processor().lanes(np.dtype(dtype)).count
    runs = layout.runs() if path == "rows" else layout.slabs(lanes)
    return next(iter(runs))[2] >= lanes


@pytest.mark.parametrize("path", ["rows", "slabs", "panel"])
@EXAMPLES
@given(problems, ways)
def test_forward(path, problem, way):
    geometry, dtype = problem[0], problem[-1]
    if path != "panel" and not has_long_rows(geometry, path, dtype):
        path = "panel"
    x, w, d_y = convolutions.arrays(*problem)
    y = planned(paths.forward, problem, way, path)(x, w, d_y.shape)
    assert_close(y, convolutions.reference(x, turned(w, way), geometry))


@pytest.mark.parametrize("path", ["scatter", "panel", None])
@EXAMPLES
@given(problems, ways)
def test_adjoint_x(path, problem, way):
    geometry = problem[0]
    x, w, d_y = convolutions.arrays(*problem)
    d_x = planned(paths.adjoint_x, problem, way, path)(d_y, w, x.shape)
    assert_close(d_x, convolutions.reference_adjoint_x(d_y, turned(w, way), geometry))


@pytest.mark.parametrize("path", ["rows", "panel", "channels"])
@EXAMPLES
@given(problems, ways)
def test_adjoint_w(path, problem, way):
    x, w, d_y = convolutions.arrays(*problem)
    d_w = planned(paths.adjoint_w, problem, way, path)(x, d_y, w.shape)
    assert_close(turned(d_w, way), convolutions.reference_adjoint_w(x, d_y, problem[0]))


@EXAMPLES
@given(problems, st.booleans())
def test_plain_loops(problem, flip):
    geometry = problem[0]
    x, w, d_y = convolutions.arrays(*problem)
    way = (1, flip)
    found = np.full_like(d_y, np.nan), np.full_like(x, np.nan), np.full_like(w, np.nan)
    plain.run("forward", x, w, found[0], geometry, flip)
    plain.run("adjoint_x", d_y, w, found[1], geometry, flip)
    plain.run("adjoint_w", x, d_y, found[2], geometry, flip)
    assert_close(found[0], convolutions.reference(x, turned(w, way), geometry))
    d_x = convolutions.reference_adjoint_x(d_y, turned(w, way), geometry)
    assert_close(found[1], d_x)
    assert_close(turned(found[2], way), convolutions.reference_adjoint_w(x, d_y, geometry))


def test_channels_beyond_a_large_filter():
    geometry = Geometry((9, 9), (3, 3), ((1, 1), (1, 1)), (1, 1), (1, 1), 1)
    problem = (geometry, 3, 200, 150, "f")
    x, w, d_y = convolutions.arrays(*problem)
    y = planned(paths.forward, problem, (2, False), "panel")(x, w, d_y.shape)
    assert_close(y, convolutions.reference(x, w, geometry))
    d_x = planned(paths.adjoint_x, problem, (2, False), "panel")(d_y, w, x.shape)
    assert_close(d_x, convolutions.reference_adjoint_x(d_y, w, geometry))
