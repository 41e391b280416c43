"""Rules of what helpers ask about the module of arrays, for when helpers are differentiated."""

import numpy as np

from knetsrc.adjoints.table import adjoint, case, nondifferentiable, real
from knetsrc.backends import as_array, beside, nested_like
from knetsrc.modules import array_module, on_device, scipy_linalg_module, special_module


@adjoint(beside, cases=[case(real(3), np.ones(2)), case(real(), np.ones(2))])
def beside_adjoint(d, *values, d_y):
    d_d = d_y
    return d_d


@adjoint(as_array, cases=[case(real(3)), case(real()), case([real(), real()])])
def as_array_adjoint(x, *, d_y):
    d_x = nested_like(d_y, x)
    return d_x


nondifferentiable(array_module, on_device, special_module, scipy_linalg_module)
