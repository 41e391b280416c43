"""What many tests start from."""

import pytest


@pytest.fixture
def cache_folder(tmp_path, monkeypatch):
    """An empty cache folder for one test."""
    place = tmp_path / "cache"
    monkeypatch.setenv("KNETSRC_CACHE", str(place))
    return place
