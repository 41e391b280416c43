"""`grad`, `value_and_grad`, `vjp` and the object that they return, as a user meets them."""

import dataclasses
import functools
import gc
import importlib.util
import inspect
import math
import os
import pickle
import subprocess
import sys
import threading
import types
from collections import namedtuple

import numpy as np
import pytest

import knetsrc
from knetsrc import (
    Gradient,
    KnetsrcError,
    NonScalarOutputError,
    NotDifferentiableError,
    grad,
    value_and_grad,
    vjp,
)

W = np.array([1.0, -2.0, 3.0])
X = np.array([0.5, 4.0, 2.0])


@grad
def loss(w, x, power=2):
    """A sum of powers."""
    return np.sum((w * x) ** power)


def scaled(w, x):
    return np.sum(w * x)


def product(w, x):
    return w * x


class Model:
    def __init__(self, slope):
        self.slope = slope

    def plain(self, x, y):
        return self.slope * x * y

    @grad
    def loss(self, x, y):
        return self.slope * x**2 * y

    @grad(argnums=1)
    def second(self, x, y):
        return self.slope * x * y**2

    def __call__(self, x):
        return self.slope * x**3


Pair = namedtuple("Pair", ["a", "b"])


@dataclasses.dataclass
class Layer:
    weight: np.ndarray
    bias: float
    name: str


# --- what a call returns --------------------------------------------------------------------------
def test_decorated_function_returns_gradient_of_first_argument():
    np.testing.assert_allclose(loss(W, X), 2 * W * X**2)


def test_keyword_and_default_arguments():
    np.testing.assert_allclose(loss(x=X, w=W, power=3), 3 * W**2 * X**3)


def test_value_and_grad_of_decorated_function():
    value, d_w = loss.value_and_grad(W, X)
    assert value == loss.primal(W, X)
    np.testing.assert_allclose(d_w, loss(W, X))


def test_decorator_with_options():
    @grad(argnums=(1, 0))
    def f(w, x):
        return np.sum(w * x)

    d_x, d_w = f(W, X)
    np.testing.assert_array_equal(d_x, W)
    np.testing.assert_array_equal(d_w, X)


def test_tuple_of_one_gives_tuple():
    assert isinstance(grad(scaled, argnums=(0,))(W, X), tuple)
    assert isinstance(grad(scaled, wrt=("x",))(W, X), tuple)


@pytest.mark.parametrize("options", [{"argnums": 1}, {"wrt": "x"}])
def test_bare_gradient_of_one_parameter(options):
    np.testing.assert_array_equal(grad(scaled, **options)(W, X), W)


def test_names_in_the_order_asked_for():
    d_x, d_w = grad(scaled, wrt=("x", "w"))(W, X)
    np.testing.assert_array_equal(d_x, W)
    np.testing.assert_array_equal(d_w, X)


def test_value_and_grad_function():
    value, d_w = value_and_grad(scaled)(W, X)
    assert value == scaled(W, X)
    np.testing.assert_array_equal(d_w, X)


def test_has_aux():
    def f(x):
        return x * x, "aux"

    assert grad(f, has_aux=True)(3.0) == (6.0, "aux")
    assert value_and_grad(f, has_aux=True)(3.0) == ((9.0, "aux"), 6.0)


def test_float_leaf_gives_float():
    assert type(grad(lambda x: x * x)(3.0)) is float


def test_gradient_has_the_structure_of_the_argument():
    def f(p):
        return np.sum(p["w"][0] * p["pair"].a) * p["pair"].b * p["layer"].bias

    p = {"w": [W, 3], "pair": Pair(X, 2.0), "layer": Layer(W, 1.5, "first"), "none": None}
    d_p = grad(f)(p)
    assert list(d_p) == list(p)
    assert d_p["w"][1] is None
    assert d_p["none"] is None
    assert type(d_p["pair"]) is Pair
    assert type(d_p["layer"]) is Layer
    assert d_p["layer"].name is None
    np.testing.assert_allclose(d_p["w"][0], X * 3.0)
    assert d_p["pair"].b == pytest.approx(np.sum(W * X) * 1.5)


