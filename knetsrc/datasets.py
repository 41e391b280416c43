"""The data sets of the examples, ready to train on.

    x, y = housing()                              # (13, 506), (1, 506)
    x_train, y_train, x_test, y_test = mnist()    # (784, 60000), (60000,), (784, 10000), (10000,)
    train, valid, vocabulary = shakespeare()      # (1003855,), (111539,), 65 characters

Instances are columns, as in Knet: `w @ x + b`. A file is looked for in the folder that the
environment variable KNETSRC_DATA names, then in the user's cache folder, then at its canonical
address (not with KNETSRC_OFFLINE=1), where its checksum is verified before it enters the cache.
After that comes what the package brings along: the same files for `housing` and `shakespeare`,
scikit-learn's small digits for `mnist`; one line on stderr says so.
"""

import gzip
import hashlib
import http.client
import importlib.resources
import os
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from knetsrc.errors import KnetsrcError

__all__ = ["DataNotFoundError", "Images", "Regression", "Text", "housing", "mnist", "shakespeare"]

TIMEOUT = 5.0  # seconds without an answer


class DataNotFoundError(KnetsrcError):
    """A data file that is neither on this machine nor to be had from its address."""


class Regression(NamedTuple):
    """Inputs `x` of shape (features, instances) and targets `y` of shape (1, instances)."""

    x: np.ndarray
    y: np.ndarray


