"""Rules of `scipy.signal`: convolutions and filters of real signals."""

import numpy as np
from scipy import signal

from knetsrc.adjoints.table import adjoint, case, nondifferentiable, real
from knetsrc.backends import cut_off, delayed_products, unbroadcast

LINES = [
    case(real(5), real(3)),
    case(real(5), real(2), "same"),
    case(real(2), real(5), "same"),
    case(real(5), real(3), "valid"),
    case(real(3), real(5), mode="valid"),
]
PLANES = [
    case(real(4, 5), real(2, 3)),
    case(real(4, 5), real(2, 3), "same"),
    case(real(2, 3), real(4, 4), "same"),
    case(real(4, 5), real(3, 2), "valid"),
    case(real(2, 2), real(4, 5), mode="valid"),
]
VOLUME = case(real(3, 2, 4), real(2, 2, 3), "same")


@adjoint(
    signal.convolve,
    cases=[*PLANES, *LINES, VOLUME, case(real(6), real(3), method="direct")],
)
def signal_convolve_rule(in1, in2, mode="full", method="auto", *, d_y):
    whole = np.pad(d_y, cut_off(d_y, in1, in2, mode))
    d_in1 = unbroadcast(signal.convolve(whole, np.flip(in2), "valid"), in1)
    d_in2 = unbroadcast(signal.convolve(whole, np.flip(in1), "valid"), in2)
    return d_in1, d_in2


@adjoint(signal.fftconvolve, cases=[*PLANES, *LINES, VOLUME])
def fftconvolve_rule(in1, in2, mode="full", *, d_y):
    whole = np.pad(d_y, cut_off(d_y, in1, in2, mode))
    d_in1 = unbroadcast(signal.convolve(whole, np.flip(in2), "valid"), in1)
    d_in2 = unbroadcast(signal.convolve(whole, np.flip(in1), "valid"), in2)
    return d_in1, d_in2


@adjoint(
    signal.correlate,
    cases=[*PLANES, *LINES, VOLUME, case(real(6), real(3), method="direct")],
)
def signal_correlate_rule(in1, in2, mode="full", method="auto", *, d_y):
    whole = np.pad(d_y, cut_off(d_y, in1, in2, mode))
    d_in1 = unbroadcast(signal.convolve(whole, in2, "valid"), in1)
    d_in2 = unbroadcast(np.flip(signal.convolve(whole, np.flip(in1), "valid")), in2)
    return d_in1, d_in2


@adjoint(signal.convolve2d, cases=PLANES)
def convolve2d_rule(in1, in2, mode="full", *, d_y):
    whole = np.pad(d_y, cut_off(d_y, in1, in2, mode))
    d_in1 = unbroadcast(signal.convolve(whole, np.flip(in2), "valid"), in1)
    d_in2 = unbroadcast(signal.convolve(whole, np.flip(in1), "valid"), in2)
    return d_in1, d_in2


@adjoint(signal.correlate2d, cases=PLANES)
def correlate2d_rule(in1, in2, mode="full", *, d_y):
    whole = np.pad(d_y, cut_off(d_y, in1, in2, "same_2d" if mode == "same" else mode))
    d_in1 = unbroadcast(signal.convolve(whole, in2, "valid"), in1)
    d_in2 = unbroadcast(np.flip(signal.convolve(whole, np.flip(in1), "valid")), in2)
    return d_in1, d_in2


TAPS, POLES = np.array([0.5, 0.2]), np.array([2.0, -0.3, 0.1])


@adjoint(
    signal.lfilter,
    cases=[
        case(TAPS, POLES, real(6)),
        case(TAPS, POLES, real(3, 4)),
        case(TAPS, POLES, real(3, 4), 0),
        case(POLES, np.array([1.0]), real(2, 3, 4), axis=1),
    ],
)
def lfilter_rule(b, a, x, axis=-1, *, y, d_y):
    d_b = delayed_products(d_y, signal.lfilter(np.ones(1), a, x, axis), b, axis)
    d_a = delayed_products(-d_y, signal.lfilter(np.ones(1), a, y, axis), a, axis)
    d_x = unbroadcast(np.flip(signal.lfilter(b, a, np.flip(d_y, axis), axis), axis), x)
    return d_b, d_a, d_x


nondifferentiable(cut_off)