def test_float32_stays_float32():
    assert loss(W.astype(np.float32), X.astype(np.float32)).dtype == np.float32


def test_arguments_are_not_changed():
    w, x = W.copy(), X.copy()
    loss(w, x)
    np.testing.assert_array_equal(w, W)
    np.testing.assert_array_equal(x, X)


def test_closure_sees_what_the_variable_holds_at_the_call():
    scale = 2.0
    f = grad(lambda x: scale * x)
    assert f(1.0) == 2.0
    scale = 5.0
    assert f(1.0) == 5.0


def test_two_closures_of_one_function():
    def made(scale):
        def f(x):
            return scale * x

        return grad(f)

    two, three = made(2.0), made(3.0)
    assert (two(1.0), three(1.0), two(1.0)) == (2.0, 3.0, 2.0)


def test_builtin_functions():
    assert grad(np.sin)(0.5) == pytest.approx(math.cos(0.5))
    assert grad(math.exp)(0.5) == pytest.approx(math.exp(0.5))


def test_partial_counts_what_is_left():
    assert grad(functools.partial(product, 3.0))(2.0) == 3.0


def test_callable_object():
    assert grad(Model(2.0))(3.0) == pytest.approx(54.0)


def test_second_derivative():
    assert grad(grad(lambda x: x**3))(2.0) == pytest.approx(12.0)


# --- methods --------------------------------------------------------------------------------------
def test_argnums_of_a_method_count_after_self():
    model = Model(2.0)
    assert model.loss(3.0, 1.0) == pytest.approx(12.0)
    assert Model.loss(model, 3.0, 1.0) == pytest.approx(12.0)
    assert model.second(3.0, 2.0) == pytest.approx(24.0)


def test_bound_method():
    assert grad(Model(2.0).plain, argnums=1)(3.0, 4.0) == pytest.approx(6.0)


def test_value_and_primal_of_a_method():
    model = Model(2.0)
    assert model.loss.value_and_grad(3.0, 1.0) == (18.0, pytest.approx(12.0))
    assert model.loss.primal(3.0, 1.0) == 18.0


def test_signature_of_a_method_has_no_self():
    assert str(inspect.signature(Model(2.0).loss)) == "(x, y)"


# --- the object -----------------------------------------------------------------------------------
def test_looks_like_its_primal():
    assert isinstance(loss, Gradient)
    assert loss.__name__ == "loss"
    assert loss.__doc__ == "A sum of powers."
    assert loss.__wrapped__ is loss.primal
    assert inspect.signature(loss) == loss.__signature__ == inspect.signature(loss.primal)
    assert repr(loss) == "<gradient of loss with respect to w>"
    assert repr(loss.value_and_grad) == "<value and gradient of loss with respect to w>"


def test_class_has_a_docstring_and_signature():
    assert "gradient of a function" in Gradient.__doc__
    assert list(inspect.signature(Gradient).parameters)[:2] == ["function", "argnums"]


def test_source_is_the_text_that_runs():
    uncalled = grad(loss.primal)  # a call would have told ranks
    assert inspect.getsource(inspect.getmodule(uncalled.function)) == uncalled.source


def scaled_powers(x, powers=(1.0, -2, (3,)), kind=np.float64, *, by=np.tanh):
    assert by is np.tanh
    return np.sum(x ** powers[1]) * kind(powers[2][0]) * powers[0]


