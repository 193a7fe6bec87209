"""`make assets`: builds translations, style sheets, fonts and static files twice, and compares every byte.

Somebody who doubts an image can build it again, and compare what visitors' browsers run with what this repository
gives. Each build is made in its own copy of the repository, as `deploy/build.sh` does for the image. This takes about
20 seconds.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a folder, by its path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def differences(first: dict[str, str], second: dict[str, str]) -> list[str]:
    """Return the files that only one of both has, or that differ."""
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


def copy_repository(target: Path) -> None:
    """Copy the files of the repository as they are here, new ones included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def build(folder: Path) -> dict[str, str]:
    """Build in a copy below this folder, and return the digests of the files that were made."""
    copy_repository(folder / "site")
    python = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    # Python orders sets differently in each build, so that a file that depends on it differs.
    environment = {"PATH": python, "STATIC_ROOT": str(folder / "static"), "PYTHONHASHSEED": "random"}
    command = ["sh", "deploy/build.sh"]
    subprocess.run(command, cwd=folder / "site", env=environment, check=True, stdout=subprocess.DEVNULL)
    return digests(folder / "static")


def main() -> int:
    """Build twice, and return 0 when both are the same, 1 when they differ."""
    with tempfile.TemporaryDirectory() as folder:
        first, second = (build(Path(folder) / name) for name in ("first", "second"))
    if not first:
        print("rien n'a été construit", file=sys.stderr)
        return 1
    if different := differences(first, second):
        print("\n".join(["construits deux fois, différents :", *different]), file=sys.stderr)
        return 1
    total = hashlib.sha256("\n".join(f"{name} {first[name]}" for name in sorted(first)).encode()).hexdigest()
    print(f"{len(first)} fichiers, deux fois les mêmes : sha256 {total}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
