"""Distributions of SciPy: densities, frozen distributions, what lies outside of the support."""

import numpy as np
import pytest
from scipy import stats
from scipy.stats import norm

from knetsrc import MissingAdjointError, UnsupportedSyntaxError, grad
from language.checking import M, V, check

POSITIVE = np.array([0.4, 1.2, 2.5])
COUNTS = np.array([0, 2, 3])


def test_likelihood_of_observations():
    def loss(p, x):
        mu, log_sigma = p
        return -np.sum(norm.logpdf(x, mu, np.exp(log_sigma))) + norm.logpdf(mu, scale=10.0)

    check(loss, [0.3, -0.2], V)
    check(lambda p, x: -np.mean(stats.t.logpdf(x, p[0], p[1], p[2])), POSITIVE, M)


def test_density_is_the_exponential_of_its_logarithm():
    check(lambda x, mu: np.sum(norm.pdf(x, mu, 1.5) ** 2), V, 0.3)
    check(lambda x, a: np.sum(stats.gamma.pdf(x, a, scale=a)), POSITIVE, 1.7)
    check(lambda rate: np.sum(stats.poisson.pmf(COUNTS, rate) * COUNTS), POSITIVE)
    check(lambda p: np.sum(stats.binom.pmf(COUNTS, 4, p)), POSITIVE / 3)


def test_frozen_distribution():
    check(lambda x, mu: np.sum(norm(mu, scale=2.0).logpdf(x)) * norm(mu).cdf(0.3), V, 0.3)
    check(lambda x: stats.multivariate_normal(x, np.diag(x)).logpdf(x[::-1]), POSITIVE)
    check(lambda rate: np.sum(stats.poisson(rate).pmf(COUNTS)), POSITIVE)


def test_nothing_changes_outside_of_the_support():
    x = np.array([-1.0, 0.5, 7.0])
    check(lambda x, s: np.sum(stats.expon.pdf(x, 0.1, s)), x, 1.5)
    check(lambda x, s: np.sum(stats.uniform.pdf(x, 0.1, s)), x, 1.5)
    check(lambda x, a: np.sum(stats.gamma.pdf(x, a, 0.1)), x, 1.5)
    check(lambda x, a: np.sum(stats.beta.pdf(x, a, 2 * a)), x, 1.5)
    check(lambda x, s: np.sum(stats.lognorm.pdf(x, s, 0.1)), x, 1.5)
    check(lambda p: np.sum(stats.bernoulli.pmf([-1, 0, 1, 2], p)), 0.3)
    check(lambda p: np.sum(stats.binom.pmf([-1, 0, 2, 5], 4, p)), 0.3)
    check(lambda rate: np.sum(stats.poisson.pmf([-1, 0, 2], rate)), 0.3)


def test_probabilities_at_the_ends_of_their_range():
    def log_likelihood(p):
        return stats.bernoulli.logpmf(1, p) + stats.binom.logpmf(4, 4, p)

    def of_none(rate):
        return stats.poisson.logpmf(0, rate)

    np.testing.assert_allclose(grad(log_likelihood)(1.0), 5.0)
    np.testing.assert_allclose(grad(of_none)(0.0), -1.0)


def test_normal_distribution_of_several_variables():
    def loss(p, x):
        root = np.tril(p["root"])
        return -np.sum(stats.multivariate_normal.logpdf(x, p["mean"], root @ root.T))

    check(loss, {"mean": V[:3], "root": np.diag(POSITIVE) + 0.1}, M)


def test_second_derivatives():
    def slope(x):
        inner = grad(lambda x: np.sum(stats.gamma.logpdf(x, x[::-1])) + np.prod(norm.pdf(x)))
        return np.sum(inner(x) ** 2)

    def of_several(x):
        inner = grad(lambda x: stats.multivariate_normal.logpdf(x[::-1], x, np.diag(x)))
        return np.sum(inner(x) ** 2)

    check(slope, POSITIVE)
    check(of_several, POSITIVE)


def test_method_without_a_rule_is_refused_by_its_name():
    def f(x):
        return np.sum(stats.norm.isf(x))

    def mean(x):
        return np.sum(stats.gamma.mean(x))

    with pytest.raises(MissingAdjointError, match=r"no derivative rule for `stats.norm.isf`"):
        grad(f)(V)
    with pytest.raises(MissingAdjointError, match=r"no derivative rule for `stats.gamma.mean`"):
        grad(mean)(V)


def test_argument_that_a_distribution_does_not_have_is_refused():
    def f(x):
        return np.sum(norm.logpdf(x, 0.0, 1.0, 2.0))

    with pytest.raises(UnsupportedSyntaxError, match=r"`scipy.stats.norm.logpdf` with arguments"):
        grad(f)(V)


def test_differentiated_count_is_refused():
    def f(x):
        return np.sum(stats.poisson.logpmf(x, 2.0))

    with pytest.raises(UnsupportedSyntaxError, match="the argument `k` depends on"):
        grad(f)(V)


def test_distribution_that_is_bound_anew(monkeypatch):
    def f(x):
        return norm.logpdf(x)

    g = grad(f)
    np.testing.assert_allclose(g(0.7), -0.7)
    monkeypatch.setitem(globals(), "norm", stats.laplace)
    np.testing.assert_allclose(g(0.7), -1.0)
