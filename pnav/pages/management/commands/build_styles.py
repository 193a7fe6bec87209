"""Builds the stylesheet and the fonts that pages load: see `pnav.pages.build.stylesheet`."""

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
from pnav.pages.build.modules import imported_modules

SHEETS = ("dsfr.main.min.css", "utility/utility.main.min.css")
FONTS = ("Marianne-Regular.woff2", "Marianne-Bold.woff2")
# Two of the six weights are served: 500 is drawn as 400, and the browser slants italics.
WEIGHTS = dict(zip(FONTS, (400, 700), strict=True))
DRAWINGS = "drawings"
LARGE_DRAWING = 2_000  # the characters from which on a drawing is large
_DRAWING = re.compile(r'url\("data:image/svg\+xml;charset=utf8,([^"]*)"\)')
RECIPE = ".recipe"  # `collectstatic` leaves this file where it is
LICENCE = "/*! DSFR v{version} | MIT | usage réservé aux services de l'État : voir README */\n"
SCANNED = {".html", ".js", ".py"}
# When this is found, the package's own templates and widgets may also use class names.
USES_PACKAGE = re.compile(r"^(from|import) dsfr\b|{% load [^%]*\bdsfr_tags\b", re.MULTILINE)
PACKAGES = ("pnav", "reports", "chat", "triage", "locations", "common")
# Pages that somebody may open first, often on a slow line: nothing is drawn before its sheet is there. A template that
# draws no form of several fields and no table loads this sheet, half of the whole, in the same order (ADR 0128).
FIRST_SHEET = "dsfr-first.css"
_SHEET_BLOCK = "{% block dsfr %}"
_EXTENDED = re.compile(r'{% extends "([^"]+)" %}')
# What a template names: another one or a part of it, a script, one of our sheets.
_NAMED = re.compile(r'{% (?:extends|include|late_module|module|sheet|static) "([^"]+\.(?:html|js|css)(?:#\w+)?)"')
# What `components/message.html` may hold and make of a level, whatever page shows the message.
MESSAGES = "locations/_kept.html"
MADE_OF_LEVELS = {f"fr-alert--{level}" for level in ("error", "info", "success", "warning")}
# What those pages never have: fields other than a line or an area of text, elements that their sections cannot hold,
# what is switched off, icons in small and large buttons, and what only browsers without our forms draw. They are parts
# of selectors, as DSFR writes them.
NEVER_FIRST = re.compile(
    r"(?<![\w.-])(?:select|optgroup|audio|video|iframe|sub|sup|table|t[dhr])(?![\w-])"
    r"|\[type=(?:range|radio|date|file|image|reset|button|search)\]|\[contenteditable|\[target="
    r"|data-fr-scrolling|fr-ratio|:disabled|\[disabled"
    r"|\[class\^=fr-icon|\.fr-btn--(?:sm|lg)(?:\.fr-btn--icon|\[class)|\.fr-header \.fr-btns-group"
)


def _face(name: str, weight: int, signs: Iterable[int]) -> str:
    return (
        f'@font-face{{font-family:Marianne;src:url("fonts/{name}") format("woff2");font-weight:{weight};'
        f"font-style:normal;font-display:swap;unicode-range:{fonts.ranges(signs)}}}"
    )


def font_faces(folder: Path) -> str:
    """Return the `@font-face` of both files of each weight, and of the fonts that are shown until they are loaded.

    folder: the one with the whole fonts.
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


def _text_of(name: str) -> str:
    """Return the text of a template, of a part of one (« field.html#error »), of our script or of our sheet; nothing of
    a file that this command writes.
    """
    file, _, part = name.partition("#")
    path = settings.BASE_DIR / ("static" if file.startswith("pnav/") else "templates") / file
    if not path.exists():
        return ""
    text = path.read_text(encoding="utf-8")
    return text.partition(f"{{% partialdef {part} %}}")[2].partition("{% endpartialdef")[0] if part else text


def _loads_first_sheet(name: str) -> bool:
    """Return whether a page is drawn with it: what its template says, or else what the one that it extends says.

    Templates of the admin extend those of Django, some of the same name.
    """
    text = _text_of(name)
    extended = _EXTENDED.search(text)
    if _SHEET_BLOCK in text or not extended or extended[1] == name:
        return f'"pnav/{FIRST_SHEET}"' in text
    return _loads_first_sheet(extended[1])


def first_sources() -> dict[str, str]:
    """Return the texts of the files that draw the pages with FIRST_SHEET, in any state of their visitor, by name.

    They are the templates that load it, and whatever these extend, include and load.
    """
    folder = settings.BASE_DIR / "templates"
    pages = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.html")))
    queue = [MESSAGES, *(page for page in pages if _loads_first_sheet(page))]
    found: dict[str, str] = {}
    while queue:
        name = queue.pop()
        if name not in found:
            found[name] = _text_of(name)
            queue += _NAMED.findall(found[name])
            if name.startswith("pnav/") and name.endswith(".js"):
                queue += imported_modules(name)
    return {name: text for name, text in found.items() if text}


def _texts(paths: Iterable[Path]) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in paths]


def _classes(texts: Iterable[str]) -> set[str]:
    return set().union(*(stylesheet.class_tokens(text) for text in texts))


def build(target: Path) -> Path:
    """Write `pnav/dsfr.css`, its part for first pages and `pnav/fonts/` below a folder; return the sheet's path.

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

    def write(name: str, used: set[str], own: Iterable[str], without: re.Pattern[str] = stylesheet.NOTHING) -> Path:
        """Write one sheet. own: our sheets that are loaded beside it. without: what its pages have none of."""
        wanted = stylesheet.variables("".join(own))
        body = stylesheet.build(css, used=used, wanted=wanted, read=read, without=without)
        body = body.replace(fallback_fonts.STACK, fallback_fonts.stack())
        sheet = target / "pnav" / name
        _write(sheet, begins + _with_drawings_apart(body, sheet.parent / DRAWINGS) + "\n")
        return sheet

    _build_fonts(dist / "fonts", target / "pnav" / "fonts", version)
    first = first_sources()
    own = [text for name, text in first.items() if name.endswith(".css")]
    drawn = [text for name, text in first.items() if not name.endswith(".css")]
    write(FIRST_SHEET, _classes(drawn) | MADE_OF_LEVELS, own, NEVER_FIRST)
    return write("dsfr.css", _classes(texts), _texts(sorted(static.rglob("*.css"))))


def _write(sheet: Path, text: str) -> None:
    """Write the sheet, unless its text is unchanged."""
    if not sheet.exists() or sheet.read_text(encoding="utf-8") != text:
        partial = sheet.with_suffix(f".{os.getpid()}")  # a name for this process, because two set-ups may run at once
        partial.write_text(text, encoding="utf-8")
        partial.replace(sheet)


def _with_drawings_apart(css: str, folder: Path) -> str:
    """Move each large drawing into a file of its own, and return the sheet, so that only a page that shows it fetches
    it.

    No page is drawn before its sheet is loaded, and the State's mark is a sixth of it.
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
    """Cut each font in two, unless it was cut in the same way before. It takes a second for each weight."""
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