def test_dump_writes_defaults_that_nobody_can_change(tmp_path):
    path = grad(scaled_powers).dump(tmp_path / "scaled_powers_grad.py")
    spec = importlib.util.spec_from_file_location("scaled_powers_grad", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    np.testing.assert_allclose(module.scaled_powers_grad(X), grad(scaled_powers)(X))
    defaults, keywords = scaled_powers.__defaults__, scaled_powers.__kwdefaults__
    assert module.scaled_powers_grad.__defaults__ == defaults
    assert module.scaled_powers_grad.__kwdefaults__ == keywords


def power_iteration(a, v):
    for _ in range(3):
        v = a @ v
        v /= np.linalg.norm(v)
    w = v
    w[0] += 1
    return v @ a @ w


def centred(a, v):
    a = a.copy()
    for row, w in zip(a, v):  # noqa: B905
        row -= w * row.mean()
    u = w = v * 1.0
    u *= 2
    return np.sum(a**3) * np.sum(w)


@pytest.mark.parametrize("f", [power_iteration, centred])
def test_dump_changes_arrays_in_place_where_the_latest_call_has(f, tmp_path):
    a, v = np.array([[2.0, 1.0, 0.3], [0.5, 3.0, 0.2], [0.1, 0.4, 1.0]]), np.array([1.0, 3.0, 0.5])
    gradient = value_and_grad(f, argnums=(0, 1))
    expected = gradient(a, v)
    path = gradient.dump(tmp_path / "in_place.py")
    spec = importlib.util.spec_from_file_location("in_place", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    value, gradients = getattr(module, f"{f.__name__}_value_and_grad")(a, v)
    assert value == pytest.approx(expected[0])
    for found, other in zip(gradients, expected[1], strict=True):
        np.testing.assert_allclose(found, other)
    with pytest.raises(KnetsrcError):  # rows that are numbers are none that change
        getattr(module, f"{f.__name__}_value_and_grad")(v, v)
    text = path.read_text()
    value_and_grad(f, argnums=(0, 1)).dump(path)
    assert path.read_text() != text


def test_tuple_default_that_another_process_has_changed(tmp_path, monkeypatch):
    monkeypatch.setenv("KNETSRC_CACHE", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    text = "import numpy as np\nfrom {}_options import T\ndef f(x, t=T):\n    return np.sum(x) * t[0]\n"
    for number, value in enumerate((2.0, 5.0)):
        (tmp_path / "first_options.py").write_text(f"T = ({value},)\n")
        (tmp_path / "first.py").write_text(text.format("first"))
        said = subprocess.run(
            [sys.executable, "-B", "-c", "import first, knetsrc; print(knetsrc.grad(first.f)(1.0))"],
            capture_output=True, text=True, check=True, cwd=tmp_path,
        )  # fmt: skip
        assert float(said.stdout) == value, number


def listed(x, w=[1.0, 2.0]):  # noqa: B006
    return np.sum(x * w[0])


def test_dump_says_what_is_in_its_way(tmp_path):
    with pytest.raises(KnetsrcError) as caught:
        grad(listed).dump(tmp_path / "listed_grad.py")
    assert caught.value.why == "the default of `w` is an object that has no text: list"
    with pytest.raises(KnetsrcError) as caught:
        grad(functools.partial(scaled_powers, kind=float)).dump(tmp_path / "partial_grad.py")
    assert caught.value.why == "what the partial passes to `scaled_powers` would be lost"
    assert caught.value.instead.endswith("def f(x): return scaled_powers(x, kind=...)")


HELD = """
import math
from types import SimpleNamespace
import numpy as np

ACTS, LIST, SPACE = {"a": np.tanh, "m": math.sin}, [np.tanh], SimpleNamespace(act=np.tanh)

class Kept:
    act = staticmethod(np.tanh)

def of_dict(x): return np.sum(ACTS["a"](x))
def of_math(x): return ACTS["m"](x[0])
def of_list(x): return np.sum(LIST[0](x))
def of_space(x): return np.sum(SPACE.act(x))
def of_class(x): return np.sum(Kept.act(x))
def by_key(x, key="a"): return np.sum(ACTS[key](x))
"""


@pytest.mark.parametrize(
    "name", ["of_dict", "of_math", "of_list", "of_space", "of_class", "by_key"]
)
def test_dumped_gradient_keeps_to_functions_that_are_held(name, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / f"held_{name}.py").write_text(HELD)
    held = importlib.import_module(f"held_{name}")
    gradient = grad(getattr(held, name))
    gradient.dump(tmp_path / f"held_{name}_grad.py")
    dumped = getattr(importlib.import_module(f"held_{name}_grad"), f"{name}_grad")
    before = gradient(X)
    np.testing.assert_allclose(dumped(X), before)
    held.ACTS.update(a=np.cos, m=math.cos)
    held.LIST[0] = held.SPACE.act = np.cos
    held.Kept.act = staticmethod(np.cos)
    np.testing.assert_allclose(dumped(X), before)
    now = -np.sin(X) if name != "of_math" else np.where(np.arange(len(X)) == 0, -np.sin(X), 0)
    np.testing.assert_allclose(gradient(X), now)


class Schedule:
    def at(self, x):
        return np.sin(x)


def by_method(x, schedule):
    return np.sum(schedule.at(x))


def by_function(x, act):
    return np.sum(act(x))


@pytest.mark.parametrize(("f", "what"), [(by_method, Schedule()), (by_function, np.sin)])
def test_dump_says_that_an_argument_is_known_only_from_a_call(f, what, tmp_path):
    gradient = grad(f)
    for call in (lambda: None, lambda: gradient(X, what), lambda: gradient(X[:1], what)):
        call()
        with pytest.raises(KnetsrcError, match="cannot be written to a file") as caught:
            gradient.dump(tmp_path / "f_grad.py")
        name = list(inspect.signature(f).parameters)[1]
        assert caught.value.why.startswith(f"what `{name}` is is known only from a call")


def twice(f):
    def inner(x):
        return factor * f(x)

    factor = 2.0
    return inner, lambda x: f(x) * x


reads_captured, reads_none = twice(np.sin)


def test_dump_is_refused_for_what_is_read(tmp_path):
    def runs(path):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return getattr(module, path.stem)

    def f(x):
        return np.sum(reads_none(x))

    def g(x):
        return np.sum(reads_captured(x))

    path = grad(f).dump(tmp_path / "f_grad.py")
    np.testing.assert_allclose(runs(path)(X), np.sin(X) + X * np.cos(X))
    with pytest.raises(KnetsrcError) as caught:
        grad(g).dump(tmp_path / "g_grad.py")
    said = "it reads `f`, `factor` of a function around `inner`, which cannot be imported"
    assert caught.value.why in (said, said.replace("`f`, `factor`", "`factor`, `f`"))


SCRIPT = """
import numpy as np
from knetsrc import grad
SCALE = 2.0
def reads(x): return SCALE * np.sum(x)
def reads_not(x): return np.sum(x * x)
grad(reads_not).dump("reads_not_grad.py")
grad(reads).dump("reads_grad.py")
"""


def test_dump_in_a_script_that_reads_its_names_is_refused(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    run = subprocess.run(
        [sys.executable, "-B", "script.py"], capture_output=True, text=True, cwd=tmp_path
    )
    assert "it reads names of the script that is run" in run.stderr
    assert (tmp_path / "reads_not_grad.py").exists() and not (tmp_path / "reads_grad.py").exists()


def test_dump_writes_the_source(tmp_path):
    uncalled = grad(loss.primal)  # a call would have told ranks
    path = uncalled.dump(tmp_path / "loss_grad.py")
    assert path.read_text() == uncalled.source


def test_pickles_by_reference():
    assert pickle.loads(pickle.dumps(loss)) is loss
    sibling = pickle.loads(pickle.dumps(loss.value_and_grad))
    assert sibling(W, X)[0] == loss.primal(W, X)


def test_pickles_what_is_made_of_a_function():
    again = pickle.loads(pickle.dumps(grad(scaled, wrt="x")))
    np.testing.assert_array_equal(again(W, X), W)


def test_pickles_a_bound_method():
    assert pickle.loads(pickle.dumps(Model(2.0).loss))(3.0, 1.0) == pytest.approx(12.0)


def test_html_shows_primal_and_adjoint():
    html = loss._repr_html_()
    assert html.startswith("<table>")
    assert "primal" in html
    assert "<pre>" in html


def test_first_calls_from_several_threads():
    def f(x):
        return np.sum(np.tanh(x) ** 2)

    g = grad(f)
    results, start = [], threading.Barrier(8)

    def call():
        start.wait()
        results.append(g(W))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    for result in results:
        np.testing.assert_array_equal(result, results[0])


def helper(x):
    return x * x


def test_rebound_global_function_is_seen(monkeypatch):
    g = grad(lambda x: helper(x))
    assert g(3.0) == pytest.approx(6.0)
    monkeypatch.setitem(globals(), "helper", lambda x: 5.0 * x)
    assert g(3.0) == pytest.approx(5.0)


# --- vjp ------------------------------------------------------------------------------------------
def test_vjp_of_an_array():
    value, pullback = vjp(product, W, X)
    np.testing.assert_array_equal(value, W * X)
    d_w, d_x = pullback(np.array([1.0, 10.0, 100.0]))
    np.testing.assert_array_equal(d_w, X * [1, 10, 100])
    np.testing.assert_array_equal(d_x, W * [1, 10, 100])


def test_pullback_twice():
    def f(w, n):
        for _ in range(n):
            w = np.sin(w) * w
        return w

    _, pullback = vjp(f, W, 3)
    first, again = pullback(X), pullback(X)
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1] is None


def test_vjp_gives_none_for_arguments_without_gradient():
    def f(x, n, name, index):
        return x[index] * n

    _, pullback = vjp(f, W, 3, "name", np.array([0, 0]))
    d_x, *rest = pullback(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(d_x, [9.0, 0.0, 0.0])
    assert rest == [None, None, None]


def test_vjp_where_nothing_has_a_gradient():
    value, pullback = vjp(lambda n: n + 1, 3)
    assert value == 4
    assert pullback(1) == (None,)


def test_vjp_of_a_container():
    def f(x):
        return {"double": 2 * x, "parts": (x * x, 3)}

    value, pullback = vjp(f, W)
    (d_x,) = pullback({"double": X, "parts": (X, None)})
    np.testing.assert_allclose(d_x, 2 * X + 2 * W * X)
    assert value["parts"][1] == 3


def test_vjp_of_star_arguments():
    def f(*arrays):
        return arrays[0] * arrays[1]

    _, pullback = vjp(f, 2.0, 3.0)
    assert pullback(1.0) == (3.0, 2.0)


def test_vjp_of_builtin():
    value, pullback = vjp(np.max, W)
    assert value == 3.0
    np.testing.assert_array_equal(pullback(2.0)[0], [0.0, 0.0, 2.0])


def test_cotangent_of_another_shape_is_refused():
    _, pullback = vjp(product, W, X)
    with pytest.raises(ValueError) as error:
        pullback(1.0)
    assert str(error.value) == (
        "the cotangent is a float, the value there is an array of shape (3,)\n"
        "  why:      a cotangent has one number for each number of the value that it belongs to\n"
        "  instead:  pass the structure that the function returned, with arrays of the same shapes"
    )


def test_cotangent_takes_the_dtype_of_the_value():
    _, pullback = vjp(product, W.astype(np.float32), X.astype(np.float32))
    assert pullback(np.ones(3))[0].dtype == np.float32


# --- wrong arguments ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((W,), {}), ((W, X, 2, 3), {}), ((W, X), {"scale": 1}), ((), {}), ((W, X), {"w": W})],
)
def test_wrong_arguments_raise_what_the_primal_raises(args, kwargs):
    with pytest.raises(TypeError) as expected:
        loss.primal(*args, **kwargs)
    with pytest.raises(TypeError) as error:
        loss(*args, **kwargs)
    assert type(error.value) is TypeError
    assert str(error.value) == str(expected.value)


def place(function, line, caret):
    """The lines of a message that point into this file."""
    number = function.__code__.co_firstlineno + line
    text = inspect.getsourcelines(function)[0][line].strip()
    margin = len(str(number)) + 4
    column = text.index(caret)
    return (
        f"  {os.path.relpath(__file__)}:{number}, in {function.__qualname__}\n"
        f"   {number} |     {text}\n"
        f"{' ' * margin}|     {' ' * column}{'^' * len(caret)}\n"
    )


def test_integer_array_is_refused():
    with pytest.raises(NotDifferentiableError) as error:
        grad(scaled)(np.array([1, 2, 3]), X)
    assert str(error.value) == (
        "a derivative with respect to `w`, which is an array of dtype int64\n"
        + place(scaled, 0, "w")
        + "  why:      only floating-point numbers and NumPy or CuPy arrays of them have a gradient\n"
        "  instead:  pass `w.astype(float)`"
    )


def test_integer_by_keyword_is_refused():
    with pytest.raises(NotDifferentiableError, match="`x`, which is the int 3"):
        grad(scaled, argnums=1)(W, x=3)


def test_integer_as_default_is_refused():
    with pytest.raises(NotDifferentiableError, match="`power`, which is the int 2"):
        grad(loss.primal, wrt="power")(W, X)


@pytest.mark.parametrize("make", [grad, value_and_grad])
def test_result_that_is_not_a_scalar_is_refused(make):
    with pytest.raises(NonScalarOutputError) as error:
        make(product)(W, X)
    assert str(error.value) == (
        "`product` returns an array of shape (3,)\n"
        + place(product, 0, "product")
        + "  why:      grad needs a scalar result: a single real number\n"
        "  instead:  reduce the result to one number, or use vjp"
    )


def test_result_is_checked_again_for_other_shapes():
    def f(w, x):
        return np.squeeze(w @ x)

    g = grad(f)
    g(np.ones((1, 3)), np.ones((3, 1)))
    with pytest.raises(NonScalarOutputError, match=r"an array of shape \(2,\)"):
        g(np.ones((2, 3)), np.ones((3, 1)))


def test_check_of_the_result_draws_no_random_numbers():
    def f(w, rng):
        return w * rng.standard_normal()

    drawn = np.random.default_rng(0).standard_normal()
    assert grad(f)(2.0, np.random.default_rng(0)) == pytest.approx(drawn)


def test_has_aux_needs_a_pair():
    with pytest.raises(NonScalarOutputError, match="with has_aux=True the result is a float"):
        grad(lambda x: x * x, has_aux=True)(3.0)


def three(x):
    return np.sum(x), 1, 2


@pytest.mark.parametrize("f", [three, lambda x: three(x), lambda x: x * 2, lambda x: [x[0]]])
@pytest.mark.parametrize("ask", [grad, value_and_grad])
def test_has_aux_drops_no_third_result(f, ask):
    with pytest.raises(NonScalarOutputError, match="with has_aux=True the result is a"):
        ask(f, has_aux=True)(np.ones(2))


@pytest.mark.parametrize(
    "f", [lambda x: (x, 1), lambda x: [np.sum(x)], lambda x: {"a": np.sum(x)}, three]
)
def test_source_of_what_returns_no_number_is_refused_as_its_call_is(f, tmp_path):
    with pytest.raises(NonScalarOutputError) as caught:
        grad(f)(np.ones(2))
    for show in (lambda g: g.source, lambda g: g.dump(tmp_path / "f_grad.py")):
        with pytest.raises(NonScalarOutputError) as shown:
            show(grad(f))
        assert str(shown.value) == str(caught.value)
    assert "lambda" in str(caught.value) or "def three(x):" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"argnums": 5}, "argnums=5 is not a parameter of `scaled`"),
        ({"argnums": -1}, "argnums=-1 is not a parameter of `scaled`"),
        ({"argnums": (0, 2)}, "argnums=2 is not a parameter of `scaled`"),
        ({"argnums": 1.0}, "argnums=1.0 is not an integer"),
        ({"argnums": True}, "argnums=True is not an integer"),
        ({"argnums": (0, 0)}, "(0, 0) names a parameter twice"),
        ({"argnums": ()}, "() names no parameter"),
        ({"wrt": "y"}, "wrt='y' is not a parameter of `scaled`"),
    ],
)
def test_parameters_that_are_not_there_are_refused_at_decoration(options, message):
    with pytest.raises(NotDifferentiableError) as error:
        grad(scaled, **options)
    assert str(error.value) == (
        message
        + "\n"
        + place(scaled, 0, "scaled")
        + "  why:      its parameters are: 0 is `w`, 1 is `x`\n"
        "  instead:  count from 0, or give the name: wrt='w'"
    )


