"""Folders in which anybody can find their way have about twenty modules at most (docs/adr/0058)."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.test_names import PACKAGES, ROOT

# `__init__` does not count. A folder with more is divided by subjects, each of which is a package named by a noun.
AT_MOST = 22


def crowded_folders(paths: Iterable[Path]) -> dict[str, int]:
    """Return folders with more modules of their own than AT_MOST, and how many. Folders of migrations only grow, and
    are left out.
    """
    modules = Counter(
        path.parent.as_posix() for path in paths if path.name != "__init__.py" and path.parent.name != "migrations"
    )
    return {folder: count for folder, count in modules.items() if count > AT_MOST}


def test_no_folder_is_crowded():
    paths = [path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert len(paths) > 100
    assert not crowded_folders(paths)


def test_crowded_folder_is_found():
    modules = [Path("chat", f"module_{number}.py") for number in range(AT_MOST + 1)]
    assert not crowded_folders([*modules[:-1], Path("chat/__init__.py"), Path("chat/rules/lifecycle.py")])
    assert crowded_folders(modules) == {"chat": AT_MOST + 1}
    assert not crowded_folders([Path("chat/migrations", path.name) for path in modules])
