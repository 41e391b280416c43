"""Gradients of plain NumPy functions, written out as plain NumPy source.

from knetsrc import grad

@grad
def loss(w, x, y):
    return np.sum((w[0] @ x + w[1] - y) ** 2)

dw = loss(w, x, y)
print(loss.source)
"""

from typing import TYPE_CHECKING, Any

from knetsrc.api import grad, value_and_grad, vjp
from knetsrc.checkpoints import checkpoint, checkpointed
from knetsrc.errors import (
    KnetsrcError,
    MissingAdjointError,
    NonScalarOutputError,
    NotDifferentiableError,
    SourceNotFoundError,
    UnsupportedAliasError,
    UnsupportedSyntaxError,
)
from knetsrc.gradient import Gradient

if TYPE_CHECKING:
    from knetsrc.adjoints.table import adjoint
    from knetsrc.backends import stop_gradient

__version__ = "0.1.0"

__all__ = [
    "Gradient",
    "KnetsrcError",
    "MissingAdjointError",
    "NonScalarOutputError",
    "NotDifferentiableError",
    "SourceNotFoundError",
    "UnsupportedAliasError",
    "UnsupportedSyntaxError",
    "__version__",
    "adjoint",
    "checkpoint",
    "checkpointed",
    "grad",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]


def __getattr__(name: str) -> Any:
    # not at the top: the rules import SciPy, which takes longer than everything else together
    if name == "adjoint":
        from knetsrc.adjoints.table import adjoint

        return adjoint
    if name == "stop_gradient":
        from knetsrc.backends import stop_gradient

        return stop_gradient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
