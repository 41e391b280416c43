"""The examples run, with settings small enough for a test, and learn."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
TINY = ["--hidden", "8", "--embedding", "4", "--batchsize", "4", "--length", "10", "--limit", "900"]


def run(name, *options, fails=False):
    """Standard output of an example; of one that has to fail, what it says on stderr."""
    environment = {**os.environ, "KNETSRC_OFFLINE": "1", "MPLBACKEND": "agg"}
    environment.pop("KNETSRC_DATA", None)
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", *map(str, options)],
        capture_output=True,
        text=True,
        env={**environment, "PYTHONPATH": str(EXAMPLES.parent)},
    )
    assert (done.returncode != 0) == fails, done.stderr
    return done.stderr if fails else done.stdout


def figures(output, name):
    """The values of one figure, epoch by epoch."""
    rows = [line.split() for line in output.splitlines() if line.startswith("epoch ")]
    return [float(row[row.index(name) + 1]) for row in rows]


@pytest.fixture
def files(tmp_path):
    return tmp_path / "curve.png", tmp_path / "model.npz"


def test_quickstart_prints_the_gradient_and_learns():
    *_, last = run("quickstart").splitlines()
    epoch, loss = last.split()
    assert epoch == "20"
    assert float(loss) < 23.5


def test_housing_reaches_the_loss_of_the_tutorial(files):
    curve, model = files
    losses = figures(run("housing", "--plot", curve, "--save", model), "train_loss")
    assert len(losses) == 21
    assert losses[0] > 550
    assert losses[-1] < 23.5
    assert curve.read_bytes().startswith(b"\x89PNG")
    assert figures(run("housing", "--load", model, "--epochs", 0), "train_loss") == [losses[-1]]


def test_housing_in_batches_with_a_test_set():
    output = run("housing", "--batchsize", 50, "--lr", 0.02, "--test", 0.2, "--seed", 3)
    assert figures(output, "test_loss")[-1] < 40


def test_softmax_regression_learns_digits(files):
    curve, model = files
    output = run("mnist", "--epochs", 2, "--plot", curve, "--save", model)
    assert figures(output, "train_accuracy")[-1] > 0.8
    assert figures(output, "test_accuracy")[-1] > 0.75
    assert curve.read_bytes().startswith(b"\x89PNG")
    with np.load(model) as saved:
        assert [saved[name].shape for name in saved] == [(10, 64), (10, 1)]


def test_perceptron_learns_digits_and_shows_its_gradient():
    output = run(
        "mnist", "--hidden", 16, 8, "--epochs", 5, "--lr", 0.1, "--batchsize", 50, "--show"
    )
    assert "def " in output
    assert figures(output, "test_accuracy")[-1] > 0.6


def test_parameters_of_another_model_are_refused(files):
    run("mnist", "--epochs", 0, "--save", files[1])
    said = run("mnist", "--epochs", 0, "--hidden", 4, "--load", files[1], fails=True)
    assert "holds the parameters of another model" in said


def test_convolutional_network_learns_digits(files):
    curve, model = files
    output = run("lenet", "--epochs", 2, "--batchsize", 50, "--plot", curve, "--save", model)
    assert figures(output, "test_accuracy")[-1] > 0.75
    assert curve.read_bytes().startswith(b"\x89PNG")
    with np.load(model) as saved:
        assert saved["conv2"].shape == (50, 20, 5, 5)
    loaded = run("lenet", "--load", model, "--epochs", 0)
    assert figures(loaded, "test_loss")[0] == figures(output, "test_loss")[-1]


def test_convolutional_network_with_gradient_descent():
    options = ["--optimizer", "sgd", "--lr", 0.1, "--epochs", 1, "--batchsize", 50, "--show"]
    output = run("lenet", *options)
    assert "conv_adjoint_w(" in output
    losses = figures(output, "train_loss")
    assert losses[1] < losses[0]


def test_pictures_are_told_apart_class_by_class(files):
    curve, model = files
    output = run("cifar", "--epochs", 4, "--limit", 600, "--plot", curve, "--save", model)
    assert figures(output, "test_accuracy")[-1] > 0.3
    *_, last = output.splitlines()
    name, share = last.split()
    assert name == "9"
    assert 0 <= float(share) <= 1
    assert curve.read_bytes().startswith(b"\x89PNG")
    with np.load(model) as saved:
        assert [saved[name].shape for name in saved][:2] == [(16, 3, 5, 5), (16, 1, 1)]


@pytest.mark.parametrize("name", ["lenet", "cifar"])
def test_device_that_is_not_there(name, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "--device gpu" in run(name, "--device", "gpu", "--epochs", 0, fails=True)


def test_character_model_learns_and_writes(files):
    curve, model = files
    options = [*TINY, "--epochs", 3, "--generate", 12, "--plot", curve, "--save", model]
    output = run("charlm", *options)
    losses = figures(output, "train_loss")
    assert losses[-1] < losses[0] < np.log(65) + 0.5
    assert figures(output, "valid_loss")[-1] < np.log(65)
    *_, text = output.partition(f"valid_loss {figures(output, 'valid_loss')[-1]:.4f}\n")
    assert len(text) == 13
    loaded = figures(run("charlm", *TINY, "--epochs", 1, "--load", model), "train_loss")
    assert loaded[0] < losses[0]


def test_character_model_with_too_little_text_says_so():
    assert "too few" in run("charlm", "--limit", 100, fails=True)


@pytest.mark.parametrize("name", ["housing", "mnist", "lenet", "cifar", "charlm"])
def test_help_names_every_option(name):
    output = run(name, "--help")
    for option in (
        "--epochs",
        "--lr",
        "--seed",
        "--batchsize",
        "--show",
        "--plot",
        "--save",
        "--load",
    ):
        assert option in output
