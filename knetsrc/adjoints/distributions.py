"""Rules of `scipy.stats`: log-densities by the place, by location and scale, and by parameters of shape.

A log-density is -inf outside of the support and changes nowhere there. Densities are exponentials of these, see
`transform/distributions.py`.
"""

import math

import numpy as np
from scipy import special, stats

from knetsrc.adjoints.table import Case, Sample, adjoint, case, positive, real, unit
from knetsrc.backends import (
    multivariate_normal_adjoint_cov,
    multivariate_normal_adjoint_mean,
    multivariate_normal_adjoint_x,
    unbroadcast,
)


def _cases(place: Sample | float, places: Sample, *shapes: Sample) -> list[Case]:
    """Parameters of shape alone, with a location and scale, and broadcast."""
    return [
        case(place, *shapes),
        case(places, *shapes, -1.3, 4.2),
        case(places, *shapes, np.array([-1.1, -1.2, -1.3, -1.0]), np.array([[4.1], [5.0], [6.3]])),
        case(places, *shapes, loc=-1.2, scale=4.7),
    ]


ANYWHERE = [*_cases(real(), real(3, 4)), case(real(4), real(3, 1), positive(3, 4))]


@adjoint(stats.norm.logpdf, cases=ANYWHERE)
def norm_logpdf_adjoint(x, loc=0, scale=1, *, d_y):
    z = np.subtract(x, loc) / scale
    d_x = unbroadcast(-d_y * z / scale, x)
    d_loc = unbroadcast(d_y * z / scale, loc)
    d_scale = unbroadcast(d_y * (z**2 - 1) / scale, scale)
    return d_x, d_loc, d_scale


@adjoint(stats.norm.cdf, cases=ANYWHERE)
def norm_cdf_adjoint(x, loc=0, scale=1, *, d_y):
    z = np.subtract(x, loc) / scale
    slope = d_y * np.exp(-(z**2) / 2) / (math.sqrt(2 * math.pi) * scale)
    d_x = unbroadcast(slope, x)
    d_loc = unbroadcast(-slope, loc)
    d_scale = unbroadcast(-slope * z, scale)
    return d_x, d_loc, d_scale


@adjoint(stats.norm.sf, cases=ANYWHERE)
def norm_sf_adjoint(x, loc=0, scale=1, *, d_y):
    z = np.subtract(x, loc) / scale
    slope = d_y * np.exp(-(z**2) / 2) / (math.sqrt(2 * math.pi) * scale)
    d_x = unbroadcast(-slope, x)
    d_loc = unbroadcast(slope, loc)
    d_scale = unbroadcast(slope * z, scale)
    return d_x, d_loc, d_scale


@adjoint(stats.norm.logcdf, cases=ANYWHERE)
def norm_logcdf_adjoint(x, loc=0, scale=1, *, y, d_y):
    z = np.subtract(x, loc) / scale
    slope = d_y * np.exp(-(z**2) / 2 - y) / (math.sqrt(2 * math.pi) * scale)
    d_x = unbroadcast(slope, x)
    d_loc = unbroadcast(-slope, loc)
    d_scale = unbroadcast(-slope * z, scale)
    return d_x, d_loc, d_scale


@adjoint(stats.norm.logsf, cases=ANYWHERE)
def norm_logsf_adjoint(x, loc=0, scale=1, *, y, d_y):
    z = np.subtract(x, loc) / scale
    slope = d_y * np.exp(-(z**2) / 2 - y) / (math.sqrt(2 * math.pi) * scale)
    d_x = unbroadcast(-slope, x)
    d_loc = unbroadcast(slope, loc)
    d_scale = unbroadcast(slope * z, scale)
    return d_x, d_loc, d_scale


@adjoint(stats.cauchy.logpdf, cases=ANYWHERE)
def cauchy_logpdf_adjoint(x, loc=0, scale=1, *, d_y):
    z = np.subtract(x, loc) / scale
    slope = -2 * d_y * z / ((1 + z**2) * scale)
    d_x = unbroadcast(slope, x)
    d_loc = unbroadcast(-slope, loc)
    d_scale = unbroadcast(-slope * z - d_y / scale, scale)
    return d_x, d_loc, d_scale


