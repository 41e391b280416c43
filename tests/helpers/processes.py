"""Runs Python in another process, with the package on its path."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def environment(**variables: object) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {
        **os.environ,
        "PYTHONPATH": path,
        **{name: str(value) for name, value in variables.items()},
    }


def start(code: str, *, cwd: Path, **variables: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=cwd,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(code: str, *, cwd: Path, **variables: object) -> str:
    """What the code prints; its error output where it fails."""
    process = start(code, cwd=cwd, **variables)
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    return out
