"""A store in a folder of the test, with captures allowed by the service."""

from pathlib import Path

import pytest
from django.core.files.storage import storages

from tests.chat.visitor.conftest import _no_counts_left, as_reporter

__all__ = ["_no_counts_left", "as_reporter"]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    """Return where the sealed chunks of this test lie."""
    place = tmp_path / "captures"
    settings.CAPTURES = True
    settings.CLAMD = ""
    options = {"BACKEND": "common.sealed_files.folder.Folder", "OPTIONS": {"location": str(place)}}
    settings.STORAGES = settings.STORAGES | {"captures": options}
    storages.backends  # noqa: B018  read before, they would be those of another test
    del storages.backends
    storages._storages.clear()
    return place
