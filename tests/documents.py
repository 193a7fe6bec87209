"""`make docs`: makes a site of the documents with a search, which loads nothing from elsewhere, in .local/docs/site.

The documents are copied with the paths that they have in the repository, so that their links hold, together with the
files to which they lead. The build fails for a link that leads nowhere, a heading that does not exist, or a page that
no menu names, and says which.
"""

import posixpath
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".local" / "docs"
LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|tel:|#)([^)\s#]+)")
ADR = "docs/adr"
# The menu, in the order of the README's table. Titles are in the language of the document, French or English.
MENU: dict[str, list[str]] = {
    "Guides": ["docs/guide-agent.md", "docs/guide-administration.md"],
    "Décider": ["docs/models/analyse-d-impact.md", "docs/models/homologation.md", "docs/security.md", "SECURITY.md"],
    "Exploiter": [
        "docs/operations.md", "docs/restore.md", "docs/platforms.md", "deploy/kubernetes/README.md",
        "docs/releasing.md", "docs/places.md",
    ],
    "Comprendre": [
        "docs/architecture.md", "docs/code-map.md", "docs/protocol.md", "docs/glossary.md", "docs/languages.md",
        "docs/staffing.md", "docs/screen-reader.md",
    ],
    "Mesurer": ["docs/costs.md", "docs/performance.md", "docs/performance-log.md", "benchmarks/README.md"],
    "Contribuer": [
        "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "docs/in-progress.md", "docs/done.md", "docs/seen.md",
        "CHANGELOG.md",
    ],
}  # fmt: skip
LAST = "Décisions"
# Files that are not for readers: forms of the forges, texts of licences.
LEFT_OUT = (".github/", ".gitlab/", "LICENSES/")


def pages() -> list[str]:
    """Return every document of the repository, by its path."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in done.stdout.splitlines() if not name.startswith(LEFT_OUT) and (ROOT / name).exists()]


def menu() -> list[Any]:
    """Return the menu that mkdocs shows beside each page. A document that MENU does not name is in its last part."""
    known = {"README.md", *(name for names in MENU.values() for name in names)}
    others = [name for name in pages() if name not in known and not name.startswith(ADR)]
    decisions = [f"{ADR}/README.md", *(name for name in pages() if re.match(rf"{ADR}/\d", name))]
    parts: list[Any] = [{"Accueil": "README.md"}, *({title: names} for title, names in MENU.items())]
    return [*parts, *([{"Et aussi": others}] if others else []), {LAST: decisions}]


def stage(folder: Path) -> None:
    """Copy the documents and the files to which they lead, each to its place below this folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in pages():
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in dict.fromkeys(LINK.findall(text)):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
            where = ROOT / path
            if where.is_dir():
                readme = where / "README.md"
                if readme.exists():
                    text = re.sub(rf"\]\({re.escape(target)}(?=[)#])", f"]({target.rstrip('/')}/README.md", text)
            elif where.is_file() and not path.endswith(".md"):
                _copy(where, folder / path)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def build(place: Path) -> Path:
    """Build the site in this folder, and return where it is. Raises `mkdocs.exceptions.Abort` where a link is wrong."""
    from mkdocs.commands.build import build as build_site  # this import is slow, and only a build needs it
    from mkdocs.config import load_config
    from pymdownx.slugs import slugify

    stage(place / "source")
    config = load_config(
        str(ROOT / "mkdocs.yml"),
        docs_dir=str(place / "source"),
        site_dir=str(place / "site"),
        nav=menu(),
        markdown_extensions=["tables", "sane_lists", "fenced_code", "toc"],
        strict=True,
    )
    # The anchors of headings are those of the forges.
    config["mdx_configs"]["toc"] = {"permalink": "#", "slugify": slugify(case="lower")}
    build_site(config)
    return place / "site"


def from_elsewhere(site: Path) -> Iterator[str]:
    """Yield what a page would load from another site: scripts, styles, pictures, frames."""
    loads = re.compile(r'<(?:script|img|iframe|source)\b[^>]*\bsrc="?((?:https?:)?//[^">\s]+)|'
                       r'<link\b[^>]*\bhref="?((?:https?:)?//[^">\s]+)')  # fmt: skip
    for page in site.rglob("*.html"):
        for found in loads.finditer(page.read_text(encoding="utf-8")):
            yield f"{page.relative_to(site)}: {found[1] or found[2]}"


def main() -> int:
    began = time.monotonic()
    site = build(PLACE)
    found = list(from_elsewhere(site))
    for line in found:
        print(f"Chargé d'ailleurs : {line}")
    print(f"{site / 'index.html'} : {len(pages())} documents en {time.monotonic() - began:.0f} s.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
