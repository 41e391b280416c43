"""Threads, forks, other processes: what compiled code runs in."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from helpers import convolutions, processes
from helpers.convolutions import assert_close
from knetsrc.backends.kernels import (
    Geometry,
    convolve,
    convolve_adjoint_w,
    convolve_adjoint_x,
    machine,
    paths,
    plain,
    threads,
)
from knetsrc.backends.kernels.compiling import driver
from knetsrc.backends.kernels.launch import record

GEOMETRY = Geometry((14, 20), (3, 3), ((1, 1), (0, 2)), (1, 1), (1, 1), 2)
PROBLEM = (GEOMETRY, 4, 9, 8, "f")
START = f"""
import sys
sys.path.insert(0, {str(processes.ROOT / "tests")!r})
import numpy as np
from helpers import convolutions
from knetsrc.backends.kernels import Geometry, convolve, convolve_adjoint_w, convolve_adjoint_x

geometry = Geometry((14, 20), (3, 3), ((1, 1), (0, 2)), (1, 1), (1, 1), 2)
x, w, d_y = convolutions.arrays(geometry, 4, 9, 8, "f")

def forward_right():
    y = convolve(x, w, geometry)
    convolutions.assert_close(y, convolutions.reference(x, w, geometry))
    return True

def right():
    assert forward_right()
    d_x = convolve_adjoint_x(d_y, w, geometry)
    convolutions.assert_close(d_x, convolutions.reference_adjoint_x(d_y, w, geometry))
    d_w = convolve_adjoint_w(x, d_y, geometry)
    convolutions.assert_close(d_w, convolutions.reference_adjoint_w(x, d_y, geometry))
    return True
"""
FORKING = """
import os, sys
assert right()
for _ in range(2):
    child = os.fork()
    if not child:
        os._exit(0 if right() else 1)
    assert os.waitpid(child, 0)[1] == 0
assert right()
"""
THREADS = """
from knetsrc.backends.kernels import launch, numba_threads
if {by_numba}:
    launch.threads = numba_threads
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    assert all(pool.map(lambda _: right(), range(24)))
print(launch.workers())
"""
COMPILING_NOTHING = """
from knetsrc.backends.kernels import machine
def compiled(text, processor):
    raise AssertionError("compiled " + text[:80])
machine.compiled = compiled
assert forward_right()
from knetsrc.backends.kernels import blocks, forward_drivers, threads
drivers = blocks.pack, forward_drivers.by_rows, forward_drivers.by_panel
assert all(driver.cache_hits == 1 for driver in drivers)
assert threads.assist.cache_hits == 1
assert sum(threads.lead.stats.cache_hits.values()) == 1
"""


@driver(record("count"))
def counting(job, share):
    numba.carray(job, 7)[share].count += 1


def results(arrays):
    x, w, d_y = arrays
    return (
        convolve(x, w, GEOMETRY),
        convolve_adjoint_x(d_y, w, GEOMETRY),
        convolve_adjoint_w(x, d_y, GEOMETRY),
    )


def test_threads_do_not_disturb_each_other():
    given = [convolutions.arrays(*PROBLEM, seed=seed) for seed in range(8)]
    wanted = [results(arrays) for arrays in given]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            for found, alone in zip(pool.map(results, given), wanted, strict=True):
                for a, b in zip(found, alone, strict=True):
                    np.testing.assert_array_equal(a, b)


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
def test_forked_child_has_helpers_of_its_own(tmp_path):
    processes.run(START + FORKING, cwd=tmp_path, NUMBA_NUM_THREADS=2)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_numbers_of_threads(count, tmp_path):
    code = START + THREADS.format(by_numba=False)
    assert processes.run(code, cwd=tmp_path, NUMBA_NUM_THREADS=count) == f"{count}\n"


def test_numbas_threads_where_there_are_no_posix_ones(tmp_path):
    variables = {"NUMBA_THREADING_LAYER": "workqueue", "NUMBA_NUM_THREADS": 2}
    code = START + THREADS.format(by_numba=True)
    assert processes.run(code, cwd=tmp_path, **variables) == "2\n"


def test_job_waits_for_no_helper(monkeypatch):
    arrays = convolutions.arrays(*PROBLEM)
    wanted = results(arrays)
    monkeypatch.setattr(threads, "_helpers", None)
    monkeypatch.setattr(threads.Helpers, "start", lambda helpers, count: None)
    for found, with_help in zip(results(arrays), wanted, strict=True):
        np.testing.assert_array_equal(found, with_help)


def test_each_share_is_done_once_in_jobs_one_after_the_other():
    counts = np.zeros((400, 7), np.int64)
    for job in range(len(counts)):
        threads.run(counting.address, counts[job].ctypes.data, counts.shape[1])
    np.testing.assert_array_equal(counts, 1)


def test_package_that_cannot_be_written_to(tmp_path):
    package = tmp_path / "installed" / "knetsrc"
    shutil.copytree(processes.ROOT / "knetsrc", package, ignore=shutil.ignore_patterns("__pyc*"))
    (package / "backends" / "kernels" / "__pycache__").write_text("not a folder")
    path = f"import sys; sys.path.insert(0, {str(package.parent)!r})\n"
    variables = {"NUMBA_CACHE_DIR": "", "KNETSRC_CACHE": tmp_path / "cache"}
    home = {"HOME": tmp_path / "home", "XDG_CACHE_HOME": tmp_path / "home"}
    processes.run(f"{path}{START}forward_right()", cwd=tmp_path, **variables, **home)
    processes.run(f"{path}{START}{COMPILING_NOTHING}", cwd=tmp_path, **variables, **home)
    with (package / "backends" / "kernels" / "frames.py").open("a") as helpers:
        helpers.write("# changed\n")
    code = (
        f"{path}from knetsrc.backends.kernels import threads\nprint(threads.lead.stats.cache_hits)"
    )
    said = processes.run(code, cwd=tmp_path, **variables, **home)
    assert said == "Counter()\n"
    nowhere = {"HOME": package / "__init__.py", "XDG_CACHE_HOME": package / "__init__.py"}
    code = f"{path}from knetsrc.backends.kernels import launch\nprint(launch.__file__)"
    said = processes.run(code, cwd=tmp_path, **variables, **nowhere)
    assert said.startswith(str(package))


def test_import_loads_no_numba(tmp_path):
    code = (
        "import sys, knetsrc.backends.kernels; assert not {'numba', 'llvmlite'} & set(sys.modules)"
    )
    processes.run(code, cwd=tmp_path)


def refuse(*_):
    raise AssertionError("a micro-kernel was asked for")


def test_plain_loops_on_request(monkeypatch):
    arrays = convolutions.arrays(*PROBLEM)
    wanted = results(arrays)
    monkeypatch.setenv("KNETSRC_KERNELS", "plain")
    monkeypatch.setattr(paths, "forward", refuse)
    for found, fast in zip(results(arrays), wanted, strict=True):
        assert_close(found, fast)


def test_plain_loops_where_nothing_compiles(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("unknown target")

    used = []
    monkeypatch.setattr(machine, "address", fail)
    monkeypatch.setattr(plain, "sweep", lambda *args, run=plain.sweep: (used.append(1), run(*args)))
    paths._can_compile.cache_clear()
    x, w, _ = convolutions.arrays(*PROBLEM)
    try:
        with pytest.warns(RuntimeWarning, match="unknown target"):
            y = convolve(x, w, GEOMETRY)
    finally:
        paths._can_compile.cache_clear()
    assert used
    assert_close(y, convolutions.reference(x, w, GEOMETRY))
