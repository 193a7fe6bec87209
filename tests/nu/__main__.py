"""`python -m tests.nu`: draw the pages, check them, write the report; fails when an error is found.

python -m tests.nu tests/pages     only the pages that these tests draw
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from tests import javascript

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PLACE = ROOT / ".local" / "nu"
REPORT = ROOT / ".local" / "html-report.txt"
DRAWN = "PNAV_DRAWN"  # the folder in which `tests.support.strict_html` leaves a page of each shape
# The tests that draw pages of a visitor, in their states and in the previews of its texts. With the tests that draw
# none, or only pages of the staff, this would take ten times as long.
TESTS = [
    "tests/chat/conversations/resume",
    "tests/chat/personal_copy/test_page.py",
    "tests/chat/personal_copy/test_receipts.py",
    "tests/chat/referral/test_referral_pages.py",
    "tests/chat/referral/test_removal.py",
    "tests/chat/visitor",
    "tests/common/texts/test_previews.py",
    "tests/locations/test_views.py",
    "tests/pages/test_announcing.py",
    "tests/pages/test_discreet_pages.py",
    "tests/pages/test_figures.py",
    "tests/pages/test_guides.py",
    "tests/pages/test_language.py",
    "tests/pages/test_removal_kit.py",
    "tests/pages/test_views.py",
    "tests/pages/test_voices.py",
    "tests/reports/test_proof_of_work.py",
    "tests/reports/test_views.py",
    "tests/test_busy.py",
    "tests/test_errors.py",
    "tests/triage/test_steps.py",
    "tests/triage/test_views.py",
]
WORKERS = 2  # the number of processors of a small machine
# Errors of the checker that we accept: the beginning of the message, and the reason.
KEPT = {
    # RGAA 1.9.1 requires it, so that every screen reader reads a caption with its picture.
    "A “figure” element with a “figcaption” descendant must not have a “role” attribute.": "RGAA 1.9.1",
    # What somebody typed, shown again as it was: a character, or a day or an hour from a browser without such a field.
    "Saw U+0000 in stream.": "what was typed",
    "Bad value “hier” for attribute “value” on element “input”: The literal did not satisfy the date": "what was typed",
    "Bad value “25:61” for attribute “value” on element “input”: Hour cannot be greater than 23": "what was typed",
}
# The same, in the preview of a text alone (`tests/common/texts/test_previews.py`).
PREVIEW = "preview of "
KEPT_IN_PREVIEWS = {
    'There must not be two elements with the same "nearest ancestor autofocus': "it shows several refusals at once",
    "Bad value “” for attribute “action” on element “form”": "nothing of it is sent",
    "Bad value “x” for attribute “value” on element “input”": "what was typed",
}


@dataclass(frozen=True)
class Finding:
    message: str
    extract: str


def install() -> Path:
    """Return the checker, as package-lock.json pins it, in `.local`. Needs the network the first time."""
    PLACE.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package-lock.json").read_text()
    lock = PLACE / "package-lock.json"
    jar = PLACE / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    if not jar.exists() or not lock.exists() or lock.read_text() != wanted:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, PLACE / name)
        done = javascript.run(str(javascript.NPM), "ci", "--ignore-scripts", "--no-progress", "--prefix", str(PLACE))
        if done.returncode:
            raise RuntimeError(f"npm ci: {done.stderr}")
    return jar


def draw(folder: Path, tests: list[str]) -> None:
    """Run these tests with every page kept. A test that fails is another target's business, and said."""
    options = ["-q", "-p", "no:cacheprovider", "--no-header", "--workers", str(WORKERS)]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, DRAWN: str(folder)}, check=False)
    if done.returncode:
        print("Des tests ont échoué : des pages manquent peut-être.")


def check(jar: Path, folder: Path) -> dict[Finding, list[str]]:
    """Return what the checker finds, and in which pages."""
    index = folder / "index"
    if not index.exists():
        return {}
    pages = json.loads("{" + ",".join(index.read_text().splitlines()) + "}")
    done = subprocess.run(
        [
            "java",
            "-Xss1m",
            "-jar",
            str(jar),
            "--format",
            "json",
            "--errors-only",
            "--exit-zero-always",
            "--skip-non-html",
            str(folder),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[Finding, list[str]] = defaultdict(list)
    for told in json.loads(done.stderr)["messages"]:
        where = pages.get(Path(told["url"]).name, told["url"])
        kept = (*KEPT, *KEPT_IN_PREVIEWS) if where.startswith(PREVIEW) else tuple(KEPT)
        if told["type"] == "error" and not told["message"].startswith(kept):
            finding = Finding(told["message"], " ".join(told.get("extract", "").split())[:200])
            found[finding].append(where)
    return found


def report(found: dict[Finding, list[str]], count: int) -> str:
    lines = [f"{count} pages, {len(found)} erreur(s) différente(s)."]
    for finding, where in sorted(found.items(), key=lambda item: -len(item[1])):
        lines += ["", finding.message, f"  {finding.extract}", *(f"  {one}" for one in sorted(set(where))[:5])]
    return "\n".join(lines) + "\n"


def main(tests: list[str]) -> int:
    if not shutil.which("java"):
        print("Java n'est pas là. Sur Debian : apt-get install default-jre-headless")
        return 1
    jar = install()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(folder, tests or TESTS)
        pages = list(folder.glob("*.html"))
        found = check(jar, folder)
    told = report(found, len(pages))
    REPORT.write_text(told)
    print(told, end="")
    return 1 if found or not pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
