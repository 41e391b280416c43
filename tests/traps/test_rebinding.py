"""What the primal would see at the call is what counts: globals, closures, helpers, defaults."""
# ruff: noqa: B023, F811

import itertools
import linecache
import sys
import types

import numpy as np
import pytest

from knetsrc import grad, vjp
from language.checking import V, check

FACTOR = 2.0
ACTS = {"act": np.tanh}
WEIGHTS = np.array([1.0, 2.0, 3.0, 4.0])


def helper(x):
    return x * x


def other_helper(x):
    return x * x * x


def uses_globals(x):
    return np.sum(helper(x) * FACTOR * WEIGHTS)


def by_acts(x):
    return np.sum(ACTS["act"](x))


def activation(x):
    return np.tanh(x)


def test_global_number_rebound(monkeypatch):
    slope = grad(uses_globals)
    np.testing.assert_allclose(slope(V), 4.0 * V * WEIGHTS)
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    np.testing.assert_allclose(slope(V), 10.0 * V * WEIGHTS)


def test_global_array_rebound(monkeypatch):
    slope = grad(uses_globals)
    slope(V)
    monkeypatch.setitem(globals(), "WEIGHTS", np.ones(4))
    np.testing.assert_allclose(slope(V), 4.0 * V)


def test_global_helper_rebound(monkeypatch):
    slope = grad(uses_globals)
    slope(V)
    monkeypatch.setitem(globals(), "helper", other_helper)
    np.testing.assert_allclose(slope(V), 6.0 * V**2 * WEIGHTS)


def test_helper_of_a_helper_rebound(monkeypatch):
    def f(x):
        return np.sum(uses_globals(x))

    slope = grad(f)
    slope(V)
    monkeypatch.setitem(globals(), "helper", other_helper)
    np.testing.assert_allclose(slope(V), 6.0 * V**2 * WEIGHTS)


def test_global_that_changes_from_number_to_function(monkeypatch):
    slope = grad(uses_globals)
    slope(V)
    monkeypatch.setitem(globals(), "helper", np.sin)
    np.testing.assert_allclose(slope(V), 2.0 * np.cos(V) * WEIGHTS)


def test_global_defined_after_decoration(monkeypatch):
    slope = grad(lambda x: np.sum(x * LATER))  # noqa: F821
    monkeypatch.setitem(globals(), "LATER", 7.0)
    np.testing.assert_allclose(slope(V), np.full(4, 7.0))


def test_closure_rebound():
    k = 2.0

    def f(x):
        return np.sum(x * k)

    slope = grad(f)
    np.testing.assert_allclose(slope(V), np.full(4, 2.0))
    k = 5.0
    np.testing.assert_allclose(slope(V), np.full(4, 5.0))


def test_captured_helper_rebound():
    def g(x):
        return x * x

    def f(x):
        return np.sum(g(x))

    slope = grad(f)
    np.testing.assert_allclose(slope(V), 2 * V)

    def g(x):
        return x * x * x

    np.testing.assert_allclose(slope(V), 3 * V**2)


def test_captured_array_changed_in_place():
    w = np.ones(4)
    slope = grad(lambda x: np.sum(x * w))
    slope(V)
    w *= 3.0
    np.testing.assert_allclose(slope(V), np.full(4, 3.0))


def test_integer_global_folded_into_a_power(monkeypatch):
    slope = grad(lambda x: np.sum(x**POWER))
    np.testing.assert_allclose(slope(V), 2 * V)
    monkeypatch.setitem(globals(), "POWER", 3)
    np.testing.assert_allclose(slope(V), 3 * V**2)


POWER = 2


def test_flag_that_chooses_a_branch(monkeypatch):
    def f(x):
        if CUBED:
            return np.sum(x**3)
        return np.sum(x)

    slope = grad(f)
    np.testing.assert_allclose(slope(V), np.ones(4))
    monkeypatch.setitem(globals(), "CUBED", True)
    np.testing.assert_allclose(slope(V), 3 * V**2)


CUBED = False


def test_loop_index_captured_by_closures_made_in_a_loop():
    slopes = [grad(lambda x: x * x * k) for k in (1.0, 2.0)]
    assert [slope(3.0) for slope in slopes] == [12.0, 12.0]
    slopes = [grad(lambda x, k=k: x * x * k) for k in (1.0, 2.0)]
    assert [slope(3.0) for slope in slopes] == [6.0, 12.0]


