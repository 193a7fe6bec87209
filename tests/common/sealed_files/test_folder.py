"""Only its own account may read the folder of sealed files. What it reports as stored is on the disk, and nothing in it
has an address.
"""

import os
import stat
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from common.sealed_files import folder
from common.sealed_files.folder import Folder


def test_files_and_folders_are_its_own_accounts_alone(tmp_path):
    store = Folder(location=tmp_path / "store")
    name = store.save("ab/cd/0000", ContentFile(b"x"))
    path = tmp_path / "store" / name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_file_and_its_folder_are_on_the_disk_when_it_is_saved(tmp_path, monkeypatch):
    synced = []
    really = os.fsync

    def fsync(descriptor):
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        really(descriptor)

    monkeypatch.setattr(folder.os, "fsync", fsync)
    Folder(location=tmp_path).save("ab/0000", ContentFile(b"x"))
    assert synced == [str(tmp_path / "ab" / "0000"), str(tmp_path / "ab")]


def test_has_no_address(tmp_path):
    with pytest.raises(ValueError, match="no address"):
        Folder(location=tmp_path).url("ab/0000")
