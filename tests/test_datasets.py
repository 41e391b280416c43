"""Where the data sets come from, in which order; what they look like. No test asks the network."""

import gzip
import hashlib
import http.client
import io
import struct
import sys
import tarfile
import urllib.error
import urllib.request

import numpy as np
import pytest

from knetsrc import datasets
from knetsrc.datasets import DataNotFoundError, cifar10, housing, mnist, shakespeare

BUNDLED = datasets._bundled("housing.data").read_bytes()


class Web:
    """Answers for the network: one content for every address, or an error."""

    def __init__(self, monkeypatch):
        self.asked = []
        self.answer = urllib.error.URLError("no route to host")
        monkeypatch.setattr(urllib.request, "urlopen", self)

    def __call__(self, url, timeout):
        assert timeout <= 5
        self.asked.append(url)
        if isinstance(self.answer, Exception):
            raise self.answer
        return io.BytesIO(self.answer)


@pytest.fixture
def web(monkeypatch):
    return Web(monkeypatch)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path, web):
    monkeypatch.delenv("KNETSRC_DATA", raising=False)
    monkeypatch.delenv("KNETSRC_OFFLINE", raising=False)
    monkeypatch.setattr(datasets, "_cache", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("KNETSRC_DATA", str(tmp_path / "folder"))
    (tmp_path / "folder" / "mnist").mkdir(parents=True)
    return tmp_path / "folder"


def write_mnist(folder, train=5, test=2):
    for name, count in (("train", train), ("t10k", test)):
        pixels = np.arange(count * 784, dtype=np.uint8)
        images = struct.pack(">IIII", 2051, count, 28, 28) + pixels.tobytes()
        (folder / f"mnist/{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        labels = struct.pack(">II", 2049, count) + bytes(range(count))
        (folder / f"mnist/{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))


def lines(text):
    return text.strip().splitlines()


def test_housing_is_standardized_with_instances_in_columns():
    x, y = housing()
    assert (x.shape, y.shape, x.dtype, y.dtype) == ((13, 506), (1, 506), np.float32, np.float32)
    np.testing.assert_allclose(x.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=1), 1, rtol=1e-5)
    assert abs(y.mean() - 22.5328) < 1e-4
    assert housing(dtype=np.float64).x.dtype == np.float64


def test_bundled_files_are_the_originals():
    text = gzip.decompress(datasets._bundled("tinyshakespeare.txt.gz").read_bytes())
    assert hashlib.sha256(text).hexdigest() == datasets.FILES["shakespeare"].sha256
    assert hashlib.sha256(BUNDLED).hexdigest() == datasets.FILES["housing"].sha256


def test_shakespeare_splits_off_the_end():
    train, valid, vocabulary = shakespeare()
    assert (len(train) + len(valid), len(valid), len(vocabulary)) == (1115394, 111539, 65)
    assert "".join(vocabulary[i] for i in train[:14]) == "First Citizen:"
    assert "".join(vocabulary[i] for i in valid[-8:]) == "waking.\n"
    assert len(shakespeare(valid=0).valid) == 0


def test_user_folder_comes_first_and_says_nothing(folder, cache, web, capsys):
    (folder / "housing.data").write_bytes(BUNDLED[: len(BUNDLED) // 2 // 97 * 97])
    cache.mkdir()
    (cache / "housing.data").write_bytes(BUNDLED)
    assert housing().x.shape[1] == 253
    assert (web.asked, capsys.readouterr().err) == ([], "")


def test_cache_comes_second(folder, cache, web):
    cache.mkdir()
    (cache / "tinyshakespeare.txt").write_bytes(b"abcabcabca")
    train, valid, vocabulary = shakespeare()
    assert (len(train), len(valid), vocabulary, web.asked) == (9, 1, "abc", [])


def test_download_enters_the_cache_once(cache, web, capsys):
    web.answer = BUNDLED
    first, second = housing(), housing()
    np.testing.assert_array_equal(first.x, second.x)
    assert web.asked == [datasets.FILES["housing"].url]
    assert [path.name for path in cache.iterdir()] == ["housing.data"]
    assert capsys.readouterr().err == ""


def test_download_with_another_checksum_is_not_kept(cache, web, capsys):
    web.answer = b"<html>log in to the wireless network</html>"
    assert housing().x.shape == (13, 506)
    [line] = lines(capsys.readouterr().err)
    assert "bundled copy" in line and "another checksum" in line
    assert not cache.exists()


@pytest.mark.parametrize(
    "error",
    [urllib.error.URLError("refused"), TimeoutError("timed out"), http.client.IncompleteRead(b"")],
    ids=repr,
)
def test_network_failure_falls_back_and_says_so_in_one_line(error, web, capsys):
    web.answer = error
    assert len(shakespeare().train) == 1003855
    [line] = lines(capsys.readouterr().err)
    assert line.startswith("knetsrc: shakespeare: the bundled copy")
    assert "does not answer" in line


def test_offline_asks_nobody(monkeypatch, web, capsys):
    monkeypatch.setenv("KNETSRC_OFFLINE", "1")
    housing()
    assert web.asked == []
    assert "KNETSRC_OFFLINE is set" in capsys.readouterr().err


def test_download_is_used_where_the_cache_cannot_be_written(cache, web, capsys):
    cache.write_text("a file where the folder should be")
    web.answer = BUNDLED
    assert housing().x.shape == (13, 506)
    assert "could not be written" in capsys.readouterr().err


def test_mnist_reads_idx_files(folder):
    write_mnist(folder)
    x_train, y_train, x_test, y_test = mnist()
    assert (x_train.shape, x_test.shape, x_train.dtype) == ((784, 5), (784, 2), np.float32)
    assert (x_train[255, 0], x_train[0, 1] * 255) == (1, 784 % 256)
    assert (y_train.tolist(), y_test.tolist(), y_train.dtype) == ([0, 1, 2, 3, 4], [0, 1], np.int64)


def test_mnist_falls_back_to_digits(web, capsys):
    x_train, y_train, x_test, y_test = mnist()
    assert (x_train.shape, x_test.shape) == ((64, 1500), (64, 297))
    assert (len(y_train), len(y_test), x_train.max(), x_train.dtype) == (1500, 297, 1, np.float32)
    [line] = lines(capsys.readouterr().err)
    assert "scikit-learn's digits" in line
    assert len(web.asked) == 1


def test_mnist_with_a_file_missing_is_not_mixed_with_digits(folder):
    write_mnist(folder)
    (folder / "mnist/t10k-labels-idx1-ubyte.gz").unlink()
    assert mnist().x_train.shape == (64, 1500)


def test_mnist_without_files_and_scikit_learn_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(DataNotFoundError, match="pip install scikit-learn"):
        mnist()


def write_cifar10(path):
    """The archive with two pictures a batch: channels of one value each."""
    with tarfile.open(path, "w:gz") as archive:
        for number, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
            records = [
                bytes([label]) + b"".join(bytes([value]) * 1024 for value in (number, 51, 255))
                for label in (number, 9)
            ]
            add_member(archive, f"{name}.bin", b"".join(records))
        add_member(archive, "batches.meta.txt", b"airplane\nautomobile\n\n")


def add_member(archive, name, content):
    member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def test_cifar10_reads_the_archive(folder):
    write_cifar10(folder / "cifar-10-binary.tar.gz")
    x_train, y_train, x_test, y_test, classes = cifar10()
    assert (x_train.shape, x_test.shape) == ((10, 3, 32, 32), (2, 3, 32, 32))
    assert (x_train.dtype, y_train.dtype) == (np.float32, np.int64)
    np.testing.assert_allclose(x_train[3, :, 5, 7] * 255, [1, 51, 255], rtol=1e-6)
    assert (y_train.tolist(), y_test.tolist()) == ([0, 9, 1, 9, 2, 9, 3, 9, 4, 9], [5, 9])
    assert classes == ("airplane", "automobile")


def test_part_of_cifar10_goes_before_the_whole(folder, web):
    write_cifar10(folder / "cifar-10-binary.tar.gz")
    pixels = np.full((3, 3, 32, 32), 255, np.uint8)
    labels = np.array([2, 0, 1], np.uint8)
    np.savez(
        folder / "cifar10_subset.npz", x_train=pixels, y_train=labels, x_test=pixels[:1],
        y_test=labels[:1], class_names=np.array(["cat", "dog"]),
    )  # fmt: skip
    found = cifar10(np.float64)
    assert (found.x_train.shape, found.x_train.dtype) == ((3, 3, 32, 32), np.float64)
    assert (found.x_test.max(), found.classes, web.asked) == (1, ("cat", "dog"), [])


def test_cifar10_falls_back_to_digits_and_says_so(web, capsys):
    found = cifar10()
    assert (found.x_train.shape, found.x_test.shape) == ((1500, 3, 32, 32), (297, 3, 32, 32))
    digit = mnist().x_train[:, 5].reshape(8, 8)
    np.testing.assert_array_equal(found.x_train[5, 2, ::4, 3::4], digit)
    assert found.classes == tuple("0123456789")
    assert "digits, enlarged, instead of CIFAR-10" in lines(capsys.readouterr().err)[0]
