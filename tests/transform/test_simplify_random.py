"""Random programs do the same before and after each pass, and after all of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knetsrc.transform.simplify import (
    accumulate_in_place,
    inline_single_use,
    propagate,
    remove_dead_code,
    reuse_named,
    simplify,
    simplify_algebra,
    tidy,
)
from transform.simplify_programs import (
    EFFECTS,
    FRESH,
    candidates,
    check_runs_alike,
    is_float,
    is_pure,
)

PASSES = {
    "reuse": lambda f: reuse_named(f, candidates(f), EFFECTS),
    "propagate": lambda f: propagate(f, candidates(f), EFFECTS),
    "algebra": lambda f: simplify_algebra(f, is_float, EFFECTS),
    "dead_code": lambda f: remove_dead_code(f, EFFECTS),
    "inline": lambda f: inline_single_use(f, candidates(f), EFFECTS),
    "accumulate": lambda f: accumulate_in_place(f, candidates(f), EFFECTS),
    "tidy": tidy,
    "all": lambda f: simplify(
        f, is_float=is_float, is_pure=is_pure, candidates=candidates(f), fresh_calls=FRESH
    ),
}


@pytest.mark.parametrize("name", PASSES)
@settings(max_examples=60, deadline=None)
@given(choices=st.randoms(use_true_random=False))
def test_random_programs_run_alike(name, choices):
    check_runs_alike(PASSES[name], choices)
