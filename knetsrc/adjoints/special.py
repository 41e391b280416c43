"""Rules of `scipy.special`: the families of gamma (`math.gamma` too) and erf, expit, entropies.

The formulas are those of the NIST Digital Library of Mathematical Functions, chapters 5 (gamma),
7 (error functions) and 8 (incomplete gamma and beta functions).
"""

import math

import numpy as np
from scipy import special

from knetsrc.adjoints.facts import is_literal
from knetsrc.adjoints.samples import each, pairs
from knetsrc.adjoints.table import above_one, adjoint, away, case, positive, real, unit
from knetsrc.backends import unbroadcast, zeta

PROBABILITIES = [case(0.3), case(np.linspace(0.05, 0.95, 6).reshape(2, 3)), case(np.zeros((0, 2)))]


@adjoint(special.gamma, elementwise=True, cases=[*each(positive), case(np.array([-0.4, -1.3]))])
def gamma_adjoint(x, *, y, d_y):
    d_x = d_y * y * special.digamma(x)
    return d_x


@adjoint(special.gammaln, special.loggamma, elementwise=True, cases=each(positive))
def gammaln_adjoint(x, *, d_y):
    d_x = d_y * special.digamma(x)
    return d_x


@adjoint(math.gamma, elementwise=True, cases=[case(positive()), case(-1.3)])
def math_gamma_adjoint(x, *, y, d_y):
    d_x = d_y * y * special.digamma(x)
    return d_x


@adjoint(math.lgamma, elementwise=True, cases=[case(positive()), case(-1.3)])
def math_lgamma_adjoint(x, *, d_y):
    d_x = d_y * special.digamma(x)
    return d_x


@adjoint(special.digamma, elementwise=True, cases=[*each(positive), case(-1.3)])
def digamma_adjoint(x, *, d_y):
    d_x = d_y * zeta(2, x)  # the trigamma function
    return d_x


@adjoint(
    special.polygamma, cases=[case(1, positive(3, 4)), case(0, positive()), case(2, positive(0, 3))]
)
def polygamma_adjoint(n, x, *, d_y):
    d_x = unbroadcast(d_y * special.polygamma(n + 1, x), x)
    return d_x


@adjoint(
    special.zeta,
    zeta,
    constant_only=("x",),
    cases=[case(2, positive(3, 4)), case(3.5, positive()), case(np.array([2, 3]), positive(3, 1))],
)
def zeta_adjoint(x, q, *, d_y):
    d_q = unbroadcast(-d_y * x * zeta(x + 1, q), q)
    return d_q


@adjoint(special.beta, elementwise=True, cases=pairs(positive))
def beta_adjoint(a, b, *, y, d_y):
    d_a = unbroadcast(d_y * y * (special.digamma(a) - special.digamma(a + b)), a)
    d_b = unbroadcast(d_y * y * (special.digamma(b) - special.digamma(a + b)), b)
    return d_a, d_b


@adjoint(special.betaln, elementwise=True, cases=pairs(positive))
def betaln_adjoint(a, b, *, d_y):
    d_a = unbroadcast(d_y * (special.digamma(a) - special.digamma(a + b)), a)
    d_b = unbroadcast(d_y * (special.digamma(b) - special.digamma(a + b)), b)
    return d_a, d_b


GIVEN_SHAPE = [
    case(1.5, positive(3, 4)),
    case(2, positive()),
    case(np.array([0.5, 1.0, 2.0]), positive(2, 1)),
    case(np.array([[0.5], [1.0]]), positive(3)),
    case(2.0, positive(0, 3)),
]


@adjoint(special.gammainc, constant_only=("a",), cases=GIVEN_SHAPE)
def gammainc_adjoint(a, x, *, d_y):
    d_x = unbroadcast(d_y * np.exp(special.xlogy(np.subtract(a, 1), x) - x - special.gammaln(a)), x)
    return d_x


@adjoint(special.gammaincc, constant_only=("a",), cases=GIVEN_SHAPE)
def gammaincc_adjoint(a, x, *, d_y):
    d_x = unbroadcast(
        -d_y * np.exp(special.xlogy(np.subtract(a, 1), x) - x - special.gammaln(a)), x
    )
    return d_x


@adjoint(
    special.betainc,
    constant_only=("a", "b"),
    cases=[case(1.5, 2, *c.args) for c in PROBABILITIES]
    + [case(np.array([1.0, 2.0]), 0.5, np.array([[0.2], [0.7]]))],
)
def betainc_adjoint(a, b, x, *, d_y):
    log_density = special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b)
    d_x = unbroadcast(d_y * np.exp(log_density), x)
    return d_x


@adjoint(special.erf, elementwise=True, cases=each(real))
def erf_adjoint(x, *, d_y):
    d_x = d_y * (2 / math.sqrt(math.pi)) * np.exp(-(x**2))
    return d_x


