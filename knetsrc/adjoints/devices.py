"""Rules of what helpers ask about the module of arrays, for when helpers are differentiated."""

import numpy as np

from knetsrc.adjoints.table import adjoint, case, nondifferentiable, real
from knetsrc.backends import as_array, beside, nested_like
from knetsrc.backends.checks import array_with_method, without_field, without_member
from knetsrc.modules import array_module, on_device, scipy_linalg_module, special_module


@adjoint(beside, cases=[case(real(3), np.ones(2)), case(real(), np.ones(2))])
def beside_adjoint(d, *values, d_y):
    d_d = d_y
    return d_d


@adjoint(as_array, cases=[case(real(3)), case(real()), case([real(), real()])])
def as_array_adjoint(x, *, d_y):
    d_x = nested_like(d_y, x)
    return d_x


@adjoint(without_field, cases=[case(real(3), "T"), case(real(), "real")], is_pure=False)
def without_field_adjoint(value, name, *, d_y):
    d_value = d_y
    return d_value


@adjoint(without_member, cases=[case(real(3), "mean"), case(real(), "__add__")], is_pure=False)
def without_member_adjoint(value, name, *, d_y):
    d_value = d_y
    return d_value


@adjoint(
    array_with_method, cases=[case(real(3), "sum"), case(real(2, 2), "reshape")], is_pure=False
)
def array_with_method_adjoint(value, name, *, d_y):
    d_value = d_y
    return d_value


nondifferentiable(array_module, on_device, special_module, scipy_linalg_module)
