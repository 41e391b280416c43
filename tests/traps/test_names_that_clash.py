"""Names of the user that generated code might want for itself."""

import builtins
import importlib
import importlib.util
import sys
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from helpers import named
from knetsrc import KnetsrcError, UnsupportedSyntaxError, grad, vjp
from knetsrc.adjoints import TABLE
from knetsrc.objects import LIKE_ARRAYS
from language.checking import M, V, check


def zeros_like(x):
    return x * 2.0


def unbroadcast(x, y):
    return x * y


def finished(x):
    return x + 1.0


def f_grad(x):
    return x * x


def f_forward(x):
    return x * 3.0


def test_helpers_named_like_those_of_the_generated_code():
    def f(xs, y):
        s = 1.0
        for x in xs:
            s = s * np.sum(unbroadcast(zeros_like(x), y) + finished(x))
        return s

    check(f, [V, V + 1.0], V)


def test_helpers_named_like_the_generated_functions():
    def f(x):
        return np.sum(f_grad(x) * f_forward(x))

    check(f, V)


def test_locals_named_like_builtins():
    def f(x):
        range, reversed, len, zip = 2.0, 3.0, 4.0, 5.0
        for i in (0, 1, 2):
            x = x * range + reversed * i
            x = np.sin(x) * len
        return np.sum(x) * zip

    check(f, V)


def test_parameter_that_hides_a_builtin_of_the_generated_code_is_refused():
    def f(len, range):
        for i in builtins.range(3):
            len = len * range + i
        return len

    with pytest.raises(UnsupportedSyntaxError, match="a parameter named `len`"):
        grad(f)(0.7, 1.5)


def test_parameter_that_hides_a_module_of_the_generated_code_is_refused():
    import numpy

    def f(np):
        return numpy.sum(np * np)

    with pytest.raises(UnsupportedSyntaxError, match="a parameter named `np`"):
        grad(f)(V)


def test_locals_named_like_adjoints_and_saved_lists():
    def f(x):
        d_x, x_saved, d_d_x = 2.0, x, 1.0
        for i in range(3):
            x_saved = x_saved * x + i
            d_x = d_x * x
            d_d_x = d_d_x + d_x
            x = np.sin(x) * d_x
        return x * x_saved * d_d_x

    check(f, 0.7)


def test_locals_named_like_flags_and_counters():
    def f(xs):
        result, returned, trips, done, taken, total, broke = 1.0, 2.0, 0.0, 1.5, 3.0, 0.5, 1.0
        for x in xs:
            if x < 0:
                return result * x
            if x > 5:
                break
            result = result * x + returned
            total = total + sum(e * e for e in xs)
            trips = trips + done * taken * x
        else:
            broke = result * 3.0
        return result + trips * total * broke

    check(f, [0.5, 1.5])
    check(f, [0.5, -1.5])
    check(f, [0.5, 7.5])


def test_parameter_named_like_the_cotangent_of_the_result():
    def f(d_y, d_f, cotangent):
        y = d_y * d_f
        return np.sum(y) * cotangent

    check(f, V, V + 1.0, 0.5)


def test_names_with_underscores_and_numbers():
    def f(_x, x_1, x__):
        _ = _x * x_1
        x_2 = _ * x__
        x_1 = x_2 + x_1
        return x_1 * _x

    check(f, 0.7, 1.5, 2.0)


def test_function_named_like_its_own_variable():
    def f(x):
        f = x * 2.0
        return f * x

    check(f, 0.7)


def test_unicode_names():
    def f(α, β):
        σ = np.exp(α * β)
        return np.sum(σ * α)

    check(f, V, 0.5)


def test_helper_with_the_locals_of_its_caller():
    def g(x):
        s = 1.0
        for i in range(3):
            s = s * x + i
        return s

    def f(x):
        s = 2.0
        for i in range(2):
            s = s * g(s * x) + i
        return s

    check(f, 0.3)


def test_keyword_named_like_the_captured_variable():
    scale = 3.0

    def g(x, scale=2.0):
        return x * scale

    def f(x):
        return g(x) * scale + g(x, scale=scale)

    check(f, 0.7)


def test_value_that_is_called_as_the_cotangent_of_the_result():
    def f(x):
        d_result = np.tanh(x)
        return (d_result**2,)

    _, pullback = vjp(f, 0.3)
    (d_x,) = pullback((1.0,))
    assert d_x == pytest.approx(2 * np.tanh(0.3) * (1 - np.tanh(0.3) ** 2))


def test_second_derivative_of_a_function_with_a_result():
    def f(x):
        result = x
        return np.tanh(result)

    _, pullback = vjp(grad(f, argnums=(0,)), 0.3)
    (d_x,) = pullback((1.0,))
    assert d_x == pytest.approx(-2 * np.tanh(0.3) * (1 - np.tanh(0.3) ** 2))


@pytest.fixture(params=["named", "saved", "d_x", "steps_saved"])
def module(request, tmp_path, monkeypatch):
    """A module with functions that bind its name, or in the gradient of which the name would be bound."""
    name = request.param
    text = Path(named.__file__).read_text().replace("named", name)
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module(name)


