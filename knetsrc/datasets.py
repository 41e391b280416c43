"""The data sets of the examples, ready to train on.

    x, y = housing()                              # (13, 506), (1, 506)
    x_train, y_train, x_test, y_test = mnist()    # (784, 60000), (60000,), (784, 10000), (10000,)
    train, valid, vocabulary = shakespeare()      # (1003855,), (111539,), 65 characters
    x_train, y_train, *_, classes = cifar10()     # (50000, 3, 32, 32), (50000,), 10 names

Instances are columns, as in Knet: `w @ x + b`; pictures have the batch first, for `conv4`. A file is looked for in the folder that the
environment variable KNETSRC_DATA names, then in the user's cache folder, then at its canonical
address (not with KNETSRC_OFFLINE=1), where its checksum is verified before it enters the cache.
After that comes what the package brings along: the same files for `housing` and `shakespeare`,
scikit-learn's small digits for `mnist` and `cifar10`; one line on stderr says so.
"""

import gzip
import hashlib
import http.client
import importlib.resources
import io
import os
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from knetsrc.errors import KnetsrcError

__all__ = [
    "DataNotFoundError",
    "Images",
    "Pictures",
    "Regression",
    "Text",
    "cifar10",
    "housing",
    "mnist",
    "shakespeare",
]

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


class Pictures(NamedTuple):
    """Pixels (pictures, channels, height, width) in [0, 1], labels (pictures,), names of classes."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: tuple[str, ...]


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
    "cifar10": _File(
        "cifar-10-binary.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ),
}
CIFAR10_PART = "cifar10_subset.npz"  # x_train, y_train, x_test, y_test, class_names


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


def cifar10(dtype: Any = np.float32) -> Pictures:
    """CIFAR-10: small colour pictures; where it is not to be had, scikit-learn's digits instead.

    Krizhevsky, "Learning multiple layers of features from tiny images", 2009,
    https://www.cs.toronto.edu/~kriz/cifar.html. A part of the data, the file
    ``cifar10_subset.npz`` in the folder KNETSRC_DATA, goes before the whole, a download of 170 MB.
    An accuracy measured on digits, or on a part, says nothing about CIFAR-10.

    Parameters
    ----------
    dtype
        Dtype of the pixels.

    Returns
    -------
    Pictures
        `x_train`: (50000, 3, 32, 32), `x_test`: (10000, 3, 32, 32), in [0, 1], channels red, green
        and blue; labels are int64. In their place: (1500, 3, 32, 32) and (297, 3, 32, 32).

    Raises
    ------
    DataNotFoundError
        If there are neither the files nor scikit-learn.

    Examples
    --------
    >>> x_train, y_train, x_test, y_test, classes = cifar10()
    >>> x_train.shape[1:], len(classes)
    ((3, 32, 32), 10)
    """
    part = _kept(CIFAR10_PART)
    if part is not None:
        with np.load(io.BytesIO(part)) as arrays:
            return _pictures((arrays[name] for name in (*Images._fields, "class_names")), dtype)
    try:
        packed = _found(FILES["cifar10"])
    except DataNotFoundError as error:
        _say("cifar10: scikit-learn's digits, enlarged, instead of CIFAR-10", error)
        return _enlarged(_digits(dtype))
    return _pictures(_unpacked(packed), dtype)


def _unpacked(packed: bytes) -> tuple[np.ndarray, ...]:
    """Images, labels and names from the archive: a record is a label, then the three channels."""
    batches, parts = [f"data_batch_{i}" for i in range(1, 6)], []
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        files = {m.name.rpartition("/")[2]: archive.extractfile(m) for m in archive if m.isfile()}
        content = {name: file.read() for name, file in files.items() if file is not None}
        for names in (batches, ["test_batch"]):
            raw = b"".join(content[f"{name}.bin"] for name in names)
            records = np.frombuffer(raw, np.uint8).reshape(-1, 1 + 3 * 32 * 32)
            parts += [records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]]
    return (*parts, np.array(content["batches.meta.txt"].decode().split()))


def _pictures(arrays: Iterable[np.ndarray], dtype: Any) -> Pictures:
    x_train, y_train, x_test, y_test, names = arrays
    train, test = x_train.astype(dtype) / 255, x_test.astype(dtype) / 255
    labels = y_train.astype(np.int64), y_test.astype(np.int64)
    return Pictures(train, labels[0], test, labels[1], tuple(map(str, names)))


def _enlarged(digits: Images) -> Pictures:
    """Digits of 8 x 8 pixels as grey pictures of 32 x 32."""

    def pictures(x: np.ndarray) -> np.ndarray:
        small = x.T.reshape(-1, 1, 8, 8)
        return np.repeat(small.repeat(4, axis=2).repeat(4, axis=3), 3, axis=1)

    x_train, y_train, x_test, y_test = digits
    names = tuple(map(str, range(10)))
    return Pictures(pictures(x_train), y_train, pictures(x_test), y_test, names)


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
    kept = _kept(file.path)
    if kept is not None:
        return kept
    if os.environ.get("KNETSRC_OFFLINE", "0") not in ("", "0"):
        raise DataNotFoundError(f"no {file.path} on this machine, and KNETSRC_OFFLINE is set")
    content = _download(file)
    _keep(content, _cache() / file.path)
    return content


def _kept(path: str) -> bytes | None:
    """Content of a file in the user's folder or the cache."""
    folders = [Path(os.environ["KNETSRC_DATA"])] if os.environ.get("KNETSRC_DATA") else []
    for folder in [*folders, _cache()]:
        if (folder / path).is_file():
            return (folder / path).read_bytes()
    return None


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
