"""Each rule of the table in the gradient of a call that is made with arrays of a pretended device.

`stand_in` refuses what CuPy refuses: a NumPy array among arrays of the device, what CuPy lacks.
"""

from typing import Any

import numpy as np
import pytest

import stand_in
from devices import check_on_device, to_device, to_host
from knetsrc import vjp
from rules import leaves
from test_rules_transformed import CALLS, MODULE, arguments_of, random_like
from transformed import Call

WITHOUT_DEVICE = {  # what CuPy lacks for the derivative, or would not take in the primal either
    "j1_adjoint", "i1_adjoint", "i1e_adjoint", "sinc_adjoint", "outer_adjoint", "interp_adjoint",
    "vecdot_adjoint_adjoint", "nested_like_adjoint", "windows_adjoint_x_adjoint",
    "boxcox_adjoint", "boxcox1p_adjoint", "exprel_adjoint",
}  # fmt: skip
LOOKING = {  # these have to look at numbers: the rank of a matrix, how many elements a mask has
    "lstsq_rule", "split_adjoint", "array_split_adjoint", "compress_adjoint_a_adjoint",
    "delete_adjoint_arr_adjoint", "fsum_adjoint_adjoint", "product_adjoint_adjoint",
}  # fmt: skip
NEVER_RUN = {
    # CuPy has no such function:
    "block_adjoint", "dawsn_adjoint", "erfi_adjoint", "hyp1f1_adjoint", "insert_adjoint", "iv_adjoint", "ive_adjoint",
    "jv_adjoint", "kv_adjoint", "kve_adjoint", "linalg_diagonal_adjoint", "linalg_trace_adjoint",
    "matvec_adjoint", "multi_dot_rule", "spherical_jn_adjoint", "svdvals_rule", "vecdot_rule",
    "vecmat_adjoint", "vector_norm_adjoint", "yv_adjoint",
    # no ufuncs in SciPy, called under the name of its own module (tests/test_modules.py):
    "expm_rule", "log_softmax_adjoint", "polygamma_adjoint", "scipy_cholesky_rule",
    "solve_triangular_adjoint",
    # nor has it distributions:
    "norm_logpdf_adjoint", "norm_cdf_adjoint", "norm_sf_adjoint", "norm_logcdf_adjoint", "norm_logsf_adjoint",
    "cauchy_logpdf_adjoint", "laplace_logpdf_adjoint", "logistic_logpdf_adjoint", "t_logpdf_adjoint",
    "expon_logpdf_adjoint", "uniform_logpdf_adjoint", "gamma_logpdf_adjoint", "beta_logpdf_adjoint",
    "lognorm_logpdf_adjoint", "poisson_logpmf_adjoint", "binom_logpmf_adjoint", "bernoulli_logpmf_adjoint",
    "multivariate_normal_logpdf_rule",
    # nor filters, factors of this form, roots of matrices:
    "cho_factor_rule", "cho_solve_rule", "convolve2d_rule", "correlate2d_rule", "fftconvolve_rule", "lfilter_rule",
    "lu_factor_rule", "lu_solve_rule", "scipy_solve_rule", "signal_convolve_rule", "signal_correlate_rule",
    "solve_sylvester_rule", "sqrtm_rule",
    # NumPy makes an array of the host of what it is given:
    "array_adjoint", "ascontiguousarray_adjoint", "copy_adjoint", "full_adjoint",
}  # fmt: skip


def arrays_of(call: Call) -> list[list[Any]]:
    """The arguments of a call, as often as there are arrays among them."""
    every = [arguments_of(samples) for samples in call.inputs]
    return [args for args in every if any(isinstance(leaf, np.ndarray) for leaf in leaves(args))]


@pytest.fixture(autouse=True)
def constants(monkeypatch):
    """The arrays that calls read from their module, on the device; the host's are handed out."""
    for name, values in MODULE.CONSTANTS.items():
        monkeypatch.setitem(MODULE.CONSTANTS, name, to_device(values))


def _runs_on_device(call: Call) -> bool:
    function = getattr(MODULE, call.name)
    kept = MODULE.CONSTANTS[call.name]
    MODULE.CONSTANTS[call.name] = to_device(kept)
    try:
        with np.errstate(all="ignore"):
            for args in arrays_of(call):
                if str(call.rule) in WITHOUT_DEVICE:
                    return False
                function(*to_device(args))
    except (TypeError, ValueError, AttributeError, IndexError):
        return False
    finally:
        MODULE.CONSTANTS[call.name] = kept
    return True


RUNNING = [call for call in CALLS if arrays_of(call) and _runs_on_device(call)]


@pytest.mark.parametrize("call", RUNNING, ids=str)
@pytest.mark.filterwarnings("ignore")
def test_vjp_on_device(call: Call):
    function = getattr(MODULE, call.name)
    for args in arrays_of(call):
        on_device = to_device(args)
        with np.errstate(all="ignore"):
            with stand_in.recorded() as of_primal:
                function(*on_device)
            with stand_in.recorded() as record:
                value, pullback = vjp(function, *on_device)
            cotangent = random_like(to_host(value), np.random.default_rng(3))
            with stand_in.recorded() as backward:
                found = pullback(to_device(cotangent))
            host_constants = MODULE.CONSTANTS[call.name]
            MODULE.CONSTANTS[call.name] = to_host(host_constants)
            _, host_pullback = vjp(function, *args)
            expected = host_pullback(cotangent)
            MODULE.CONSTANTS[call.name] = host_constants
        check_on_device(found, expected, on_device, pullback.source)
        assert len(record.waits) <= len(of_primal.waits), record.waits
        if str(call.rule) not in LOOKING:
            assert not set(backward.waits) - set(of_primal.waits), (backward.waits, pullback.source)


def test_most_rules_run_on_the_device():
    running, with_arrays = (
        {str(c.rule) for c in calls} for calls in (RUNNING, [c for c in CALLS if arrays_of(c)])
    )
    assert with_arrays - running == NEVER_RUN | WITHOUT_DEVICE
    assert len(running) > 200
