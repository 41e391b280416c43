"""Generated files of the tests go to a folder of their own, never to the user's."""

import os
import tempfile

import pytest

_folder = tempfile.TemporaryDirectory(prefix="knetsrc_tests_")
os.environ["KNETSRC_CACHE"] = os.path.join(_folder.name, "cache")


@pytest.fixture
def cache_folder(tmp_path, monkeypatch):
    """An empty cache folder for one test."""
    place = tmp_path / "cache"
    monkeypatch.setenv("KNETSRC_CACHE", str(place))
    return place
