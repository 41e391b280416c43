"""Each rule of the table, called as the plain function that it is."""

import numpy as np
import pytest

import knetsrc.adjoints  # noqa: F401
from knetsrc.adjoints.table import TABLE
from rules import check_float32, check_layout, check_rule

EVERY = [pytest.param(rule, case, id=f"{rule}-{case}") for rule in TABLE for case in rule.cases]


@pytest.mark.parametrize(("rule", "case"), EVERY)
def test_rule_agrees_with_central_differences(rule, case):
    with np.errstate(all="ignore"):
        check_rule(rule, case)


@pytest.mark.parametrize(("rule", "case"), EVERY)
def test_rule_keeps_float32(rule, case):
    with np.errstate(all="ignore"):
        check_float32(rule, case)


@pytest.mark.parametrize(("rule", "case"), EVERY)
def test_rule_does_not_depend_on_the_layout_in_memory(rule, case):
    with np.errstate(all="ignore"):
        check_layout(rule, case)


OWN = [rule for rule in TABLE if rule.function.__module__.startswith("knetsrc.")]


@pytest.mark.parametrize("rule", OWN, ids=str)
def test_rule_has_cases(rule):
    assert rule.cases
