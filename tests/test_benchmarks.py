"""The models of the benchmark do the same in every library that is installed."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from knetsrc import grad

ROOT = Path(__file__).parents[1]


def test_models_agree_with_those_by_hand():
    done = subprocess.run(
        [
            sys.executable, ROOT / "benchmarks/models.py", "--seconds", "0",
            "--only", "LinReg", "Softmax", "MLP", "CharLM", "--characters", "6", "4",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KNETSRC_OFFLINE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [line.split("│")[1:3] for line in done.stdout.splitlines() if line.startswith("│")]
    measured = {(model.strip(), library.strip()) for model, library in rows}
    for model in ("LinReg", "Softmax", "MLP", "CharLM"):
        assert {(model, "knetsrc"), (model, "NumPy by hand")} <= measured


def test_checkpointed_loops_are_the_plain_ones(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    scaling = importlib.import_module("scaling")
    for primal, (other, arguments) in scaling.BESIDE.items():
        one, two = (grad(f)(*arguments(200)) for f in (primal, other))
        np.testing.assert_array_equal(one, two)
