"""Secrets from files are read as a whole, and never repeated by an error."""

import os

import pytest
from django.core.exceptions import ImproperlyConfigured

from pnav.secret_files import LONGEST, read, with_password


def test_read_variable_or_file(tmp_path):
    file = tmp_path / "secret"
    file.write_text("  of the vault\n")
    assert read({"KEY": "of the environment"}, "KEY") == "of the environment"
    assert read({"KEY_FILE": str(file)}, "KEY") == "of the vault"
    assert read({"KEY": "", "KEY_FILE": str(file)}, "KEY") == "of the vault"
    assert read({}, "KEY") == ""


@pytest.mark.parametrize(
    "content",
    [b"", b" \n", b"\xff\xfe hidden", b"hidden" * LONGEST, None],
    ids=["empty", "blank", "bytes", "long", "away"],
)
def test_read_file_that_holds_no_secret(tmp_path, content):
    file = tmp_path / "somewhere"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match=r"^KEY_FILE ") as refused:
        read({"KEY_FILE": str(file)}, "KEY")
    assert "hidden" not in str(refused.value) and refused.value.__cause__ is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_read_file_of_somebody_else(tmp_path):
    file = tmp_path / "secret"
    file.write_text("hidden")
    file.chmod(0)
    with pytest.raises(ImproperlyConfigured, match="PermissionError"):
        read({"KEY_FILE": str(file)}, "KEY")


def test_read_folder_or_nonsense(tmp_path):
    for path in (str(tmp_path), "\0"):
        with pytest.raises(ImproperlyConfigured, match=r"^KEY_FILE cannot be read"):
            read({"KEY_FILE": path}, "KEY")


def test_read_given_twice(tmp_path):
    """When both are given, the settings do not guess which one is meant."""
    with pytest.raises(ImproperlyConfigured, match="KEY and KEY_FILE"):
        read({"KEY": "hidden", "KEY_FILE": str(tmp_path / "secret")}, "KEY")


@pytest.mark.parametrize(
    ("address", "password", "whole"),
    [
        ("postgres://pnav_web@postgres:5432/pnav?sslmode=verify-full", "p@ss/ word:é",
         "postgres://pnav_web:p%40ss%2F%20word%3A%C3%A9@postgres:5432/pnav?sslmode=verify-full"),
        ("rediss://redis:6379/0", "word", "rediss://:word@redis:6379/0"),
        ("rediss://pnav:@redis:6379/0", "word", "rediss://pnav:word@redis:6379/0"),
        ("postgres://pnav:here@host/pnav", "", "postgres://pnav:here@host/pnav"),
        ("unix:///run/valkey.sock", "", "unix:///run/valkey.sock"),
    ],
)  # fmt: skip
def test_with_password(address, password, whole):
    assert with_password(address, password, name="ADDRESS") == whole


@pytest.mark.parametrize("address", ["postgres://pnav:hidden@host/pnav", "postgres://[hidden/pnav"])
def test_with_password_error_shows_no_address(address):
    with pytest.raises(ImproperlyConfigured, match=r"^ADDRESS ") as refused:
        with_password(address, "another", name="ADDRESS")
    assert "hidden" not in str(refused.value) and refused.value.__cause__ is None