def test_part_of_a_star_parameter_is_refused():
    with pytest.raises(NotDifferentiableError, match="argnums=0 is not a parameter of its own"):
        grad(lambda *arrays: arrays[0])


def test_what_is_not_a_function_is_refused():
    with pytest.raises(NotDifferentiableError, match="3 cannot be differentiated"):
        grad(3)
    with pytest.raises(NotDifferentiableError, match="write @staticmethod above @grad"):
        grad(staticmethod(scaled))


def test_empty_closure_variable_raises_what_the_primal_raises():
    def made():
        def f(x):
            return later * x

        if not f:
            later = 1.0
        return f

    f = made()
    with pytest.raises(NameError) as expected:
        f(1.0)
    with pytest.raises(NameError) as error:
        grad(f)(1.0)
    assert str(error.value) == str(expected.value)


# --- the package ----------------------------------------------------------------------------------
def test_stop_gradient_is_a_constant():
    assert grad(lambda x: knetsrc.stop_gradient(x) * x)(3.0) == 3.0


def test_public_names_are_there():
    for name in knetsrc.__all__:
        assert getattr(knetsrc, name) is not None


def test_unknown_name_of_the_package():
    with pytest.raises(AttributeError, match="'knetsrc' has no attribute 'backward'"):
        knetsrc.backward  # noqa: B018