@adjoint(special.erfc, elementwise=True, cases=each(real))
def erfc_adjoint(x, *, d_y):
    d_x = -d_y * (2 / math.sqrt(math.pi)) * np.exp(-(x**2))
    return d_x


@adjoint(special.erfcx, elementwise=True, cases=each(real))
def erfcx_adjoint(x, *, y, d_y):
    d_x = d_y * (2 * x * y - 2 / math.sqrt(math.pi))
    return d_x


@adjoint(special.erfi, elementwise=True, cases=each(real))
def erfi_adjoint(x, *, d_y):
    d_x = d_y * (2 / math.sqrt(math.pi)) * np.exp(x**2)
    return d_x


@adjoint(special.dawsn, elementwise=True, cases=each(real))
def dawsn_adjoint(x, *, y, d_y):
    d_x = d_y * (1 - 2 * x * y)
    return d_x


@adjoint(special.erfinv, elementwise=True, cases=each(unit))
def erfinv_adjoint(x, *, y, d_y):
    d_x = d_y * (math.sqrt(math.pi) / 2) * np.exp(y**2)
    return d_x


@adjoint(special.erfcinv, elementwise=True, cases=PROBABILITIES)
def erfcinv_adjoint(x, *, y, d_y):
    d_x = -d_y * (math.sqrt(math.pi) / 2) * np.exp(y**2)
    return d_x


@adjoint(special.ndtr, elementwise=True, cases=each(real))
def ndtr_adjoint(x, *, d_y):
    d_x = d_y * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    return d_x


@adjoint(special.log_ndtr, elementwise=True, cases=[*each(real), case(np.array([-40.0, 9.0]))])
def log_ndtr_adjoint(x, *, y, d_y):
    d_x = d_y * np.exp(-(x**2) / 2 - y) / math.sqrt(2 * math.pi)
    return d_x


@adjoint(special.ndtri, elementwise=True, cases=PROBABILITIES)
def ndtri_adjoint(x, *, y, d_y):
    d_x = d_y * math.sqrt(2 * math.pi) * np.exp(y**2 / 2)
    return d_x


@adjoint(special.expit, elementwise=True, cases=each(real))
def expit_adjoint(x, *, y, d_y):
    d_x = d_y * y * (1 - y)
    return d_x


@adjoint(special.logit, elementwise=True, cases=PROBABILITIES)
def logit_adjoint(x, *, d_y):
    d_x = d_y / (x * (1 - x))
    return d_x


@adjoint(special.log_expit, elementwise=True, cases=each(real))
def log_expit_adjoint(x, *, d_y):
    d_x = d_y * special.expit(-x)
    return d_x


ALONG_AXES = [
    case(real(5)),
    case(real(3, 4)),
    case(real(3, 4), axis=0),
    case(real(3, 4), axis=-1),
    case(real(2, 3, 4), axis=(0, 2)),
    case(real(2, 1, 3), axis=1),
    case(real()),
]


@adjoint(
    special.logsumexp,
    cases=[
        *ALONG_AXES,
        case(real(3, 4), axis=1, keepdims=True),
        case(real(3, 4), keepdims=True),
        case(real(3, 4), 1, positive(4)),
        case(real(3, 1), axis=0, b=positive(3, 4), keepdims=True),
        case(real(3, 4), b=positive(3, 4)),
    ],
)
def logsumexp_adjoint(a, axis=None, b=None, keepdims=False, *, y, d_y):
    finite = np.where(y == -np.inf, 0, y)  # 0 where all are -inf
    if is_literal(b) and b is None:
        if axis is None or keepdims:
            d_a = d_y * np.exp(a - finite)
        else:
            d_a = np.expand_dims(d_y, axis) * np.exp(a - np.expand_dims(finite, axis))
    else:
        if axis is None or keepdims:
            d_a = unbroadcast(d_y * b * np.exp(a - finite), a)
        else:
            d_a = unbroadcast(
                np.expand_dims(d_y, axis) * b * np.exp(a - np.expand_dims(finite, axis)), a
            )
    if axis is None or keepdims:
        d_b = unbroadcast(d_y * np.exp(a - y), b)
    else:
        d_b = unbroadcast(np.expand_dims(d_y, axis) * np.exp(a - np.expand_dims(y, axis)), b)
    return d_a, d_b


@adjoint(special.softmax, cases=ALONG_AXES)
def softmax_adjoint(x, axis=None, *, y, d_y):
    d_x = y * (d_y - np.sum(d_y * y, axis=axis, keepdims=True))
    return d_x


@adjoint(special.log_softmax, cases=ALONG_AXES)
def log_softmax_adjoint(x, axis=None, *, y, d_y):
    d_x = d_y - np.exp(y) * np.sum(d_y, axis=axis, keepdims=True)
    return d_x


