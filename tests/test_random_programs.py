"""Random programs: no gradient is wrong, and few are refused."""

import pytest

from random_programs import judged, written

CHUNK = 50
SIZES = [1] * 24 + [2] * 12 + [3, 3, 5, 8]  # statements, most of them small: 2,000 in all


@pytest.mark.parametrize(("first", "size"), [(n * CHUNK, size) for n, size in enumerate(SIZES)])
def test_gradients_of_random_programs(first: int, size: int) -> None:
    verdicts = list(judged(written(range(first, first + CHUNK), size)))
    failed = [each.report for each in verdicts if each.kind in ("wrong", "crashed")]
    assert not failed, "\n\n".join(failed)
    kinds = [each.kind for each in verdicts]
    assert kinds.count("refused") <= CHUNK // 10
    assert kinds.count("right") >= CHUNK * 3 // 4