def test_pullback_gives_the_attributes_of_a_plain_object():
    def f(model, x):
        return np.sum(model.layers[0].slope * x) * model.layers[1].slope

    model = types.SimpleNamespace(layers=[Model(X), Model(2.0)], name="two", count=2)
    gradient = grad(f)(model, W)
    _, pullback = vjp(f, model, W)
    found, _ = pullback(1.0)
    assert found["layers"][1] == gradient["layers"][1] == {"slope": np.sum(X * W)}
    np.testing.assert_allclose(found["layers"][0]["slope"], 2 * W)
    assert (found["name"], found["count"]) == (None, None)


def test_pullback_gives_none_for_an_object_without_numbers_and_for_one_inside_of_itself():
    around = types.SimpleNamespace(slope=2.0)
    around.itself = around
    for value in (types.SimpleNamespace(name="none"), around, grad(scaled), Model):
        _, pullback = vjp(lambda given, x: np.sum(x**2) * (given is not None), value, X)
        assert pullback(1.0)[0] is None


def test_garbage_is_collected_again_after_a_gradient_is_made():
    def refused(x):
        return np.fft.fft(x)[0]

    try:
        for is_on in (True, False):
            gc.enable() if is_on else gc.disable()
            grad(lambda x: np.sum(x**2))(W)
            assert gc.isenabled() == is_on
            with pytest.raises(KnetsrcError):
                grad(refused)(W)
            assert gc.isenabled() == is_on
    finally:
        gc.enable()
