"""What a forge and a catalogue read in this repository: pipelines, templates, owners, updates, publiccode.yml."""

import json
import re
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import versions
from tests.docs import names
from tests.support import begun

ROOT = Path(__file__).resolve().parents[1]
GITHUB = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
GITLAB = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
COMMANDS = {
    "check": "make check",
    "test": "make test",
    "engines": "make test-engines",
    "versions": "make test-versions",
}
# Jobs of GitHub whose image has Python, and in which root may install Debian's packages.
IN_A_CONTAINER = {"engines", "versions"}


def test_github_calls_our_commands_and_nothing_else():
    for name, job in GITHUB["jobs"].items():
        run = [step["run"] for step in job["steps"] if "run" in step]
        assert run == [COMMANDS[name]] and job["timeout-minutes"] <= 60
        for action in (step["uses"] for step in job["steps"] if "uses" in step):
            assert re.fullmatch(r"actions/(checkout|setup-python)@(v\d+|[0-9a-f]{40})", action), action
    assert set(GITHUB["jobs"]) == set(COMMANDS) and GITHUB["permissions"] == {"contents": "read"}
    triggers = GITHUB.get("on", GITHUB.get(True))  # YAML 1.1 reads the word as true
    assert set(triggers) == {"push", "pull_request"}, (
        "never pull_request_target: it runs strangers' code with our rights"
    )


def test_gitlab_calls_our_commands_and_nothing_else():
    jobs = {name: GITLAB[name] for name in COMMANDS}
    assert {name: job["script"] for name, job in jobs.items()} == {
        name: [command] for name, command in COMMANDS.items()
    }
    assert GITLAB["stages"] == list(COMMANDS) and set(GITLAB) == {*COMMANDS, "stages", "default", "workflow"}
    assert re.match(r"python:3\.13-", GITLAB["default"]["image"])


def test_pipelines_have_the_python_of_the_project():
    oldest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert oldest is not None
    for name, job in GITHUB["jobs"].items():
        said = [step["with"]["python-version"] for step in job["steps"] if "python-version" in step.get("with", {})]
        assert said == ([] if name in IN_A_CONTAINER else [oldest[1]])
        assert ("container" in job) == (name in IN_A_CONTAINER)


def test_both_forges_try_each_version_that_is_supported():
    """docs/platforms.md names no other version."""
    github = GITHUB["jobs"]["versions"]["strategy"]["matrix"]["include"]
    (names_of, gitlab) = ("python", "postgres", "redis", "pooler"), GITLAB["versions"]["parallel"]["matrix"]
    rows = [[row[name] for name in names_of] for row in github]
    assert rows == [[row[name] for name in ("PYTHON_VERSION", "POSTGRES", "REDIS", "POOLER")] for row in gitlab]
    environment = GITHUB["jobs"]["versions"]["env"]
    assert environment == {
        variable: f"${{{{ matrix.{name} }}}}"
        for variable, name in zip(("PYTHON_VERSION", "POSTGRES", "REDIS", "POOLER"), names_of, strict=True)
    }
    assert {postgres for _python, postgres, _redis, _pooler in rows} == set(versions.POSTGRES)
    known = {*versions.FROM_DEBIAN, *versions.FROM_WHEELS} - {"pgbouncer", "clamd"}
    assert {redis for _python, _postgres, redis, _pooler in rows} == {"", *known}
    assert {pooler for *_versions, pooler in rows} == {"", "1"}


@pytest.mark.parametrize("name", ["defaut", "proposition"])
def test_template_of_an_issue_is_a_form(name):
    form = yaml.safe_load((ROOT / f".github/ISSUE_TEMPLATE/{name}.yml").read_text())
    assert {"name", "description", "body"} <= set(form)
    inputs = [part for part in form["body"] if part["type"] != "markdown"]
    assert len({part["id"] for part in inputs}) == len(inputs) >= 3
    assert all(part["attributes"]["label"] for part in inputs)


def test_whoever_opens_an_issue_is_told_where_a_weakness_goes_and_who_helps():
    config = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/config.yml").read_text())
    assert config["blank_issues_enabled"] is False
    said = " ".join(link["about"] for link in config["contact_links"])
    assert "SECURITY.md" in said and all(number in said for number in ("17", "112", "114", "119"))
    for template in (*ROOT.glob(".github/ISSUE_TEMPLATE/defaut.yml"), *ROOT.glob(".gitlab/issue_templates/Defaut.md")):
        assert "personne réelle" in template.read_text() and "SECURITY.md" in template.read_text()