def test_names_of_the_module_of_the_function(module):
    check(module.of_an_argument, module.Params(V, 5.0), V + 1.0, argnums=(1,))
    check(module.of_a_local, V)
    check(module.of_a_helper, V)
    check(module.of_a_helper_that_comes_later, V)
    check(module.of_a_method, V)
    check(module.of_a_lambda, V)
    check(module.of_a_comprehension, V)
    check(module.of_a_closure(4.0), V)


def test_names_of_what_is_generated():
    check(named.of_a_generated_function, V)
    check(named.of_a_function_handed_over, V, np.sin)


# --- attributes of objects that are named like those of arrays ---
Gamma = namedtuple("Gamma", "shape scale")
Pose = namedtuple("Pose", "T values ndim")


@dataclass
class Gas:
    T: Any
    size: Any
    real: float = 2.0

    def energy(self, x):
        return np.sum(np.exp(-x * self.size / self.T)) * self.real


class Made:
    def __init__(self, shape, dtype):
        self.shape, self.T = shape, dtype
        self.dtype = shape * dtype

    def times(self, x):
        total = 0.0
        for v in x:
            total = total + v * self.shape * self.T
        return total * self.dtype


class Conv:
    def __init__(self, w, size):
        self.w, self.size, self.shape, self.dtype, self.ndim = w, size, w.shape, w.dtype, w.ndim

    def __call__(self, x):
        n, rows = x.shape[0], self.shape[0]
        y = np.tanh(x @ self.w).reshape(n, self.size, -1).astype(self.dtype)
        return (
            y.mean(axis=0) * np.ones(self.size)[:, None] / rows + self.w.sum(axis=self.ndim - 1)[0]
        )


def log_density(p, x):
    k = p.shape - 1.0
    return k * np.log(x) * p.scale - x / p.scale


def both(k, s):
    return Gamma(k, s), Gamma(s, k)


def test_every_attribute_of_an_array_with_a_rule_is_one_that_objects_may_hold():
    assert TABLE.by_attribute.keys() | TABLE.constant_attributes <= LIKE_ARRAYS


def test_fields_of_arguments_named_like_attributes_of_arrays():
    x = np.array([0.5, 1.2])
    check(lambda p, x: np.sum(log_density(p, x)), Gamma(2.0, 1.5), x)
    check(
        lambda p, x: np.sum(np.sin(p.T @ x)) * p.values * p.ndim + p[0][0, 1],
        Pose(M, 2.0, 3.0),
        M[0],
    )
    check(lambda g, x: g.energy(x) * g.size + np.sum(g.T), Gas(1.5, 0.7), x)
    check(lambda gs, x: sum(g.energy(x) / g.T for g in gs), [Gas(1.5, 0.7), Gas(0.5, 2.0)], x)
    check(lambda d, x: np.sum(d["p"].shape * x), {"p": Gamma(2.0, 1.5)}, x)
    check(lambda p: p._asdict()["shape"] * p._replace(shape=p.scale).shape, Gamma(2.0, 1.5))


def test_attributes_set_from_outside_named_like_those_of_arrays():
    gradient = grad(lambda c, x: np.sum(c.size * x) * c.T)(SimpleNamespace(size=2.0, T=3.0), V)
    assert gradient == pytest.approx({"size": 3.0 * np.sum(V), "T": 2.0 * np.sum(V)})


def test_attributes_of_objects_made_inside_named_like_those_of_arrays():
    check(lambda k, t, x: Made(k, t).times(x), 2.0, 1.5, V)
    check(lambda k, x: Gas(k, k * k).energy(x) * Gamma(k, 2.0).shape, 1.5, V)


def test_sizes_that_objects_hold_are_sizes():
    w, x = M @ M.T + 0.5, M.T
    check(lambda w, x: np.sum(Conv(w, 2)(x) ** 2), w, x)
    check(lambda p, x: np.sum(x.reshape(p.shape) * p.scale) * p.shape[0], Gamma((3, 2), M.T), M)


def test_an_attribute_of_what_is_not_known_to_be_an_object_is_refused():
    def followed(k, s, x):
        a, b = both(k, s)
        return np.sum(a.shape * b.shape * x)

    def lost(k, s, x):
        found = [x, *both(k, s)]
        return np.sum(found[1].shape * x)

    check(followed, 2.0, 1.5, V)
    with pytest.raises(UnsupportedSyntaxError, match="attribute `shape` of an object of the class"):
        grad(lost)(2.0, 1.5, V)


def test_an_array_next_to_such_objects():
    def rows(x):
        return x.shape[0] * x.T[0]

    check(lambda k, x: np.sum(rows(x)) * Gamma(k, 1.0).shape, 2.0, M)


# --- names of builtins, handed to helpers ---
def gathered(w, *arrays):
    total = 0.0
    for a in arrays:
        total = total + (np.sum(w) if np.ndim(a) == 1 else np.sum(w**2)) * np.sum(a)
    return total