@adjoint(stats.laplace.logpdf, cases=ANYWHERE)
def laplace_logpdf_adjoint(x, loc=0, scale=1, *, d_y):
    z = np.subtract(x, loc) / scale
    slope = -d_y * np.sign(z) / scale
    d_x = unbroadcast(slope, x)
    d_loc = unbroadcast(-slope, loc)
    d_scale = unbroadcast(d_y * (np.abs(z) - 1) / scale, scale)
    return d_x, d_loc, d_scale


@adjoint(stats.logistic.logpdf, cases=ANYWHERE)
def logistic_logpdf_adjoint(x, loc=0, scale=1, *, d_y):
    z = np.subtract(x, loc) / scale
    slope = -d_y * np.tanh(z / 2) / scale
    d_x = unbroadcast(slope, x)
    d_loc = unbroadcast(-slope, loc)
    d_scale = unbroadcast(-slope * z - d_y / scale, scale)
    return d_x, d_loc, d_scale


@adjoint(stats.t.logpdf, cases=_cases(real(), real(3, 4), positive()))
def t_logpdf_adjoint(x, df, loc=0, scale=1, *, d_y):
    z = np.subtract(x, loc) / scale
    slope = -d_y * np.add(df, 1) * z / ((df + z**2) * scale)
    of_gamma = special.digamma(np.add(df, 1) / 2) - special.digamma(np.divide(df, 2))
    of_tail = np.add(df, 1) * z**2 / (df * (df + z**2)) - np.log1p(z**2 / df)
    d_x = unbroadcast(slope, x)
    d_df = unbroadcast(d_y * (of_gamma + of_tail - 1 / np.multiply(df, 1.0)) / 2, df)
    d_loc = unbroadcast(-slope, loc)
    d_scale = unbroadcast(-slope * z - d_y / scale, scale)
    return d_x, d_df, d_loc, d_scale


@adjoint(stats.expon.logpdf, cases=_cases(positive(), positive(3, 4)))
def expon_logpdf_adjoint(x, loc=0, scale=1, *, y, d_y):
    inside = np.where(y == -np.inf, 0, d_y)
    d_x = unbroadcast(-inside / scale, x)
    d_loc = unbroadcast(inside / scale, loc)
    d_scale = unbroadcast(inside * (np.subtract(x, loc) / scale - 1) / scale, scale)
    return d_x, d_loc, d_scale


@adjoint(stats.uniform.logpdf, cases=_cases(0.4, unit(3, 4)))
def uniform_logpdf_adjoint(x, loc=0, scale=1, *, y, d_y):
    inside = np.where(y == -np.inf, 0, d_y)
    d_x = unbroadcast(0 * inside, x)
    d_loc = unbroadcast(0 * inside, loc)
    d_scale = unbroadcast(-inside / scale, scale)
    return d_x, d_loc, d_scale


@adjoint(stats.gamma.logpdf, cases=_cases(positive(), positive(3, 4), positive()))
def gamma_logpdf_adjoint(x, a, loc=0, scale=1, *, y, d_y):
    inside = np.where(y == -np.inf, 0, d_y)
    z = np.where(y == -np.inf, 1, np.subtract(x, loc) / scale)
    slope = inside * (np.subtract(a, 1) / z - 1) / scale
    d_x = unbroadcast(slope, x)
    d_a = unbroadcast(inside * (np.log(z) - special.digamma(a)), a)
    d_loc = unbroadcast(-slope, loc)
    d_scale = unbroadcast(-slope * z - inside / scale, scale)
    return d_x, d_a, d_loc, d_scale


@adjoint(stats.beta.logpdf, cases=_cases(0.4, unit(3, 4), positive(), positive()))
def beta_logpdf_adjoint(x, a, b, loc=0, scale=1, *, y, d_y):
    inside = np.where(y == -np.inf, 0, d_y)
    z = np.where(y == -np.inf, 0.5, np.subtract(x, loc) / scale)
    slope = inside * (np.subtract(a, 1) / z - np.subtract(b, 1) / (1 - z)) / scale
    of_both = special.digamma(np.add(a, b))
    d_x = unbroadcast(slope, x)
    d_a = unbroadcast(inside * (np.log(z) - special.digamma(a) + of_both), a)
    d_b = unbroadcast(inside * (np.log1p(-z) - special.digamma(b) + of_both), b)
    d_loc = unbroadcast(-slope, loc)
    d_scale = unbroadcast(-slope * z - inside / scale, scale)
    return d_x, d_a, d_b, d_loc, d_scale


