"""Build the stylesheet and the fonts that pages load: see `pnav.pages.build.stylesheet`."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pnav.pages.build import fallback_fonts, fonts, stylesheet

SHEETS = ("dsfr.main.min.css", "utility/utility.main.min.css")
FONTS = ("Marianne-Regular.woff2", "Marianne-Bold.woff2")
# Two weights are served of the six: 500 is drawn as 400, italics are slanted by the browser.
WEIGHTS = dict(zip(FONTS, (400, 700), strict=True))
DRAWINGS = "drawings"
LARGE_DRAWING = 2_000  # characters
_DRAWING = re.compile(r'url\("data:image/svg\+xml;charset=utf8,([^"]*)"\)')
RECIPE = ".recipe"  # `collectstatic` leaves it where it is
LICENCE = "/*! DSFR v{version} | MIT | usage réservé aux services de l'État : voir README */\n"
SCANNED = {".html", ".js", ".py"}
# Then the package's own templates and widgets may write class names too.
USES_PACKAGE = re.compile(r"^(from|import) dsfr\b|{% load [^%]*\bdsfr_tags\b", re.MULTILINE)
PACKAGES = ("pnav", "reports", "chat", "triage", "locations", "common")
# What the home page is drawn from. It is what most people load first, often on a slow line, and nothing of it is drawn
# before its sheet is there: it has a sheet of its own, half of the whole, in the same order.
HOME_SHEET = "dsfr-home.css"
HOME = (
    "templates/base.html",
    "templates/pages/home.html",
    "templates/pages/_*.html",
    "templates/components/*.html",
    "templates/admin/sentences/preview_notice.html",
    "static/pnav/quick-exit.js",
    "static/pnav/suggestions.js",
)
# What `components/message.html` makes of a level.
MADE_ON_HOME = {f"fr-alert--{level}" for level in ("error", "info", "success", "warning")}
# What no state of it has: fields of other kinds than a text, elements that its sections cannot hold, and what only
# browsers without our forms draw. In selectors, as DSFR writes them.
NEVER_ON_HOME = re.compile(
    r"(?<![\w.-])(?:textarea|select|optgroup|audio|video|iframe|sub|sup|table|t[dhr])(?![\w-])"
    r"|\[type=(?:range|checkbox|radio|date|file|image|reset|button|search)\]|\[contenteditable|\[target="
    r"|data-fr-scrolling|fr-ratio"
)
NOT_ON_HOME = {"choices.html", "error_summary.html", "field.html", "pages.html", "_guide_door.html"}


def _face(name: str, weight: int, signs: Iterable[int]) -> str:
    return (
        f'@font-face{{font-family:Marianne;src:url("fonts/{name}") format("woff2");font-weight:{weight};'
        f"font-style:normal;font-display:swap;unicode-range:{fonts.ranges(signs)}}}"
    )


def font_faces(folder: Path) -> str:
    """Return what the sheet says of both files of each weight, and of what is shown until they are there.

    folder: of the whole fonts.
    """
    faces = []
    for name, weight in WEIGHTS.items():
        rest = fonts.signs_of(folder / name) - fonts.EVERYDAY
        faces += [_face(name, weight, fonts.EVERYDAY), _face(f"{Path(name).stem}{fonts.REST}.woff2", weight, rest)]
    for name, weight in WEIGHTS.items():
        faces += fallback_fonts.faces(weight, fallback_fonts.read_metrics(folder / name))
    return "".join(faces)


def dsfr_package() -> Path:
    spec = find_spec("dsfr")
    if spec is None or spec.origin is None:
        raise CommandError("django-dsfr is not installed.")
    return Path(spec.origin).parent


def sources() -> Iterator[Path]:
    """Yield the files in which a class name may be written, in a stable order."""
    for folder in ("templates", "static", *PACKAGES):
        for path in sorted((settings.BASE_DIR / folder).rglob("*")):
            if path.suffix in SCANNED and "migrations" not in path.parts and path.is_file():
                yield path


def home_sources() -> Iterator[Path]:
    """Yield the files from which the home page is drawn, whatever its visitor's state, in a stable order."""
    for pattern in HOME:
        yield from (path for path in sorted(settings.BASE_DIR.glob(pattern)) if path.name not in NOT_ON_HOME)