def scaled_by(x, y=None):
    return x * 2.0 if y is None else x * y


def squared(input, type=2.0, sum=0.0):
    return input**2 * type + sum


def test_local_variables_named_like_builtins_handed_to_helpers():
    def f(w, x):
        input, type = 2.0 * x, w * x
        hash = scaled_by(w, input)
        return gathered(w, input, type) + sum(hash)

    check(f, V, V + 1.0)


def test_parameters_named_like_builtins_handed_to_helpers():
    def f(w, filter, iter=1.5, dict=(2.0, 1.0)):
        total = sum(map(np.sum, [squared(filter, sum=w), squared(input=w, type=iter)]))
        return total + gathered(w, filter) + np.sum(scaled_by(w, iter)) * dict[0]

    check(f, V, V + 1.0)
    check(lambda w, x: f(w, filter=x, iter=w), V, V + 1.0)


def test_methods_of_dicts_in_parameters_named_like_builtins():
    def f(dict):
        total = 0.0
        for key, value in dict.items():
            total = total + np.sum(value) ** len(key)
        return total + dict["a"][0]

    check(f, {"a": V, "bb": V + 1.0})


@pytest.mark.parametrize("name", ["my-model", "<run_path>", "lambda"])
def test_module_with_a_name_that_no_statement_imports(name, tmp_path, monkeypatch):
    path = tmp_path / "file.py"
    path.write_text(
        "import numpy as np\nSCALE = 2.0\n"
        "def helper(x): return np.tanh(x) * SCALE\n"
        "def loss(x): return np.sum(helper(x) ** 2) * SCALE\n"
    )
    spec = importlib.util.spec_from_file_location(name, path)
    model = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, model)
    spec.loader.exec_module(model)
    check(model.loss, V)
    check(lambda x: model.loss(x) * model.SCALE + np.sum(model.helper(x)), V)
    with pytest.raises(KnetsrcError, match="cannot be written to a file"):
        grad(model.loss).dump(tmp_path / "loss_grad.py")


def _times(a, k):
    return a * k


def _with_options(f, u, *args):
    args_0 = u * 2
    return f(args_0, *args)


def _squared_first(f, u):
    f_k = u * u
    return f(f_k) * f_k


def _by_table(table, u):
    return table["a"][0](u, table["a"][1]) + table["b b"][0](u, table["b b"][1])


def test_what_a_function_captures_named_as_in_the_helper_that_gets_it():
    def of_a_parameter(f, f_k):
        return f(f_k) * f_k

    def by_closure(x):
        k = x[0] * 3
        return np.sum(_squared_first(lambda u: u * k, x) + of_a_parameter(lambda u: u * k, x))

    check(by_closure, V)
    check(lambda x: np.sum(_with_options(_times, x, x[1] * 3)), V)
    check(lambda x: np.sum(_by_table({"a": (_times, x[0]), "b b": (_times, x[1] * 2)}, x)), V)


def test_keywords_named_as_what_a_nested_function_captures():
    def read(x):
        s = x[0] * 2

        def f(**k):
            return k["s"] * s + k.get("x", 3.0)

        def g(f, **k):
            return f(**k) * s

        return g(f, s=x[1]) + f(x=x[2], s=x[3]) + f(**{"s": x[2]})

    def computed_default(x):
        s = x[0] * 2

        def f(c=s * 2, **k):
            return c * k["s"] * s

        return f(s=x[1]) + f(3.0, s=x[2])

    def recursive(x):
        s = x[0] * 2

        def f(n, **k):
            return k["s"] * s * (f(n - 1, s=k["s"] * 2) if n else 1.0)

        return f(2, s=x[1])

    def written(x):
        y = x.copy()

        def f(**k):
            y[:] = y * k["y"]

        f(y=x[1])
        return np.sum(y**2)

    for f in (read, computed_default, recursive, written):
        check(f, V)


# --- fresh names for those of a helper, and its parameters ------------------------------------------------------------------
def _sine(x, d_x_1):
    d_x = -d_x_1 * np.sin(x)
    return d_x


def test_variable_of_a_short_helper_beside_its_parameter():
    def f(x):
        d_x = 1.5
        if x[0] > 10.0:
            d_x = 0.0
        else:
            d_x = _sine(x, d_x)
        return np.sum(d_x * x)

    check(f, V)


def _multiples(x_1, n):
    for i in range(n):
        x = x_1 * i
        yield x * x_1


def test_variable_of_a_generator_beside_its_parameter():
    def f(x, y):
        s = 0.0
        for v in _multiples(y, 3):
            s = s + v * x
        return s

    check(f, 0.3, 0.7)


def _scaling(x_1):
    x = 2.0

    def scaled(y):
        return y * x * x_1

    return scaled


def test_variable_of_a_function_that_makes_functions_beside_its_parameter():
    def f(x, y):
        scaled = _scaling(y)
        return scaled(x) * x

    check(f, 0.3, 0.7)