@adjoint(stats.lognorm.logpdf, cases=_cases(positive(), positive(3, 4), positive()))
def lognorm_logpdf_adjoint(x, s, loc=0, scale=1, *, y, d_y):
    inside = np.where(y == -np.inf, 0, d_y)
    z = np.where(y == -np.inf, 1, np.subtract(x, loc) / scale)
    ratio = np.log(z) / s
    slope = -inside * (1 + ratio / s) / (z * scale)
    d_x = unbroadcast(slope, x)
    d_s = unbroadcast(inside * (ratio**2 - 1) / s, s)
    d_loc = unbroadcast(-slope, loc)
    d_scale = unbroadcast(-slope * z - inside / scale, scale)
    return d_x, d_s, d_loc, d_scale


COUNTS = np.array([1, 2, 3, 7, 4])


@adjoint(
    stats.poisson.logpmf,
    constant_only=("k", "loc"),
    cases=[case(2, positive()), case(COUNTS, positive(5)), case(COUNTS, positive(3, 1), 1)],
)
def poisson_logpmf_adjoint(k, mu, loc=0, *, y, d_y):
    inside = np.where(y == -np.inf, 0, d_y)
    count = np.subtract(k, loc)
    d_mu = unbroadcast(inside * (count / np.where(count == 0, 1, mu) - 1), mu)
    return d_mu


@adjoint(
    stats.binom.logpmf,
    constant_only=("k", "n", "loc"),
    cases=[case(2, 4, 0.3), case(COUNTS, 7, np.linspace(0.1, 0.9, 5)), case(COUNTS, 8, 0.4, loc=1)],
)
def binom_logpmf_adjoint(k, n, p, loc=0, *, y, d_y):
    inside = np.where(y == -np.inf, 0, d_y)
    count = np.subtract(k, loc)
    rest = n - count
    of_rest = rest / np.where(rest == 0, 1, np.subtract(1, p))
    d_p = unbroadcast(inside * (count / np.where(count == 0, 1, p) - of_rest), p)
    return d_p


@adjoint(
    stats.bernoulli.logpmf,
    constant_only=("k", "loc"),
    cases=[
        case(1, 0.3),
        case(np.array([0, 1, 1]), np.array([0.2, 0.4, 0.7])),
        case(np.array([1, 2]), 0.4, loc=1),
    ],
)
def bernoulli_logpmf_adjoint(k, p, loc=0, *, y, d_y):
    inside = np.where(y == -np.inf, 0, d_y)
    count = np.subtract(k, loc)
    rest = 1 - count
    of_rest = rest / np.where(rest == 0, 1, np.subtract(1, p))
    d_p = unbroadcast(inside * (count / np.where(count == 0, 1, p) - of_rest), p)
    return d_p


COVARIANCE = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, -0.4], [0.1, -0.4, 1.0]])


@adjoint(
    stats.multivariate_normal.logpdf,
    cases=[
        case(real(3), real(3), COVARIANCE),
        case(real(4, 3), real(3), COVARIANCE),
        case(real(2, 4, 3), mean=real(3), cov=COVARIANCE),
        case(real(4, 3), real(3), positive(3)),
        case(real(4, 3), real(3), positive()),
        case(real(4, 3), cov=COVARIANCE),
        case(real(3), cov=COVARIANCE),
        case(real(4), real(), positive()),
        case(real(), real(), positive()),
        case(real(4)),
        case(real(4), cov=positive()),
        case(real(4, 3), 0.0 * np.ones(3)),
    ],
)
def multivariate_normal_logpdf_rule(x, mean=None, cov=1, *, d_y):
    d_x = multivariate_normal_adjoint_x(d_y, x, mean, cov)
    d_mean = multivariate_normal_adjoint_mean(d_y, x, mean, cov)
    d_cov = multivariate_normal_adjoint_cov(d_y, x, mean, cov)
    return d_x, d_mean, d_cov
