"""The folder of generated files: safe against crashes and other users; warm starts."""

import inspect
import json
import os
import stat
import sys
import traceback
import warnings

import numpy as np
import pytest

from helpers import processes
from knetsrc import cache, grad, value_and_grad

MODEL = """
import numpy as np
from knetsrc import grad

@grad
def loss(w, x):
    return np.sum(np.tanh(w * x))

def call():
    return loss(np.array([1.0, 2.0]), np.array([3.0, 0.5])).tolist()
"""
EXPECTED = (np.array([3.0, 0.5]) * (1 - np.tanh(np.array([3.0, 1.0])) ** 2)).tolist()
USE = "import model, json; print(json.dumps(model.call()))"


@pytest.fixture
def model(tmp_path):
    """A folder with a module that decorates a function."""
    (tmp_path / "model.py").write_text(MODEL)
    return tmp_path


def call(model, **variables):
    result = json.loads(processes.run(USE, cwd=model, KNETSRC_CACHE=model / "cache", **variables))
    assert result == pytest.approx(EXPECTED)


def files(folder):
    return sorted(path.name for path in folder.glob("[!.]*"))


def mark(folder):
    """Change the generated file and its digest so that one sees whether it is used."""
    (path,) = folder.glob("*.py")
    facts = json.loads(path.with_suffix(".json").read_text())
    facts.pop("digest")
    text = path.read_text() + "\nprint('from the cache')\n"
    cache_text = json.dumps({**facts, "digest": cache._digest(text, facts)})
    path.write_text(text)
    path.with_suffix(".json").write_text(cache_text)
    return path


# --- warm starts ----------------------------------------------------------------------------------
def test_second_process_uses_the_stored_file(model):
    call(model)
    mark(model / "cache")
    out = processes.run(USE, cwd=model, KNETSRC_CACHE=model / "cache")
    assert out.startswith("from the cache\n")


def test_warm_start_does_without_the_transpiler(model):
    call(model)
    code = """
    import sys
    sys.modules["knetsrc.transform"] = sys.modules["knetsrc.pipeline"] = None
    import model
    print(model.call())
    """
    processes.run(code, cwd=model, KNETSRC_CACHE=model / "cache")


def test_warm_start_notices_a_changed_helper_in_another_file(model):
    (model / "layers.py").write_text("def double(x):\n    return 2.0 * x\n")
    (model / "model.py").write_text(
        "from layers import double\n" + MODEL.replace("np.tanh", "double")
    )
    use = "import model; print(model.call())"
    first = processes.run(use, cwd=model, KNETSRC_CACHE=model / "cache")
    (model / "layers.py").write_text("def double(x):\n    return 4.0 * x\n")
    second = processes.run(use, cwd=model, KNETSRC_CACHE=model / "cache", PYTHONDONTWRITEBYTECODE=1)
    assert (first, second) == ("[6.0, 1.0]\n", "[12.0, 2.0]\n")


def test_warm_start_notices_a_global_that_is_bound_later(model):
    steps = "def half(x):\n    return 0.5 * x\n\ndef double(x):\n    return 2.0 * x\n"
    text = f"{MODEL.replace('np.tanh', 'step')}\n{steps}\nstep = half\n"
    (model / "model.py").write_text(text)
    use = "import model; print(model.call()); model.step = model.double; print(model.call())"
    for _ in range(2):
        out = processes.run(use, cwd=model, KNETSRC_CACHE=model / "cache")
        assert out == "[1.5, 0.25]\n[6.0, 1.0]\n"


def test_two_processes_at_once(model):
    running = [processes.start(USE, cwd=model, KNETSRC_CACHE=model / "cache") for _ in range(3)]
    for process in running:
        out, errors = process.communicate()
        assert process.returncode == 0, errors
        assert json.loads(out) == pytest.approx(EXPECTED)
    assert [name.partition(".")[2] for name in files(model / "cache")] == ["json", "py"]


# --- faults ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("ending", [".py", ".json"])
@pytest.mark.parametrize("keep", [0, 0.5, 0.99])
def test_truncated_file_is_rebuilt(model, ending, keep):
    call(model)
    path = next((model / "cache").glob("*" + ending))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    call(model)
    assert path.read_bytes() == whole


def test_corrupt_file_is_rebuilt(model):
    call(model)
    path = next((model / "cache").glob("*.py"))
    whole = path.read_text()
    path.write_text(whole.replace("return", "return -", 1))
    call(model)
    assert path.read_text() == whole


@pytest.mark.parametrize("ending", [".py", ".json"])
def test_missing_file_is_rebuilt(model, ending):
    call(model)
    next((model / "cache").glob("*" + ending)).unlink()
    call(model)
    assert len(files(model / "cache")) == 2


def test_kill_in_the_middle_of_a_write(model):
    code = """
    import os, signal, tempfile
    import knetsrc.cache
    made = tempfile.mkstemp

    def killed(*args, **kwargs):
        descriptor, name = made(*args, **kwargs)
        os.write(descriptor, b"import numpy as np")
        os.kill(os.getpid(), signal.SIGKILL)

    tempfile.mkstemp = killed
    import model
    model.call()
    """
    process = processes.start(code, cwd=model, KNETSRC_CACHE=model / "cache")
    process.communicate()
    assert process.returncode == -9
    assert files(model / "cache") == []
    call(model)
    assert len(files(model / "cache")) == 2


