"""REUSE.toml gives a licence for each file, and the texts of all these licences are in the repository."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "reuse", "--root", str(folder), "lint", "--quiet"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_repository_follows_reuse():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_file_without_a_licence_would_be_seen(tmp_path):
    (tmp_path / "code.py").write_text("print()\n")
    assert lint(tmp_path).returncode == 1


def test_licence_is_the_one_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    rules = tomllib.loads((ROOT / "REUSE.toml").read_text())["annotations"]
    assert rules[0]["path"] == "**" and rules[0]["SPDX-License-Identifier"] == project["license"]
    assert (ROOT / "LICENSE").read_bytes() == (ROOT / f"LICENSES/{project['license']}.txt").read_bytes()
    assert all((ROOT / rule["path"]).is_file() for rule in rules[1:]), "what others made, file by file"