def test_attribute_of_a_module_rebound():
    module = types.ModuleType("layers")
    module.act = np.tanh
    slope = grad(lambda x: np.sum(module.act(x)))
    np.testing.assert_allclose(slope(V), 1 - np.tanh(V) ** 2)
    module.act = np.sin
    np.testing.assert_allclose(slope(V), np.cos(V))


@pytest.mark.parametrize(
    "slope_of",
    [
        lambda: grad(lambda x: np.sum(ACTS["act"](x))),
        lambda: lambda x: vjp(by_acts, x)[1](1.0)[0],
        lambda: grad(lambda x: np.sum(by_acts(x))),
    ],
)
def test_global_container_of_functions_rebound(monkeypatch, slope_of):
    slope = slope_of()
    np.testing.assert_allclose(slope(V), 1 - np.tanh(V) ** 2)
    monkeypatch.setitem(globals(), "ACTS", {"act": np.exp})
    np.testing.assert_allclose(slope(V), np.exp(V))


def test_captured_containers_of_functions_rebound():
    layers, pair = [np.tanh], (np.sin, np.exp)

    def f(x):
        for layer in layers:
            x = layer(x)
        return np.sum(pair[0](x))

    slope = grad(f)
    np.testing.assert_allclose(slope(V), np.cos(np.tanh(V)) * (1 - np.tanh(V) ** 2))
    layers = [np.sin, np.exp]
    np.testing.assert_allclose(slope(V), np.cos(np.exp(np.sin(V))) * np.exp(np.sin(V)) * np.cos(V))
    pair = (np.exp, np.sin)
    np.testing.assert_allclose(slope(V), np.exp(np.exp(np.sin(V))) * np.exp(np.sin(V)) * np.cos(V))


def test_container_of_functions_of_a_module_rebound(monkeypatch):
    module = types.ModuleType("layers")
    monkeypatch.setitem(sys.modules, "layers", module)
    module.acts = {"act": np.tanh}
    slope = grad(lambda x: np.sum(module.acts["act"](x)))
    np.testing.assert_allclose(slope(V), 1 - np.tanh(V) ** 2)
    module.acts = {"act": np.sin}
    np.testing.assert_allclose(slope(V), np.cos(V))


def test_default_of_a_helper_changed(monkeypatch):
    def g(x, k=2.0):
        return x * k

    slope = grad(lambda x: g(x) * x)
    assert slope(3.0) == 12.0
    monkeypatch.setattr(g, "__defaults__", (5.0,))
    assert slope(3.0) == 30.0


def test_method_of_a_class_rebound(monkeypatch):
    class Model:
        def act(self, x):
            return x * x

    model = Model()
    slope = grad(lambda x: model.act(x))
    assert slope(3.0) == 6.0
    monkeypatch.setattr(Model, "act", lambda self, x: x * x * x)
    assert slope(3.0) == 27.0


def test_effects_of_the_primal_happen_once():
    counter = itertools.count(1)

    def f(x):
        n = next(counter)
        return x * n

    slope = grad(f)
    assert [slope(2.0), slope(2.0), slope(2.0)] == [1.0, 2.0, 3.0]


def test_random_generator_argument_is_advanced_once():
    def f(x, rng):
        return np.sum(x * rng.normal(size=4))

    drawn = np.random.default_rng(0).normal(size=4)
    np.testing.assert_allclose(grad(f)(V, np.random.default_rng(0)), drawn)


def test_iterator_argument_is_consumed_once():
    def f(x, numbers):
        for n in numbers:
            x = x * n
        return x

    assert grad(f)(2.0, iter([3, 4])) == 12.0


def test_two_functions_with_one_text_and_other_globals():
    text = "import numpy as np\nK = {k}\ndef f(x):\n    return np.sum(x * K)\n"
    found = []
    for k in (2.0, 5.0):
        scope, name = {"__name__": f"made_{int(k)}"}, f"<made {k}>"
        source = text.format(k=k)
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        exec(compile(source, name, "exec"), scope)
        found.append(grad(scope["f"])(V)[0])
    assert found == [2.0, 5.0]


def test_helper_passed_in_a_default():
    def f(x, g=activation):
        return np.sum(g(x))

    check(f, V)


@pytest.mark.parametrize("x", [0.3, -0.3])
def test_argument_that_a_branch_rebinds_to_another_shape(x):
    def f(x, y, z):
        if x > 0:
            parts = {"a": z[-1], "b": y}
            y, z = parts["a"], [parts["b"], x]
        return np.sum(y) * x + np.sum(z[0]) + np.sum(y * y)

    check(f, x, V, [0.5, 0.7])