def test_both_forges_ask_the_same_of_a_change():
    github = (ROOT / ".github/PULL_REQUEST_TEMPLATE.md").read_text()
    assert github == (ROOT / ".gitlab/merge_request_templates/Default.md").read_text()
    assert "`make check`" in github and "CHANGELOG.md" in github


def test_owners_are_asked_for_what_exists():
    lines = [line.split() for line in (ROOT / "CODEOWNERS").read_text().splitlines() if line and line[0] != "#"]
    assert lines[0][0] == "*", "whatever no other line names"
    for pattern, *owners in lines[1:]:
        assert any(f"/{name}".startswith(pattern) for name in names.files()), pattern
        assert len(owners) >= 2 and all(re.fullmatch(r"@[\w-]+/[\w-]+", owner) for owner in owners), pattern


def test_updates_are_asked_for_and_locked():
    renovate = json.loads((ROOT / "renovate.json").read_text())
    assert {"pep621", "npm", "dockerfile", "docker-compose", "github-actions"} <= set(renovate["enabledManagers"])
    assert renovate["postUpgradeTasks"]["commands"] == ["make lock"] and "lock" in names.targets()
    assert any(fnmatch("requirements-dev.txt", one) for one in renovate["postUpgradeTasks"]["fileFilters"])
    assert "docker:pinDigests" in renovate["extends"]


# --- publiccode.yml: the keys of version 0.4 of the standard, with their bounds ---------------------------------------

PUBLIC: dict[str, Any] = yaml.safe_load((ROOT / "publiccode.yml").read_text())
REQUIRED = {
    "publiccodeYmlVersion", "name", "url", "releaseDate", "platforms", "categories", "developmentStatus",
    "softwareType", "description", "legal", "maintenance", "localisation",
}  # fmt: skip
STATUS = {"concept", "development", "beta", "stable", "obsolete"}
MAINTENANCE = {"internal", "contract", "community", "none"}


def faults(public: dict[str, Any]) -> list[str]:
    """Return what the standard does not allow in the file."""
    found = [f"{name} is missing" for name in sorted(REQUIRED - set(public))]
    if found:
        return found
    for language, described in public["description"].items():
        short, long = described.get("shortDescription", ""), described.get("longDescription", "")
        if not 0 < len(short) <= 150:
            found.append(f"description/{language}/shortDescription: {len(short)} characters of 150")
        if not 150 <= len(long) <= 10_000:
            found.append(f"description/{language}/longDescription: {len(long)} characters, from 150 to 10,000")
        if not described.get("features"):
            found.append(f"description/{language}/features is missing")
    if public["developmentStatus"] not in STATUS:
        found.append("developmentStatus")
    if public["maintenance"].get("type") not in MAINTENANCE:
        found.append("maintenance/type")
    elif public["maintenance"]["type"] in {"internal", "community"} and not public["maintenance"].get("contacts"):
        found.append("maintenance/contacts is missing")
    if not isinstance(public["localisation"].get("localisationReady"), bool):
        found.append("localisation/localisationReady")
    if not public["localisation"].get("availableLanguages"):
        found.append("localisation/availableLanguages")
    return found


def test_publiccode_is_what_the_standard_asks_for():
    assert faults(PUBLIC) == []
    assert PUBLIC["publiccodeYmlVersion"] == "0.4" and PUBLIC["url"].startswith("https://")
    date.fromisoformat(PUBLIC["releaseDate"])


def test_publiccode_says_what_the_repository_says():
    assert f'license = "{PUBLIC["legal"]["license"]}"' in (ROOT / "pyproject.toml").read_text()
    assert PUBLIC["localisation"]["availableLanguages"] == begun.offered()


def test_publiccode_that_lacks_something_is_found():
    assert faults({}) == [f"{name} is missing" for name in sorted(REQUIRED)]
    assert faults({**PUBLIC, "developmentStatus": "done", "maintenance": {"type": "community"}}) == [
        "developmentStatus",
        "maintenance/contacts is missing",
    ]
    short = {"fr": {"shortDescription": "x" * 151, "longDescription": "x"}}
    assert len(faults({**PUBLIC, "description": short})) == 3