def test_file_of_another_user_is_not_executed(cache_folder, monkeypatch):
    stored = cache.store("loss_" + "0" * 20, "x = 1\n", {})
    assert cache.find(stored.path.stem) == stored
    own = os.geteuid()
    real = os.fstat
    monkeypatch.setattr(
        os, "fstat", lambda d: os.stat_result((*real(d)[:4], own + 1, *real(d)[5:]))
    )
    assert cache.find(stored.path.stem) is None


def test_link_is_not_followed(cache_folder, tmp_path):
    stored = cache.store("loss_" + "0" * 20, "x = 1\n", {})
    elsewhere = stored.path.rename(tmp_path / "elsewhere.py")
    stored.path.symlink_to(elsewhere)
    assert cache.find(stored.path.stem) is None


def test_folder_of_another_user_is_not_used(cache_folder, monkeypatch):
    cache_folder.mkdir()
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    monkeypatch.setattr(cache, "_private", [])
    with pytest.warns(RuntimeWarning, match="it belongs to another user"):
        assert cache.folder() != cache_folder


def test_folder_that_others_can_write_to_is_closed(cache_folder):
    cache_folder.mkdir()
    cache_folder.chmod(0o777)
    assert cache.folder() == cache_folder
    assert stat.S_IMODE(cache_folder.stat().st_mode) == 0o700


def test_folder_is_made_for_its_user_alone(cache_folder):
    assert stat.S_IMODE(cache.folder().stat().st_mode) == 0o700


def test_unusable_folder_gives_one_warning(model):
    (model / "cache").write_text("not a folder")
    code = """
    import model, warnings
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        model.call()
        model.loss.value_and_grad(1.0, 2.0)
    print([str(warning.message) for warning in found])
    print(model.loss.function.__code__.co_filename)
    """
    out, file = processes.run(code, cwd=model, KNETSRC_CACHE=model / "cache").splitlines()
    assert out.count("generated files cannot be kept in") == 1
    assert "KNETSRC_CACHE names another folder" in out
    assert not os.path.exists(os.path.dirname(file))


def test_write_that_fails_goes_to_a_private_folder(cache_folder, monkeypatch):
    monkeypatch.setattr(cache, "_private", [])
    real = os.replace

    def replace(source, target):
        if str(target).startswith(str(cache_folder)):
            raise PermissionError(13, "Permission denied")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.warns(RuntimeWarning, match="Permission denied"):
        stored = cache.store("loss_" + "0" * 20, "x = 1\n", {})
    assert stored.path.parent != cache_folder
    assert list(cache_folder.iterdir()) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cache.store("loss_" + "1" * 20, "x = 1\n", {})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder(cache_folder, monkeypatch):
    monkeypatch.setattr(cache, "_private", [])
    cache_folder.mkdir()
    cache_folder.chmod(0o500)
    with pytest.warns(RuntimeWarning, match="Permission denied"):
        assert cache.store("loss_" + "0" * 20, "x = 1\n", {}).path.parent != cache_folder


# --- what is executed -----------------------------------------------------------------------------
def test_module_is_registered_before_it_is_executed(cache_folder):
    text = "import sys\nknown = sys.modules[__name__].__spec__.origin\n"
    module = cache.execute(cache.store("loss_" + "2" * 20, text, {}))
    assert module.known == module.__file__
    assert sys.modules[module.__name__] is module


def test_module_that_fails_is_not_registered(cache_folder):
    stored = cache.store("loss_" + "3" * 20, "1 / 0\n", {})
    with pytest.raises(ZeroDivisionError):
        cache.execute(stored)
    assert f"{cache.PACKAGE}.{stored.path.stem}" not in sys.modules


def test_modules_with_injected_objects_are_their_own(cache_folder):
    stored = cache.store("loss_" + "4" * 20, "value = given\n", {})
    one, two = cache.execute(stored, {"given": 1}), cache.execute(stored, {"given": 2})
    assert (one.value, two.value) == (1, 2)
    assert one.__name__ != two.__name__


def test_traceback_shows_generated_lines():
    def f(w, x):
        return np.sum(w @ x)

    with pytest.raises(ValueError) as error:
        value_and_grad(f)(np.ones((2, 3)), np.ones((2, 3)))
    frames = traceback.extract_tb(error.value.__traceback__)
    generated = [f for f in frames if f.filename.startswith(os.environ["KNETSRC_CACHE"])]
    assert "@" in generated[0].line or "matmul" in generated[0].line


def test_generated_function_has_source():
    def f(w):
        return np.sum(w * w)

    g = grad(f)
    assert inspect.getsource(g.function).startswith("def f_grad(w):")


# --- names and cleaning ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("loss_grad", "loss_grad"),
        ("<lambda>_grad", "lambda_grad"),
        ("../x", "x"),
        ("<>", "function"),
    ],
)
def test_file_is_named_after_the_function(name, stem):
    assert cache.stem(name, "0123456789abcdef" * 4) == stem + "_0123456789abcdef0123"


def test_digest_tells_parts_apart():
    assert cache.digest_of("ab", "c") != cache.digest_of("a", "bc")


def test_clear_leaves_other_files_alone(cache_folder):
    cache.store("loss_" + "5" * 20, "x = 1\n", {})
    (cache_folder / "notes.py").write_text("")
    (cache_folder / "__pycache__").mkdir()
    (cache_folder / "__pycache__" / f"loss_{'5' * 20}.loss_grad-3.py311.nbi").write_text("")
    assert cache.clear() == 1
    assert [path.name for path in cache_folder.iterdir()] == ["notes.py"]


def test_clear_of_a_folder_that_is_not_there(cache_folder):
    assert cache.clear() == 0
    assert not cache_folder.exists()
