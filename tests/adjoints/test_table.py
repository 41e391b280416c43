"""Rules that need SciPy enter the table when one of them may be asked for."""

import subprocess
import sys


def run(*lines):
    """Standard output of a fresh process."""
    return subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    ).stdout


def test_scipy_is_not_imported_for_a_rule_of_numpy():
    said = run(
        "import sys, numpy",
        "from knetsrc.adjoints import TABLE",
        "print(TABLE.rule_for(numpy.exp), 'scipy' in sys.modules)",
    )
    assert said == "exp_adjoint False\n"


def test_rule_of_math_that_needs_scipy_is_found():
    said = run(
        "import math", "from knetsrc.adjoints import TABLE", "print(TABLE.rule_for(math.gamma))"
    )
    assert said == "math_gamma_adjoint\n"


def test_rule_of_a_user_stays_when_those_of_scipy_enter(tmp_path):
    rule = [
        "from scipy import special",
        "from knetsrc.adjoints.table import TABLE, adjoint",
        "@adjoint(special.gamma)",
        "def own_adjoint(x, *, d_y):",
        "    d_x = d_y",
        "    return d_x",
    ]
    (tmp_path / "own.py").write_text("\n".join(rule), encoding="utf-8")
    said = run(
        f"import sys; sys.path.append({str(tmp_path)!r})",
        "from own import TABLE, special",
        "import knetsrc.adjoints",
        "print(TABLE.rule_for(special.gamma), TABLE.rule_for(special.erf))",
    )
    assert said == "own_adjoint erf_adjoint\n"


def test_table_lists_every_rule():
    assert "math_gamma_adjoint" in run("from knetsrc.adjoints import TABLE", "print(*TABLE)")