class Images(NamedTuple):
    """Pixels (pixels, instances) in [0, 1] and integer labels (instances,), in two parts."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


class Text(NamedTuple):
    """A text as numbers of characters in `vocabulary`, in two parts."""

    train: np.ndarray
    valid: np.ndarray
    vocabulary: str


@dataclass(frozen=True)
class _File:
    path: str  # in the folder of the data
    url: str
    sha256: str


_MNIST = "https://ossci-datasets.s3.amazonaws.com/"
FILES = {
    "housing": _File(
        "housing.data",
        "https://archive.ics.uci.edu/ml/machine-learning-databases/housing/housing.data",
        "baadf72995725d76efe787b664e1f083388c79ba21ef9a7990d87f774184735a",
    ),
    "x_train": _File(
        "mnist/train-images-idx3-ubyte.gz",
        _MNIST + "mnist/train-images-idx3-ubyte.gz",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    "y_train": _File(
        "mnist/train-labels-idx1-ubyte.gz",
        _MNIST + "mnist/train-labels-idx1-ubyte.gz",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    "x_test": _File(
        "mnist/t10k-images-idx3-ubyte.gz",
        _MNIST + "mnist/t10k-images-idx3-ubyte.gz",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    "y_test": _File(
        "mnist/t10k-labels-idx1-ubyte.gz",
        _MNIST + "mnist/t10k-labels-idx1-ubyte.gz",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
    "shakespeare": _File(
        "tinyshakespeare.txt",
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    ),
}


def housing(dtype: Any = np.float32) -> Regression:
    """Boston Housing: the median value of homes from 13 properties of a district.

    Harrison and Rubinfeld, "Hedonic prices and the demand for clean air", J. Environ. Economics &
    Management 5, 81-102, 1978. One of the 13 columns encodes the share of Black residents: use it
    as a small regression example only.

    Parameters
    ----------
    dtype
        Dtype of both arrays.

    Returns
    -------
    Regression
        `x`: (13, 506), each row with mean 0 and standard deviation 1. `y`: (1, 506), in 1000
        dollars, 5 to 50.

    Examples
    --------
    >>> x, y = housing()
    >>> x.shape, y.shape
    ((13, 506), (1, 506))
    """
    try:
        text = _found(FILES["housing"])
    except DataNotFoundError as error:
        _say("housing: the bundled copy", error)
        text = _bundled("housing.data").read_bytes()
    table = np.array(text.split(), float).reshape(-1, 14).T
    x, y = table[:13], table[13:]
    x = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    return Regression(x.astype(dtype, order="C"), y.astype(dtype))


def mnist(dtype: Any = np.float32) -> Images:
    """MNIST: handwritten digits; where it is not to be had, scikit-learn's digits in its place.

    LeCun, Cortes, Burges, http://yann.lecun.com/exdb/mnist. The digits of scikit-learn are smaller
    (8 x 8 pixels, 1,797 of them) and an accuracy measured on them says nothing about MNIST.

    Parameters
    ----------
    dtype
        Dtype of the pixels.

    Returns
    -------
    Images
        `x_train`: (784, 60000), `x_test`: (784, 10000), 0 for background, 1 for ink; labels are
        int64. In their place: (64, 1500) and (64, 297).

    Raises
    ------
    DataNotFoundError
        If there are neither the files nor scikit-learn.

    Examples
    --------
    >>> x_train, y_train, x_test, y_test = mnist()
    >>> len(np.unique(y_train))
    10
    """
    try:
        pixels = {name: _found(FILES[name]) for name in Images._fields}
    except DataNotFoundError as error:
        _say("mnist: scikit-learn's digits, 8 x 8 pixels, instead of MNIST", error)
        return _digits(dtype)
    return Images(
        _images(pixels["x_train"], dtype),
        _labels(pixels["y_train"]),
        _images(pixels["x_test"], dtype),
        _labels(pixels["y_test"]),
    )


def shakespeare(valid: float = 0.1) -> Text:
    """Tiny Shakespeare: 1.1 million characters of plays, for character models.

    Collected for https://github.com/karpathy/char-rnn.

    Parameters
    ----------
    valid
        Share of the text, from its end, that is set apart.

    Returns
    -------
    Text
        `train` and `valid`: (n,) int64 numbers of characters; `vocabulary`: the 65 characters in
        order, so that ``"".join(vocabulary[i] for i in train)`` is the text.

    Examples
    --------
    >>> train, valid, vocabulary = shakespeare()
    >>> "".join(vocabulary[i] for i in train[:13])
    'First Citizen'
    """
    try:
        raw = _found(FILES["shakespeare"])
    except DataNotFoundError as error:
        _say("shakespeare: the bundled copy", error)
        raw = gzip.decompress(_bundled("tinyshakespeare.txt.gz").read_bytes())
    codes, numbers = np.unique(np.frombuffer(raw, np.uint8), return_inverse=True)
    split = len(numbers) - round(valid * len(numbers))
    return Text(numbers[:split], numbers[split:], codes.tobytes().decode("ascii"))


def _digits(dtype: Any) -> Images:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise DataNotFoundError(
            "MNIST is not on this machine, nor scikit-learn's digits to take its place",
            why="the package brings no images of its own",
            instead="pip install scikit-learn, or put the files into $KNETSRC_DATA/mnist",
        ) from None
    digits = load_digits()
    x, y = (digits.data.T / 16).astype(dtype), digits.target.astype(np.int64)
    return Images(x[:, :1500], y[:1500], x[:, 1500:], y[1500:])


def _images(packed: bytes, dtype: Any) -> np.ndarray:
    """Pixels from the idx format: 16 bytes of header, 28 x 28 an image; columns are contiguous."""
    pixels = np.frombuffer(gzip.decompress(packed), np.uint8, offset=16).reshape(-1, 28 * 28)
    return pixels.T.astype(dtype) / 255


def _labels(packed: bytes) -> np.ndarray:
    return np.frombuffer(gzip.decompress(packed), np.uint8, offset=8).astype(np.int64)


def _found(file: _File) -> bytes:
    """Content of a file from the user's folder, the cache or its address."""
    folders = [Path(os.environ["KNETSRC_DATA"])] if os.environ.get("KNETSRC_DATA") else []
    for folder in [*folders, _cache()]:
        if (folder / file.path).is_file():
            return (folder / file.path).read_bytes()
    if os.environ.get("KNETSRC_OFFLINE", "0") not in ("", "0"):
        raise DataNotFoundError(f"no {file.path} on this machine, and KNETSRC_OFFLINE is set")
    content = _download(file)
    _keep(content, _cache() / file.path)
    return content


def _download(file: _File) -> bytes:
    """Content of a file from its canonical address."""
    try:
        with urllib.request.urlopen(file.url, timeout=TIMEOUT) as answer:
            content: bytes = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise DataNotFoundError(
            f"no {file.path} on this machine, and {file.url} does not answer: {error}"
        ) from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise DataNotFoundError(
            f"no {file.path} on this machine, and what {file.url} sent has another checksum"
        )
    return content


def _keep(content: bytes, path: Path) -> None:
    """Write under a temporary name, then rename: a half-written file is never found."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        os.replace(file.name, path)
    except OSError as error:
        print(f"knetsrc: {path} could not be written: {error}", file=sys.stderr)


def _cache() -> Path:
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("knetsrc")) / "data"


def _bundled(name: str) -> Any:
    return importlib.resources.files("knetsrc") / "data" / name


def _say(what: str, error: DataNotFoundError) -> None:
    print(f"knetsrc: {what} ({error.message})", file=sys.stderr)
