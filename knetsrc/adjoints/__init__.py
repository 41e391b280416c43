"""The derivative rules, one table; importing this package fills it.

Rules that need SciPy, which is slow to import, enter the table when one of them is looked up.
"""

import math

import numpy as np

from knetsrc.adjoints import (
    arithmetic,
    choosing,
    constants,
    convolution,
    decompositions,
    devices,
    elementwise,
    extremes,
    fitting,
    grids,
    indexing,
    joining,
    linalg,
    neural,
    normalization,
    product_adjoints,
    products,
    reductions,
    scalars,
    shaping,
    sorting,
    statistics,
    transposes,
)
from knetsrc.adjoints.table import TABLE

TABLE.postpone("knetsrc.adjoints.special", "scipy.special", math.gamma, math.lgamma)
TABLE.postpone("knetsrc.adjoints.bessel", "scipy.special", np.sinc)
TABLE.postpone("knetsrc.adjoints.scipy_linalg", "scipy.linalg")
TABLE.postpone("knetsrc.adjoints.distributions", "scipy.stats")
TABLE.postpone("knetsrc.adjoints.signals", "scipy.signal")

__all__ = [
    "TABLE",
    "arithmetic",
    "choosing",
    "constants",
    "convolution",
    "decompositions",
    "devices",
    "elementwise",
    "extremes",
    "fitting",
    "grids",
    "indexing",
    "joining",
    "linalg",
    "neural",
    "normalization",
    "product_adjoints",
    "products",
    "reductions",
    "scalars",
    "shaping",
    "sorting",
    "statistics",
    "transposes",
]
