"""docs/architecture.md can be read in ten minutes, and docs/code-map.md names every package."""

import re

import pytest

from tests.docs import names

ROOMS = ("common", "locations", "triage", "reports", "chat", "pnav")
WORDS = 2_100  # two hundred a minute, and some time for the drawings
TABLE = (names.ROOT / "docs" / "code-map.md").read_text().partition("## Packages")[2].partition("\n## ")[0]
# Folders that Django looks for under these names.
OF_DJANGO = {"management", "migrations", "templatetags"}


def packages() -> list[str]:
    """Return those right below the top-level packages, by their dotted name."""
    found = (re.fullmatch(r"(\w+)/(\w+)/__init__\.py", name) for name in names.files())
    return sorted(f"{one[1]}.{one[2]}" for one in found if one and one[1] in ROOMS and one[2] not in OF_DJANGO)


def test_architecture_is_read_in_ten_minutes():
    """What is more than that belongs to the document of its subject, to which architecture.md leads."""
    words = len((names.ROOT / "docs" / "architecture.md").read_text().split())
    assert words <= WORDS


@pytest.mark.parametrize("package", packages())
def test_every_package_is_in_the_map(package):
    assert f"`{package}`" in TABLE