def _texts(paths: Iterable[Path]) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in paths]


def _classes(texts: Iterable[str]) -> set[str]:
    return set().union(*(stylesheet.class_tokens(text) for text in texts))


def build(target: Path) -> Path:
    """Write `pnav/dsfr.css`, the home page's part of it and `pnav/fonts/` below a folder; return the sheet's path.

    The same sources give the same bytes. An unchanged sheet is not rewritten.
    """
    package = dsfr_package()
    dist = package / "static" / "dsfr" / "dist"
    texts = _texts(sources())
    if any(USES_PACKAGE.search(text) for text in texts):
        texts += _texts(path for path in sorted(package.rglob("*")) if path.suffix in {".html", ".py"})
    static = settings.BASE_DIR / "static"

    def read(address: str) -> str:
        return (dist / "icons" / address.partition("icons/")[2]).read_text(encoding="utf-8")

    css = "".join(_texts(dist / name for name in SHEETS))
    version = (package / "static" / "dsfr" / "dsfr_version").read_text(encoding="utf-8").strip().removeprefix("v")
    begins = LICENCE.format(version=version) + font_faces(dist / "fonts")

    def write(name: str, used: set[str], own: Iterable[Path], without: re.Pattern[str] = stylesheet.NOTHING) -> Path:
        """own: our sheets that stand beside it. without: what its pages have none of."""
        wanted = stylesheet.variables("".join(_texts(own)))
        body = stylesheet.build(css, used=used, wanted=wanted, read=read, without=without)
        body = body.replace(fallback_fonts.STACK, fallback_fonts.stack())
        sheet = target / "pnav" / name
        _write(sheet, begins + _with_drawings_apart(body, sheet.parent / DRAWINGS) + "\n")
        return sheet

    _build_fonts(dist / "fonts", target / "pnav" / "fonts", version)
    at_home = _classes(_texts(home_sources())) | MADE_ON_HOME
    write(HOME_SHEET, at_home, [static / "pnav" / "site.css", static / "pnav" / "home.css"], NEVER_ON_HOME)
    return write("dsfr.css", _classes(texts), sorted(static.rglob("*.css")))


def _write(sheet: Path, text: str) -> None:
    """Unless it is the same already."""
    if not sheet.exists() or sheet.read_text(encoding="utf-8") != text:
        partial = sheet.with_suffix(f".{os.getpid()}")  # two set-ups may run at once
        partial.write_text(text, encoding="utf-8")
        partial.replace(sheet)


def _with_drawings_apart(css: str, folder: Path) -> str:
    """Return the sheet with each large drawing in a file of its own, which only a page that shows it fetches.

    No page is drawn before its sheet is there, and the State's mark is a sixth of it.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def apart(found: re.Match[str]) -> str:
        if len(found[1]) < LARGE_DRAWING:
            return found[0]
        drawing = unquote(found[1])
        name = f"{hashlib.sha256(drawing.encode()).hexdigest()[:8]}.svg"
        (folder / name).write_text(drawing, encoding="utf-8")
        return f'url("{DRAWINGS}/{name}")'

    return _DRAWING.sub(apart, css)


def _build_fonts(whole: Path, folder: Path, version: str) -> None:
    """Cut each font in two, unless it was cut the same way before: it takes a second a weight."""
    folder.mkdir(parents=True, exist_ok=True)
    recipe = f"DSFR {version} {fonts.recipe()}"
    kept = folder / RECIPE
    if kept.exists() and kept.read_text(encoding="utf-8") == recipe:
        return
    for name in FONTS:
        fonts.cut(whole / name, folder)
    kept.write_text(recipe, encoding="utf-8")


class Command(BaseCommand):
    help = "Build the part of DSFR's stylesheet that the site uses, with its fonts, into .local/assets."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        sheet = build(settings.ASSETS_DIR)
        self.stdout.write(f"{sheet.name} : {sheet.stat().st_size / 1000:.0f} ko")
