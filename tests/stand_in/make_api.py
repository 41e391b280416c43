"""Write what CuPy offers, with which parameters, to cupy_api.json. Needs CuPy, but no device.

    python tests/stand_in/make_api.py

A ufunc stands there with null, a function or a method with its parameters as they are written.
"""

import inspect
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

FILE = Path(__file__).with_name("cupy_api.json")


def main() -> None:
    import cupy
    import cupyx.scipy.special
    import numpy as np
    import scipy.special

    api = {
        "version": cupy.__version__,
        "numpy": _shared(np, cupy),
        "numpy.linalg": _shared(np.linalg, cupy.linalg),
        "scipy.special": _shared(scipy.special, cupyx.scipy.special),
        "ndarray": {
            name: _of_method(cupy.ndarray, name)
            for name in dir(np.ndarray)
            if not name.startswith("_") and callable(getattr(cupy.ndarray, name, None))
        },
    }
    FILE.write_text(json.dumps(api, indent=1) + "\n")


def _shared(host: ModuleType, device: ModuleType) -> dict[str, str | None]:
    names = [n for n in dir(host) if not n.startswith("_") and callable(getattr(host, n))]
    return {
        name: _parameters(getattr(device, name))
        for name in names
        if callable(getattr(device, name, None)) and not isinstance(getattr(host, name), type)
    }


def _parameters(function: Any) -> str | None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    return _text(signature)


def _text(signature: inspect.Signature) -> str:
    plain = [
        p.replace(annotation=p.empty, default=p.default if p.default is p.empty else None)
        for p in signature.parameters.values()
    ]
    return str(inspect.Signature(plain)).removeprefix("(").removesuffix(")")


def _of_method(kind: type, name: str) -> str:
    """Parameters of a method from the first line of its docstring, where Cython puts them."""
    first = (getattr(kind, name).__doc__ or "").partition("\n")[0]
    found = re.search(r"\(self(?:, )?(.*)\)", first)
    if not found:
        return "*args, **kwargs"
    parts = [part.split("=") for part in found[1].split(", ") if part]
    return ", ".join(names[0].split()[-1] + ("=None" if len(names) > 1 else "") for names in parts)


if __name__ == "__main__":
    main()
