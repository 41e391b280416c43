"""Random programs: no gradient is wrong, and few are refused."""

import pytest

from random_programs import Verdict, judged, written

CHUNK = 50
SIZES = [1] * 24 + [2] * 12 + [3, 3, 5, 8]  # statements, most of them small: 2,000 in all
WITH_WRITES = [1, 1, 1, 2, 2, 3]


@pytest.mark.parametrize(("first", "size"), [(n * CHUNK, size) for n, size in enumerate(SIZES)])
def test_gradients_of_random_programs(first: int, size: int) -> None:
    _check(list(judged(written(range(first, first + CHUNK), size))), refused=CHUNK // 10)


@pytest.mark.parametrize(
    ("first", "size"), [(n * CHUNK, size) for n, size in enumerate(WITH_WRITES)]
)
def test_gradients_of_random_programs_that_write_in_place(first: int, size: int) -> None:
    _check(list(judged(written(range(first, first + CHUNK), size, "writes"))), refused=CHUNK // 4)


def _check(verdicts: list[Verdict], refused: int) -> None:
    failed = [each.report for each in verdicts if each.kind in ("wrong", "crashed")]
    assert not failed, "\n\n".join(failed)
    kinds = [each.kind for each in verdicts]
    assert kinds.count("refused") <= refused
    assert kinds.count("right") >= CHUNK * 3 // 4 - refused + CHUNK // 10
