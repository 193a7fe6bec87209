"""A release has one version, which is written in one place, a changelog that an operator can follow, and a list of what
it holds.
"""

import io
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from pnav.version import VERSION, read_revision
from tests import assets, sbom

ROOT = Path(__file__).resolve().parents[1]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
TO_COME = "En préparation"
MONTHS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
HEADING = re.compile(rf"(\d+)\.(\d+)\.(\d+) – (?:(\d+) )?({'|'.join(MONTHS)}) (\d{{4}})")


def parts() -> list[tuple[str, str]]:
    """Return the heading and the text of each version of the changelog, the newest first."""
    found = re.split(r"^## (.+)$", CHANGELOG, flags=re.MULTILINE)[1:]
    return list(zip(found[::2], found[1::2], strict=True))


def released() -> list[tuple[re.Match[str], str]]:
    """Return the versions that were made. Each heading has to match as a whole."""
    found = [(HEADING.fullmatch(heading), text) for heading, text in parts() if heading != TO_COME]
    assert all(match for match, _text in found), "« ## X.Y.Z – jour mois année »"
    return found  # type: ignore[return-value]


def test_newest_version_is_the_one_of_the_project():
    match, _text = released()[0]
    assert ".".join(match.group(1, 2, 3)) == VERSION and re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert [heading for heading, _text in parts()].index(match[0]) <= 1, "only what is to come stands before it"
    assert TO_COME not in [heading for heading, _text in parts()[1:]]


def test_versions_go_down():
    numbers = [tuple(map(int, match.group(1, 2, 3))) for match, _text in released()]
    assert numbers == sorted(set(numbers), reverse=True) and len(numbers) >= 2


def test_every_version_but_the_first_says_what_to_do():
    """Each has a sentence, then short numbered steps, because somebody reads them during a deployment."""
    for match, text in released()[:-1]:
        head = text.partition("\nPour les personnes :")[0]
        assert "\nÀ faire en mettant à jour" in head, match[0]
        steps = re.findall(r"^(\d+)\. (.+)$", head, re.MULTILINE)
        assert [int(number) for number, _step in steps] == list(range(1, len(steps) + 1)) and steps
        assert all(len(step) <= 320 for _number, step in steps), match[0]
        assert "retour" in head, f"{match[0]}: how one goes back, or that one does not"


def test_catalogue_of_public_software_says_the_same_version_and_day():
    public = yaml.safe_load((ROOT / "publiccode.yml").read_text())
    match, _text = released()[0]
    assert public["softwareVersion"] == VERSION
    assert public["releaseDate"] == f"{match[6]}-{MONTHS.index(match[5]) + 1:02}-{int(match[4]):02}"


def test_archive_of_a_version_says_its_commit(tmp_path):
    """The version is told without git and without an image, in `pnav_build_info` and `entry version` of plain
    machines.
    """
    files = ["pnav/__init__.py", "pnav/version.py", "pnav/server", "pyproject.toml"]
    archive = subprocess.run(["git", "archive", "HEAD", *files], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        opened.extractall(tmp_path, filter="data")
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    command = [sys.executable, "-m", "pnav.server.entry", "version"]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=True)
    assert done.stdout == f"pnav {VERSION} {head}"


def test_commit_is_the_one_that_the_image_says_and_none_in_a_clone():
    assert read_revision({}) == "" and read_revision({"PNAV_REVISION": "5d0c1f7"}, "81aa") == "5d0c1f7"
    assert read_revision({"PNAV_REVISION": ""}, "81aa") == "81aa"


# --- what it holds ----------------------------------------------------------------------------------------------------


def test_list_of_components_is_the_lock_and_the_images(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764288000")
    listed = json.loads(sbom.build())
    lock = (ROOT / "requirements.txt").read_text()
    wanted = set(re.findall(r"^([\w.-]+)(?:\[[^\]]+\])?==([^\s;]+)", lock, re.MULTILINE))
    libraries = [one for one in listed["components"] if one["type"] == "library"]
    assert {(one["name"], one["version"]) for one in libraries} == wanted and len(wanted) > 40
    digests = {one["content"] for library in libraries for one in library["externalReferences"][0]["hashes"]}
    assert digests == set(re.findall(r"sha256:([0-9a-f]{64})", lock))
    assert {one["name"] for one in listed["components"] if one["type"] == "container"} == {
        "caddy",
        "postgres",
        "python",
        "redis",
    }
    licences = {one["name"]: json.dumps(one.get("licenses", [])) for one in libraries}
    assert "BSD" in licences["django"] and sum(text != "[]" for text in licences.values()) > 0.8 * len(licences)
    assert listed["metadata"]["component"]["version"] == VERSION and listed["specVersion"] == "1.6"


def test_list_of_components_is_the_same_twice(tmp_path):
    """Two processes whose sets have different orders make it."""
    written = []
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "tests.sbom", "--output", str(tmp_path / seed)]
        subprocess.run(command, cwd=ROOT, env={"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": seed}, check=True)
        written.append((tmp_path / seed).read_bytes())
    assert written[0] == written[1] and b"pkg:pypi/django@" in written[0]


def test_assets_that_differ_are_named(tmp_path):
    """`make assets` builds both for real; this test shows that it would notice a difference."""
    for name, style in (("first", "a{}"), ("second", "b{}")):
        (tmp_path / name / "css").mkdir(parents=True)
        (tmp_path / name / "css" / "main.css").write_text(style)
        (tmp_path / name / "same.js").write_text("1")
    (tmp_path / "second" / "more.js").touch()
    first, second = (assets.digests(tmp_path / name) for name in ("first", "second"))
    assert assets.differences(first, second) == ["css/main.css", "more.js"]
    assert assets.differences(first, dict(first)) == []


@pytest.mark.parametrize("target", ["update", "sbom", "assets", "image", "lock", "archive"])
def test_commands_of_a_release_are_targets(target):
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if target == "image":
        assert f"--tag pnav:{VERSION}" in done.stdout and f"VERSION={VERSION}" in done.stdout
    if target == "archive":
        assert f"--prefix={VERSION}/" in done.stdout
    if target == "update":
        assert "UPGRADE=--upgrade" in done.stdout and "audit" in done.stdout
