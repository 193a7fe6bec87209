"""Runs `tests/js/*.test.js`, the tests of the scripts' logic, with Node's own test runner."""

from pathlib import Path

import pytest

from tests import javascript

FOLDER = Path(__file__).parent
FILES = sorted(path.name for path in FOLDER.glob("*.test.js"))


def test_there_are_files_to_run():
    assert FILES


@pytest.mark.parametrize("name", FILES)
def test_logic_of_scripts(name):
    # In the process that this starts, because the runner would otherwise start another one for the file.
    done = javascript.run("--test", "--test-isolation=none", "--test-reporter=spec", str(FOLDER / name))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tests 0" not in done.stdout, "a file without a test proves nothing"


def test_failing_test_is_seen(tmp_path):
    wrong = tmp_path / "wrong.test.js"
    wrong.write_text('import { test } from "node:test";\ntest("fails", () => { throw new Error("no"); });\n')
    assert javascript.run("--test", "--test-isolation=none", str(wrong)).returncode != 0


def test_wrong_type_is_seen(tmp_path):
    javascript.install()
    wrong = tmp_path / "wrong.js"
    wrong.write_text("/** @param {string} text */\nexport const f = (text) => text.length;\nf(3);\n")
    options = ["--allowJs", "--checkJs", "--noEmit", "--strict", "--ignoreConfig", "--types", ""]
    done = javascript.run("node_modules/typescript/bin/tsc", *options, str(wrong))
    assert done.returncode != 0 and "TS2345" in done.stdout, done.stdout + done.stderr
