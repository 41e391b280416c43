"""Functions that are refused: a file each, its exact message the docstring of the file."""

import ast
import functools
import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import scipy.special

from knetsrc import (
    KnetsrcError,
    MissingAdjointError,
    NonScalarOutputError,
    SourceNotFoundError,
    UnsupportedAliasError,
    UnsupportedSyntaxError,
    grad,
)
from knetsrc.transform import units
from knetsrc.transform.source import read_source

CASES = sorted(
    path for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("test_")
)
HISTORY = []
SETTINGS = {"w": 1.0}


class Counter:
    def __init__(self):
        self.count = 0

    def scaled(self, x):
        self.count += 1
        return x * self.count


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_message(path, monkeypatch):
    module = loaded(path, monkeypatch)
    with pytest.raises(KnetsrcError) as caught:
        if hasattr(module, "run"):
            module.run()
        else:
            grad(module.f)(*module.ARGS)
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")), clean=False)
    assert shown(caught.value) == said.strip()


def loaded(path, monkeypatch):
    """The module at a path, under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"refused_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def shown(error):
    """The whole message as it prints, without the folder of the file."""
    return re.sub(r"^  \S*/(\w+\.py:)", r"  \1", f"{type(error).__name__}: {error}", flags=re.M)


def refusal(kind, f, *args):
    """The lines of the message with which `f` is refused."""
    with pytest.raises(kind) as caught:
        grad(f)(*args)
    return shown(caught.value).splitlines()


# --- what must be in the message ------------------------------------------------------------------
def test_write_into_a_dictionary_suggests_a_new_dictionary():
    def f(x):
        SETTINGS["w"] = x * 2.0
        return SETTINGS["w"]

    lines = refusal(UnsupportedAliasError, f, 1.0)
    assert lines[-1] == "  instead:  build a new one: SETTINGS = {k: ... for k, v in SETTINGS.items()}, or write its entries out"


def test_write_to_an_attribute_in_a_method_is_found():
    counter = Counter()

    def f(x):
        return counter.scaled(x)

    lines = refusal(UnsupportedAliasError, f, 1.0)
    assert lines[0].endswith("`counter.scaled` writes to an attribute of `counter`")
    assert "return counter.scaled(x)" in lines[2]
    assert counter.count == 0


def test_append_to_a_list_outside_does_not_suggest_to_rebind_it():
    def f(x):
        HISTORY.append(x)
        return x * x

    lines = refusal(UnsupportedAliasError, f, 1.0)
    assert not lines[-1].endswith("HISTORY = [*HISTORY, x]")  # that would make a local name of it
    assert HISTORY == []


def test_append_to_an_element_does_not_suggest_a_write_to_it():
    def f(x):
        ys = []
        store = {"ys": ys}
        store["ys"].append(x * 2.0)
        return store["ys"][0]

    lines = refusal(UnsupportedAliasError, f, 1.0)
    assert "store['ys'] = " not in lines[-1]  # that is refused as well


def test_setattr_suggests_what_a_write_to_an_attribute_suggests():
    counter = Counter()

    def f(x):
        setattr(counter, "count", x)  # noqa: B010
        return x * 2.0

    lines = refusal(UnsupportedSyntaxError, f, 1.0)
    assert lines[0] == "UnsupportedSyntaxError: `setattr` in a differentiated function"
    assert lines[-1] == "  instead:  keep the value in a name, and return it"


def test_unbuffered_product_suggests_a_loop():
    def f(x):
        y = np.ones(3)
        np.multiply.at(y, [0, 0, 2], x)
        return np.sum(y)

    lines = refusal(UnsupportedAliasError, f, np.ones(3))
    assert "for i, v in zip(index, values): y[i] = ..." in lines[-1]


def row_of_a_loop(m):
    total = 0.0
    for z in m:
        z += 1.0
        total = total + np.sum(z)
    return total


def test_augmented_assignment_to_shared_memory_names_the_place():
    f = row_of_a_loop
    x = [np.ones(3), np.ones(3)]
    lines = refusal(UnsupportedAliasError, f, x)
    assert lines[0].startswith("UnsupportedAliasError: `z += 1.0` changes in place")
    assert re.fullmatch(rf"  test_refused.py:\d+, in {f.__name__}", lines[1])
    assert lines[2].endswith("|     z += 1.0") and lines[3].endswith("|     ^^^^^^^^")
    assert lines[-1] == "  instead:  z = z + 1.0"
    np.testing.assert_array_equal(x, np.ones((2, 3)))
    np.testing.assert_array_equal(grad(f)(np.ones((2, 3))), np.ones((2, 3)))


@pytest.mark.parametrize("call", ["np.unwrap(x)", "np.fft.fft(x)"])
def test_numpy_function_without_a_rule_names_the_place_and_the_way_out(call, tmp_path, monkeypatch):
    path = tmp_path / "without_rule.py"
    path.write_text(f"import numpy as np\n\n\ndef f(x):\n    return np.sum({call})\n")
    lines = refusal(MissingAdjointError, loaded(path, monkeypatch).f, np.ones(3))
    assert lines[0] == f"MissingAdjointError: no derivative rule for `{call.split('(')[0]}`"
    assert lines[1] == "  without_rule.py:5, in f"
    assert f"@adjoint({call.split('(')[0]})" in "\n".join(lines)


@pytest.mark.parametrize("call", ["np.kaiser(5, x[0])", "scipy.signal.savgol_filter(x, 3, 1)"])
def test_source_of_a_library_is_not_followed(call, tmp_path, monkeypatch):
    path = tmp_path / "of_library.py"
    path.write_text(
        f"import numpy as np\nimport scipy.signal\n\n\ndef f(x):\n    return np.sum({call})\n"
    )
    read: list[str] = []
    follow_sources(monkeypatch, read)
    lines = refusal(MissingAdjointError, loaded(path, monkeypatch).f, np.ones(3))
    name = call.split("(")[0]
    assert lines[0] == f"MissingAdjointError: no derivative rule for `{name}`"
    assert f"@adjoint({name})" in "\n".join(lines)
    assert set(read) == {"f"}


def test_source_of_a_library_is_not_read_for_what_is_constant(monkeypatch):
    def f(x):
        k = scipy.special.comb(5, 2) * scipy.linalg.hilbert(3)
        return np.sum(x * k) + np.sum(np.hanning(3) * x)

    read: list[str] = []
    follow_sources(monkeypatch, read)
    expected = 10 * scipy.linalg.hilbert(3).sum(axis=0) + np.hanning(3)
    np.testing.assert_allclose(grad(f)(np.ones(3)), expected)
    assert set(read) == {"f"}


def test_function_with_the_name_of_one_of_numpy_is_followed():
    @functools.wraps(np.sum)
    def total(x):
        return np.sum(x**2)

    np.testing.assert_allclose(grad(lambda x: total(x) * 2.0)(np.ones(3)), 4 * np.ones(3))


def follow_sources(monkeypatch, read):
    """Enter the name of each function whose source is read while a gradient is generated."""

    def reading(function, **options):
        source = read_source(function, **options)
        read.append(source.name)
        return source

    monkeypatch.setattr(units, "read_source", reading)


def test_near_names_with_a_rule_are_listed():
    def f(x):
        return np.nanprod(x)

    lines = refusal(MissingAdjointError, f, np.ones(3))
    near = next(line for line in lines if line.startswith("  instead:  near names with a rule: "))
    assert "prod" in near


def test_function_that_is_not_there():
    def misspelt(x):
        return np.sun(x)

    def not_defined(x):
        return undefined_loss(x)  # noqa: F821

    lines = refusal(MissingAdjointError, misspelt, np.ones(3))
    assert lines[0] == "MissingAdjointError: the module `numpy` has no `sun`"
    assert lines[-1].startswith("  instead:  near names with a rule: sum")
    lines = refusal(MissingAdjointError, not_defined, np.ones(3))
    assert lines[0].endswith("has no `undefined_loss`")
    assert lines[-1] == "  instead:  define it, or import it"


@pytest.mark.parametrize("draw", [np.random.default_rng(0).normal, np.random.normal])
def test_draw_by_differentiated_parameters(draw):
    rng = getattr(draw, "__self__", np.random)

    def of_generator(mu):
        return np.sum(rng.normal(mu, 2.0) ** 2)

    def of_module(mu):
        return np.sum(np.random.normal(mu, 2.0) ** 2)

    f, name = (of_module, "np.random") if draw is np.random.normal else (of_generator, "rng")
    lines = refusal(MissingAdjointError, f, np.ones(3))
    parts = f"mu + sigma * {name}.standard_normal(size)"
    assert lines[-1] == f"  instead:  draw without parameters: {parts}"


def test_method_without_a_rule_shows_a_rule_that_is_python():
    def f(x):
        return float(x.tobytes()[0])

    lines = refusal(MissingAdjointError, f, np.ones(3))
    rule = [line.strip() for line in lines if "@adjoint(" in line]
    assert rule == ["@adjoint(np.ndarray.tobytes)"] or rule == []
    assert lines[0] == "MissingAdjointError: no derivative rule for `.tobytes`"


def test_helper_without_source_names_the_call():
    scope = {}
    exec("def hidden(x):\n    return x * x", scope)
    hidden = scope["hidden"]

    def f(x):
        return hidden(x) * 2.0

    lines = refusal(SourceNotFoundError, f, 1.0)
    assert lines[0] == "SourceNotFoundError: no source for `hidden`"
    assert lines[1].startswith("  test_refused.py:") and "hidden(x) * 2.0" in lines[2]


def test_function_that_returns_nothing():
    def f(x):
        x * 2.0

    lines = refusal(NonScalarOutputError, f, 1.0)
    assert lines[0] == "NonScalarOutputError: `f` returns None"


@pytest.mark.parametrize("reduced", [np.sum, np.prod, np.max])
def test_helper_that_returns_nothing_and_is_reduced(reduced):
    def residual(x):
        (x - 1.0) ** 2

    def f(x):
        return reduced(residual(x))

    def either(x):
        return residual(x) if x[0] > 0 else np.sum(x)

    for gradient in grad(f), grad(f).value_and_grad:
        with pytest.raises(NonScalarOutputError, match="`f` returns None"):
            gradient(np.ones(2))
    with pytest.raises(TypeError, match="NoneType"):
        grad(lambda x: np.sum(x) + reduced(residual(x)))(np.ones(2))
    assert grad(either)(-np.ones(2)).tolist() == [1.0, 1.0]
    with pytest.raises(NonScalarOutputError, match="returns None"):
        grad(either)(np.ones(2))


def test_lambda_is_shown_as_a_lambda():
    def f(x):
        return (lambda y: y.tobytes())(x)

    with pytest.raises(KnetsrcError) as caught:
        grad(lambda x: np.sum(x.tobytes()))(np.ones(3))
    assert shown(caught.value).splitlines()[1].endswith(", in <lambda>")