@adjoint(special.xlogy, elementwise=True, cases=[*pairs(away, positive), case(0.0, positive(3))])
def xlogy_adjoint(a, b, *, d_y):
    d_a = unbroadcast(d_y * np.log(b), a)
    d_b = unbroadcast(d_y * a / np.where(a == 0, 1, b), b)  # 0 where a is 0, whatever b is
    return d_a, d_b


@adjoint(special.xlog1py, elementwise=True, cases=[*pairs(away, positive), case(0.0, positive(3))])
def xlog1py_adjoint(a, b, *, d_y):
    d_a = unbroadcast(d_y * np.log1p(b), a)
    d_b = unbroadcast(d_y * a / np.where(a == 0, 1, 1 + b), b)
    return d_a, d_b


@adjoint(special.entr, elementwise=True, cases=each(positive))
def entr_adjoint(x, *, d_y):
    d_x = -d_y * (1 + np.log(x))
    return d_x


@adjoint(special.rel_entr, elementwise=True, cases=pairs(positive))
def rel_entr_adjoint(a, b, *, d_y):
    d_a = unbroadcast(d_y * (1 + np.log(a / b)), a)
    d_b = unbroadcast(-d_y * a / np.where(a == 0, 1, b), b)
    return d_a, d_b


@adjoint(special.kl_div, elementwise=True, cases=pairs(positive))
def kl_div_adjoint(a, b, *, d_y):
    d_a = unbroadcast(d_y * np.log(a / b), a)
    d_b = unbroadcast(d_y * (1 - a / np.where(a == 0, 1, b)), b)
    return d_a, d_b


@adjoint(special.binom, elementwise=True, cases=pairs(above_one, positive))
def binom_adjoint(n, k, *, y, d_y):
    of_rest = special.digamma(np.subtract(n, k) + 1)
    d_n = unbroadcast(d_y * y * (special.digamma(np.add(n, 1)) - of_rest), n)
    d_k = unbroadcast(d_y * y * (of_rest - special.digamma(np.add(k, 1))), k)
    return d_n, d_k


@adjoint(special.huber, elementwise=True, cases=[*pairs(positive, away), case(0.7, real(3, 4))])
def huber_adjoint(delta, r, *, d_y):
    d_delta = unbroadcast(d_y * np.maximum(np.abs(r) - delta, 0), delta)
    d_r = unbroadcast(d_y * np.clip(r, np.negative(delta), delta), r)
    return d_delta, d_r


@adjoint(
    special.hyp1f1,
    constant_only=("a", "b"),
    cases=[case(2, 3, real(3, 4)), case(0.5, 1.5, real()), case(2.0, 3.0, 0.0)],
)
def hyp1f1_adjoint(a, b, x, *, d_y):
    d_x = unbroadcast(d_y * np.divide(a, b) * special.hyp1f1(np.add(a, 1), np.add(b, 1), x), x)
    return d_x


@adjoint(
    special.exprel, elementwise=True, cases=[*each(real), case(0.0), case(np.array([1e-9, -30.0]))]
)
def exprel_adjoint(x, *, d_y):
    d_x = d_y * special.hyp1f1(2, 3, x) / 2
    return d_x


@adjoint(special.boxcox, elementwise=True, cases=[*pairs(positive, real), case(positive(3), 0.0)])
def boxcox_adjoint(x, lmbda, *, d_y):
    d_x = unbroadcast(d_y * np.power(x, np.subtract(lmbda, 1.0)), x)
    d_lmbda = unbroadcast(d_y * np.log(x) ** 2 * special.hyp1f1(2, 3, lmbda * np.log(x)) / 2, lmbda)
    return d_x, d_lmbda


@adjoint(special.boxcox1p, elementwise=True, cases=[*pairs(positive, real), case(positive(3), 0.0)])
def boxcox1p_adjoint(x, lmbda, *, d_y):
    d_x = unbroadcast(d_y * np.power(np.add(x, 1), np.subtract(lmbda, 1.0)), x)
    d_lmbda = unbroadcast(
        d_y * np.log1p(x) ** 2 * special.hyp1f1(2, 3, lmbda * np.log1p(x)) / 2, lmbda
    )
    return d_x, d_lmbda


@adjoint(special.expi, elementwise=True, cases=[*each(away), case(-3.0)])
def expi_adjoint(x, *, d_y):
    d_x = d_y * np.exp(x) / x
    return d_x


@adjoint(special.exp1, elementwise=True, cases=each(positive))
def exp1_adjoint(x, *, d_y):
    d_x = -d_y * np.exp(-x) / x
    return d_x


if hasattr(special, "softplus"):  # not in every version of SciPy

    @adjoint(special.softplus, elementwise=True, cases=each(real))
    def softplus_adjoint(x, *, d_y):
        d_x = d_y * special.expit(x)
        return d_x
