"""Generated files: written once, checked each time, executed from a folder of the user's own.

A generated module is two files. `loss_grad_5f0c.py` is its text and nothing else;
`loss_grad_5f0c.json` holds what the caller must know of it, and a digest over both. Machine code of
the convolution kernels is one file, `.o`, that ends with its digest. A file counts
only if it belongs to this user and agrees with the digest; all else is as if it were not there and
is written anew, under a temporary name that is then renamed.
"""

import atexit
import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import stat
import sys
import tempfile
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

VARIABLE = "KNETSRC_CACHE"
DIGEST = hashlib.sha256().digest_size
PACKAGE = "knetsrc.generated"
OURS = re.compile(r"\w+_[0-9a-f]{20}(\.py|\.json|\.o|\..*\.nb[ic])|\.\w+_[0-9a-f]{20}\..*\.tmp")

_lock = threading.RLock()
_private: list[Path] = []


@dataclass(frozen=True)
class Stored:
    """A generated module as it lies in the cache, with facts about it that JSON can hold."""

    path: Path
    text: str
    facts: dict[str, Any]


def preferred_folder() -> Path:
    """Where generated files belong: $KNETSRC_CACHE, or the user's cache folder of the system."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_path("knetsrc", appauthor=False))


def folder() -> Path:
    """The folder that generated files are written to; it exists, and nobody else can write to it.

    Where the preferred one cannot be used, a private temporary folder that goes away with the
    process, and one warning.
    """
    preferred = preferred_folder()
    reason = _why_unusable(preferred)
    return _private_folder(preferred, reason) if reason else preferred


def stem(name: str, digest: str) -> str:
    """File name, without ending, of the module with this digest."""
    plain = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_")
    return f"{plain or 'function'}_{digest[:20]}"


def digest_of(*parts: str) -> str:
    """A digest of several texts; where one ends and the next begins counts."""
    found = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        found.update(len(encoded).to_bytes(8, "little") + encoded)
    return found.hexdigest()


def find(name: str) -> Stored | None:
    """The stored module of this name; None if it is not there, not whole or not of this user."""
    place = folder()
    try:
        facts = json.loads(_read(place / f"{name}.json"))
        text = _read(place / f"{name}.py").decode()
        is_whole = facts.pop("digest") == _digest(text, facts)
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
    return Stored(place / f"{name}.py", text, facts) if is_whole else None


def store(name: str, text: str, facts: Mapping[str, Any]) -> Stored:
    """Write a module and what is known of it; both appear whole or not at all.

    Raises
    ------
    OSError
        If not even a temporary folder can be written to.
    """
    plain = json.loads(json.dumps(facts))
    sidecar = json.dumps({**plain, "digest": _digest(text, plain)}, indent=1, sort_keys=True)
    place = _store({f"{name}.py": text.encode(), f"{name}.json": f"{sidecar}\n".encode()})
    return Stored(place / f"{name}.py", text, plain)


def find_code(name: str) -> bytes | None:
    """Machine code that was stored under this name; None if it is not there or not whole."""
    try:
        found = _read(folder() / f"{name}.o")
    except OSError:
        return None
    code, digest = found[:-DIGEST], found[-DIGEST:]
    return code if hashlib.sha256(code).digest() == digest else None


def store_code(name: str, code: bytes) -> None:
    """Keep machine code; it appears whole or not at all.

    Raises
    ------
    OSError
        If not even a temporary folder can be written to.
    """
    _store({f"{name}.o": code + hashlib.sha256(code).digest()})


def execute(stored: Stored, injected: Mapping[str, Any] | None = None) -> ModuleType:
    """The module of a stored file, executed from the text that was checked.

    A module is executed once in a process, except that one with `injected` objects is made anew for
    them.

    Parameters
    ----------
    stored
        What `find` or `store` returned.
    injected
        Objects that are put into the namespace before the text is executed.
    """
    with _lock:
        name = f"{PACKAGE}.{stored.path.stem}"
        known = sys.modules.get(name)
        if (
            known is not None
            and not injected
            and getattr(known, "__file__", None) == str(stored.path)
        ):
            return known
        if injected:
            name = _unused(name)
        return _executed(name, stored, injected or {})


def clear() -> int:
    """Delete the generated files; the number of modules that were deleted."""
    place = preferred_folder()
    if _why_unusable(place, create=False):
        return 0
    removed = 0
    for path in [*place.glob("*"), *place.glob("__pycache__/*")]:
        if OURS.fullmatch(path.name) and not path.is_dir():
            path.unlink(missing_ok=True)
            removed += path.suffix == ".py"
    with contextlib.suppress(OSError):
        (place / "__pycache__").rmdir()
    return removed


def _executed(name: str, stored: Stored, injected: Mapping[str, Any]) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, stored.path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    vars(module).update(injected)
    sys.modules[name] = module  # before it is executed: Numba looks there for what it caches
    try:
        with warnings.catch_warnings():
            # `1.0[0]` stands where the result is no number, which is refused before it is reached
            warnings.simplefilter("ignore", SyntaxWarning)
            code = compile(stored.text, str(stored.path), "exec")
        exec(code, vars(module))
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _unused(name: str) -> str:
    number = 1
    while f"{name}_{number}" in sys.modules:
        number += 1
    return f"{name}_{number}"


def _store(files: Mapping[str, bytes]) -> Path:
    """Write files to the cache folder, or to a private one where that fails; the folder."""
    try:
        place = folder()
        for name, content in files.items():
            _write(place / name, content)
    except OSError as error:
        place = _private_folder(preferred_folder(), error.strerror or str(error))
        for name, content in files.items():
            _write(place / name, content)
    return place


def _digest(text: str, facts: Mapping[str, Any]) -> str:
    return digest_of(text, json.dumps(facts, sort_keys=True))


def _read(path: Path) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:
        if not _is_own(os.fstat(file.fileno())):
            raise PermissionError(f"{path} belongs to another user")
        return file.read()


def _write(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(
        prefix=f".{path.stem}.", suffix=".tmp", dir=path.parent
    )
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _is_own(status: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def _why_unusable(place: Path, *, create: bool = True) -> str:
    """Why generated files must not be kept in `place`; nothing if they may."""
    try:
        if create:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = place.stat()
        if not stat.S_ISDIR(status.st_mode):
            return "it is not a folder"
        if not _is_own(status):
            return "it belongs to another user"
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            place.chmod(0o700)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _private_folder(preferred: Path, reason: str) -> Path:
    with _lock:
        if not _private:
            _private.append(Path(tempfile.mkdtemp(prefix="knetsrc_")))
            atexit.register(shutil.rmtree, _private[0], ignore_errors=True)
            warnings.warn(
                f"generated files cannot be kept in {preferred}: {reason}; they go to "
                f"{_private[0]} until this process ends ({VARIABLE} names another folder)",
                RuntimeWarning,
                stacklevel=2,
            )
        return _private[0]
