"""What shapes a gradient: what must change the digest does, what need not does not."""

import copy
import functools
import math
from types import CellType

import numpy as np
import pytest

from knetsrc import grad
from knetsrc.bindings import bindings_of
from knetsrc.request import Request

GRAD = Request((0,), "grad")
SCALE = 2.0
TABLE = {"tanh": np.tanh}


def digest(function, request=GRAD):
    return bindings_of(function, request).digest


def double(x):
    return 2.0 * x


def plain(x):
    return np.sum(double(x)) * SCALE


class Layer:
    def forward(self, x):
        return double(x)

    def __call__(self, x):
        return self.forward(x)


layer = Layer()


def test_same_function_has_the_same_digest():
    assert digest(plain) == digest(plain)


@pytest.mark.parametrize(
    "request_", [Request((1,), "grad"), Request((0,), "vjp"), Request((0,), "grad", single=False)]
)
def test_request_counts(request_):
    assert digest(plain, request_) != digest(plain)


def test_helper_of_a_helper_counts(monkeypatch):
    def outer(x):
        return plain(x)

    before, found = digest(outer), bindings_of(outer, GRAD)
    monkeypatch.setitem(globals(), "double", lambda x: 3.0 * x)
    assert digest(outer) != before
    assert not found.is_current()


def test_number_that_is_read_at_each_call_does_not_count(monkeypatch):
    before, found = digest(plain), bindings_of(plain, GRAD)
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    assert digest(plain) == before
    assert found.is_current()
    monkeypatch.setitem(globals(), "SCALE", np.ones(3))
    assert digest(plain) != before


def test_function_in_a_closure_counts():
    def made(activation):
        return lambda x: activation(x)

    tanh, sin = made(np.tanh), made(np.sin)
    assert digest(tanh) != digest(sin)
    found = bindings_of(tanh, GRAD)
    tanh.__closure__[0].cell_contents = np.sin
    assert not found.is_current()


def test_number_in_a_closure_does_not_count():
    def made(scale):
        return lambda x: scale * x

    assert digest(made(2.0)) == digest(made(3.0))


def test_empty_closure_variable():
    f = plain.__class__((lambda x: lambda: x)(0).__code__, globals(), "f", None, (CellType(),))
    assert bindings_of(f, GRAD).is_current()


def test_default_counts():
    def made(power):
        def f(x, power=power):
            return x**power

        return f

    assert digest(made(2)) != digest(made(3))


def test_method_of_a_class_counts(monkeypatch):
    def f(x):
        return layer(x)

    before = digest(f)
    monkeypatch.setattr(Layer, "forward", lambda self, x: 3.0 * x)
    assert digest(f) != before


def test_name_that_comes_to_hide_a_builtin(monkeypatch):
    def f(x):
        return sum(x)

    found = bindings_of(f, GRAD)
    assert found.is_current()
    monkeypatch.setitem(globals(), "sum", math.fsum)
    assert not found.is_current()


def test_function_in_a_module_of_the_user_counts(monkeypatch):
    from helpers import processes

    def f(x):
        return processes.run(x)

    before, found = digest(f), bindings_of(f, GRAD)
    monkeypatch.setattr(processes, "run", double)
    assert digest(f) != before
    assert not found.is_current()


def test_functions_in_a_container_cannot_be_kept():
    def f(x):
        return TABLE["tanh"](x)

    assert digest(f) is None


def test_function_without_a_file_cannot_be_kept():
    namespace = {}
    exec("def f(x):\n    return x", namespace)
    assert digest(namespace["f"]) is None


def test_recursion_ends():
    def f(x):
        return x if x < 1 else f(x - 1)

    assert digest(f)


def test_wrapped_function_counts():
    def f(x):
        return cached(x)

    cached = functools.cache(double)
    before = digest(f)
    cached = functools.cache(plain)
    assert digest(f) != before


def test_gradient_in_a_function_counts():
    def made(g):
        return lambda x: g(x)

    assert digest(made(grad(plain))) != digest(made(grad(double)))
    assert digest(made(grad(plain))) != digest(made(grad(plain, has_aux=True)))


def test_builtin():
    assert digest(np.sin) != digest(np.cos)
    assert digest(math.sin) != digest(np.sin)


# --- what is changed in place ---------------------------------------------------------------------
def test_changed_default_of_a_helper_is_out_of_date(monkeypatch):
    def scaled(x, k=2.0):
        return k * x

    bindings = bindings_of(lambda x: scaled(x), GRAD)
    assert bindings.is_current()
    monkeypatch.setattr(scaled, "__defaults__", (5.0,))
    assert not bindings.is_current()


def test_changed_method_of_a_captured_object_is_out_of_date(monkeypatch):
    class Model:
        def act(self, x):
            return x * x

    model = Model()
    bindings = bindings_of(lambda x: model.act(x), GRAD)
    assert bindings.is_current()
    monkeypatch.setattr(Model, "act", lambda self, x: x)
    assert not bindings.is_current()


class Inheriting(Layer):
    pass


inheriting = Inheriting()


def through_what_is_inherited(x):
    return np.sum(inheriting(x) ** 2)


def test_method_that_comes_to_hide_an_inherited_one_is_out_of_date(monkeypatch):
    bindings = bindings_of(through_what_is_inherited, GRAD)
    gradient = grad(through_what_is_inherited)
    np.testing.assert_allclose(gradient(np.ones(2)), 8.0)
    monkeypatch.setattr(Inheriting, "__call__", lambda self, x: x**2, raising=False)
    assert not bindings.is_current()
    np.testing.assert_allclose(gradient(np.ones(2)), 4.0)
    monkeypatch.delattr(Inheriting, "__call__")
    assert bindings.is_current()
    np.testing.assert_allclose(gradient(np.ones(2)), 8.0)


def test_copied_object_is_up_to_date():
    bindings = bindings_of(through_what_is_inherited, GRAD)
    copy.copy(inheriting)
    assert "__slotnames__" in vars(Inheriting)
    assert bindings.is_current()


def test_helper_of_a_function_among_the_arguments_is_followed(monkeypatch):
    def apply(x, g):
        return g(x)

    def doubled(x):
        return helper(x)  # noqa: F821

    monkeypatch.setitem(globals(), "helper", double)
    request = Request((0,), "grad", given=(("g", "function", doubled),))
    bindings = bindings_of(apply, request)
    assert bindings.is_current()
    monkeypatch.setitem(globals(), "helper", plain)
    assert not bindings.is_current()


class HasAll:
    """What a trace or a mock is: each attribute is one more of the kind."""

    def __getattr__(self, name):
        return HasAll()

    def __call__(self, *args):
        return None


trace = HasAll()


def test_object_that_has_every_attribute():
    def traced(x):
        trace.info("called")
        return np.sum(x**2)

    assert digest(traced) is not None
    np.testing.assert_allclose(grad(traced)(np.ones(2)), 2.0)
