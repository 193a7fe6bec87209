import re
import shutil
import time
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.core.management import call_command
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from pnav.pages import sitemap
from pnav.pages.build import fallback_fonts, fonts
from pnav.pages.frame.announcements import Shown
from pnav.pages.information import read_information
from pnav.pages.management.commands import build_styles
from reports.closures import Closure

SECONDS = 3
# What no page with the first sheet has (`build_styles.NEVER_FIRST`), as templates and scripts would write it.
NEVER = "select|optgroup|audio|video|iframe|sub|sup|table|t[dhr]"
NEVER_TYPES = "range|radio|date|file|image|reset|button|search"
SIZED = r'class="(?=[^"]*fr-btn--(?:sm|lg))[^"]*fr-(?:btn--)?icon-'  # an icon in a small or a large button
NEVER_DRAWN = re.compile(
    rf"<(?:{NEVER})\b|contenteditable|target=|<(?:input|button)[^>]* type=.?(?:{NEVER_TYPES})\b"
    rf"|<(?:button|input|textarea)\b[^>]*\sdisabled\b|class=\"fr-icon-|{SIZED}"
)
NEVER_MADE = re.compile(
    rf"""createElement\(\s*["'](?:{NEVER})["']|\btype(?:\s*=|["'],)\s*["'](?:{NEVER_TYPES})["']"""
    r"""|content[eE]ditable|\.target\s*=[^=]|["']target["']|\.disabled\s*=[^=]|innerHTML|insertAdjacentHTML"""
)
NEWS_AT = datetime(2026, 12, 1, 8, tzinfo=UTC)
NEWS = {
    "chat_closed": Closure(1, "incident", NEWS_AT, NEWS_AT + timedelta(days=1)),
    "announcements": [
        Shown("both", is_warning, NEWS_AT, NEWS_AT, {("fr", "vous"): "Retour bientôt."}) for is_warning in (True, False)
    ],
}
# Pages that somebody may open first, besides those that search engines show.
BEGINNINGS = ("chat:conversation", "chat:resume", "pages:card", "pages:removal_request")
# Those that ask for several things or hold a table: they are drawn with the whole sheet.
WHOLE = {"pages:feedback", "pages:figures", "pages:removal", "pages:removal_request"}
LOADED = re.compile(r'<link rel="stylesheet" href="[^"]*pnav/(dsfr[\w-]*)[\w.]*\.css"(?![^>]*media=)')
# The states of the home page: what it is given, and a sign that it was drawn in this state.
STATES = {
    "first": ({}, 'id="portes"'),
    "open": (
        {"open_exchange": True, "demo_notice": False, "preview_of": "x", "messages": [Message(40, "x")]},
        'class="fr-logo"',
    ),
    "waiting": ({"open_exchange": True, "waits_for_turn": True}, "pnav-open__told"),
    "closed": ({**NEWS, "demo_notice": True}, "pnav-notice--closed"),
    "discreet": ({**NEWS, "discreet": True}, "pnav-folded"),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """Return the sheet, in a folder of its own, and the seconds of the processor that all of it took."""
    started = time.process_time()
    sheet = build_styles.build(tmp_path_factory.mktemp("assets"))
    return sheet, time.process_time() - started


@pytest.fixture(scope="module")
def sheet(built: tuple[Path, float]) -> Path:
    return built[0]


@pytest.fixture
def with_fonts(sheet: Path, tmp_path: Path) -> Path:
    """Return a folder that lacks the sheets alone: what takes long, the fonts, was cut for it before."""
    shutil.copytree(sheet.parent / "fonts", tmp_path / "pnav" / "fonts")
    return tmp_path


def test_build_is_fast_and_gives_the_same_bytes(built: tuple[Path, float], with_fonts: Path):
    first, seconds = built
    assert seconds < SECONDS
    assert build_styles.build(with_fonts).read_bytes() == first.read_bytes()


def test_build_leaves_an_unchanged_sheet_alone(sheet: Path):
    before = sheet.stat().st_mtime_ns
    assert build_styles.build(sheet.parents[1]).stat().st_mtime_ns == before


def test_templates_name_each_class_whole():
    """The sheet is cut to the classes that templates name. « fr-alert--{{ kind }} » names none: an alert of success was
    drawn without its colour and its icon, because no template said that class."""
    glued = re.compile(r"\bfr-(?:[\w-]*-)?\{[{%]")
    folder = settings.BASE_DIR / "templates"
    found = [str(path.relative_to(folder)) for path in folder.rglob("*.html") if glued.search(path.read_text())]
    assert not found


def test_sheet_draws_every_kind_of_message(sheet: Path):
    text = sheet.read_text(encoding="utf-8")
    for kind in ("success", "error", "warning", "info"):
        assert f".fr-alert--{kind}:before{{" in text and f".fr-alert--{kind}{{" in text


def test_sheet_is_light(sheet: Path):
    assert sheet.stat().st_size < 200_000, "the whole of DSFR is 825 kB"


@pytest.fixture(scope="module")
def first(sheet: Path) -> str:
    return sheet.with_name(build_styles.FIRST_SHEET).read_text(encoding="utf-8")


def test_first_sheet_is_half_of_the_whole_and_defines_what_ours_want(sheet: Path, first: str):
    assert len(first) < 0.5 * sheet.stat().st_size
    own = "".join(text for name, text in build_styles.first_sources().items() if name.endswith(".css"))
    wanted = set(re.findall(r"var\((--[\w-]+)\)", own)) - set(re.findall(r"(--[\w-]+)\s*:", own))
    assert len(wanted) > 20 and wanted <= set(re.findall(r"(--[\w-]+)\s*:", first))


def lacking(page: str, sheet: Path, first: str) -> set[str]:
    """Return the classes of a page of which the whole sheet says something, and the first one nothing."""
    names = {name for names in re.findall(r'class="([^"]*)"', page) for name in names.split() if name.startswith("fr-")}
    assert len(names) > 10
    whole = sheet.read_text(encoding="utf-8")

    def defines(text: str, name: str) -> bool:
        return bool(re.search(rf"\.{name}(?![\w-])", text))

    return {name for name in names if defines(whole, name) and not defines(first, name)}


@pytest.mark.django_db
@pytest.mark.parametrize("state", STATES)
def test_first_sheet_has_all_that_the_home_page_shows(client: Client, sheet: Path, first: str, state: str):
    """The page is drawn as a visitor sees it first, with the State's mark, a message and a way back to an exchange,
    while one waits, with news above it, and discreetly.
    """
    shown, sign = STATES[state]
    answer = client.get("/")
    page = answer.text
    if shown:
        context = {"information": read_information(), **shown}
        page = render_to_string("pages/home.html", context, request=answer.wsgi_request)
    assert sign in page
    assert not NEVER_DRAWN.findall(page), "what the sheet leaves out (NEVER_FIRST)"
    assert lacking(page, sheet, first) == set()


@pytest.mark.django_db
@pytest.mark.parametrize("name", [*sitemap.names(), *BEGINNINGS])
def test_page_that_somebody_may_open_first_loads_the_first_sheet(sheet: Path, first: str, name: str):
    """Unless it asks for several things or holds a table. Who adds such a page gives it a sheet by this rule."""
    page = Client().get(reverse(name), follow=True).text
    is_whole = name in WHOLE
    assert LOADED.findall(page) == ["dsfr" if is_whole else "dsfr-first"]
    assert bool(NEVER_DRAWN.findall(page)) == is_whole
    assert is_whole or lacking(page, sheet, first) == set()


def test_no_template_of_the_first_sheet_draws_what_it_leaves_out():
    """Whatever the state of the visitor: the text of each template is looked at, and of all that it includes."""
    found = build_styles.first_sources()
    templates = {name: text for name, text in found.items() if ".html" in name}
    assert {"base.html", "triage/question.html", "components/message.html", "locations/_partner.html"} <= set(templates)
    assert "components/field.html#error" in templates and "components/field.html" not in templates
    assert {"pnav/triage.css", "pnav/lib/fit.js"} <= set(found)
    draws = re.compile(rf"{NEVER_DRAWN.pattern}|{{% (?:field|choices|services)\b")
    hits = {name: hits for name, text in templates.items() if (hits := draws.findall(text))}
    assert hits == {"staff/_presence.html": ["<iframe"]}, "an agent's, in our own style"


def test_scripts_of_the_first_pages_make_nothing_that_the_sheet_leaves_out():
    left_out = build_styles.NEVER_FIRST.pattern
    assert f"(?:{NEVER})" in left_out and f"(?:{NEVER_TYPES})" in left_out
    scripts = {name: text for name, text in build_styles.first_sources().items() if name.endswith(".js")}
    assert {"pnav/quick-exit.js", "pnav/suggestions.js", "pnav/lib/fit.js", "pnav/staff/presence.js"} <= set(scripts)
    for name, text in scripts.items():
        assert not NEVER_MADE.findall(text), name


@pytest.mark.parametrize(
    "line",
    [
        'const list = document.createElement("select");',
        "document.createElement('td')",
        'input.type = "search";',
        'input.setAttribute("type", "date");',
        'link.target = "_blank";',
        "button.disabled = true;",
    ],
)
def test_what_a_script_would_make_is_seen(line: str):
    assert NEVER_MADE.search(line)


def test_sheet_asks_for_nothing_but_two_fonts_in_two_parts(sheet: Path):
    addresses = re.findall(r"url\(\s*[\"']?(?!data:)([^\"')]+)", sheet.read_text(encoding="utf-8"))
    drawings = addresses[4:]
    assert addresses[:4] == [
        f"fonts/Marianne-{weight}{part}.woff2" for weight in ("Regular", "Bold") for part in ("", fonts.REST)
    ]
    assert len(drawings) == 2 and all(address.startswith("drawings/") for address in drawings), "the State's mark"
    assert all((sheet.parent / address).is_file() for address in addresses)
    assert sheet.read_text(encoding="utf-8").count("font-display:swap") == 4


def test_fonts_lose_no_sign_and_the_first_part_is_light(sheet: Path):
    whole = build_styles.dsfr_package() / "static" / "dsfr" / "dist" / "fonts"
    for name in build_styles.FONTS:
        first = sheet.parent / "fonts" / name
        rest = first.with_name(f"{first.stem}{fonts.REST}.woff2")
        everyday, others = fonts.signs_of(first), fonts.signs_of(rest)
        assert everyday | others == fonts.signs_of(whole / name) and not everyday & others
        assert first.stat().st_size < 20_000 < (whole / name).stat().st_size
        assert f"unicode-range:{fonts.ranges(others)}" in sheet.read_text(encoding="utf-8")


def test_fonts_are_cut_again_only_when_something_changed(sheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    cut: list[str] = []

    def again(source: Path, folder: Path) -> None:
        cut.append(source.name)
        for name in (source.name, f"{source.stem}{fonts.REST}.woff2"):
            shutil.copy(sheet.parent / "fonts" / name, folder / name)

    monkeypatch.setattr(fonts, "cut", again)
    build_styles.build(tmp_path)
    build_styles.build(tmp_path)
    assert cut == list(build_styles.FONTS)
    monkeypatch.setattr(fonts, "FEATURES", ["kern"])
    build_styles.build(tmp_path)
    assert len(cut) == 4


def test_our_own_texts_need_the_first_part_alone():
    """They are what the site says by itself; whatever else people write comes with the second part."""
    catalogues = "".join(
        path.read_text(encoding="utf-8") for path in settings.BASE_DIR.glob("pnav/locale/*/*/django.po")
    )
    whole = build_styles.dsfr_package() / "static" / "dsfr" / "dist" / "fonts" / build_styles.FONTS[0]
    needed = {ord(sign) for sign in unescape(catalogues)} & fonts.signs_of(whole)
    assert {chr(sign) for sign in needed - fonts.EVERYDAY} == set()


@pytest.mark.parametrize(("signs", "said"), [({0x41}, "U+41"), ({0x41, 0x42, 0x43, 0x61}, "U+41-43,U+61"), (set(), "")])
def test_ranges_are_said_as_sheets_say_them(signs: set[int], said: str):
    assert fonts.ranges(signs) == said


def test_sheet_defines_every_variable_of_our_own_sheets(sheet: Path):
    text = sheet.read_text(encoding="utf-8")
    own = "".join(path.read_text(encoding="utf-8") for path in (settings.BASE_DIR / "static").rglob("*.css"))
    wanted = set(re.findall(r"var\((--[\w-]+)\)", own))  # those with a fallback may be missing
    defined = set(re.findall(r"(--[\w-]+)\s*:", text + own))
    assert wanted <= defined, wanted - defined


def test_command_writes_to_the_assets_folder(with_fonts: Path, settings, capsys):
    settings.ASSETS_DIR = with_fonts
    call_command("build_styles")
    assert (with_fonts / "pnav" / "dsfr.css").is_file()
    assert "dsfr.css" in capsys.readouterr().out


def test_text_is_drawn_as_wide_as_marianne_until_it_is_there(sheet: Path):
    """Each fallback stands between Marianne and arial, in both weights, and asks the machine alone."""
    text = sheet.read_text(encoding="utf-8")
    assert fallback_fonts.STACK not in text and text.count(f"font-family:{fallback_fonts.stack()}") == 2
    face = r"@font-face\{font-family:(Marianne-\w+);src:([^;]+);font-weight:(\d+);size-adjust:([\d.]+)%"
    found = re.findall(face, text)
    assert [(family, weight) for family, _source, weight, _scale in found] == [
        (one.family, weight) for weight in ("400", "700") for one in fallback_fonts.FALLBACKS
    ]
    local = r'local\("[^"]+"\)'
    assert all(re.fullmatch(f"{local}(,{local})*", source) for _family, source, _weight, _scale in found)
    scales = {(family, weight): float(scale) for family, _source, weight, scale in found}
    assert scales["Marianne-arial", "400"] == pytest.approx(109.8, abs=0.1)
    assert scales["Marianne-dejavu", "700"] == pytest.approx(85.2, abs=0.1)


@pytest.mark.parametrize(("weight", "name"), [(400, "DejaVuSans.ttf"), (700, "DejaVuSans-Bold.ttf")])
def test_widths_of_a_fallback_are_those_of_its_file(weight: int, name: str):
    file = Path("/usr/share/fonts/truetype/dejavu") / name
    if not file.exists():
        pytest.skip("this machine lacks the font")
    (dejavu,) = (one for one in fallback_fonts.FALLBACKS if one.family == "Marianne-dejavu")
    assert fallback_fonts.read_metrics(file).width == pytest.approx(dejavu.widths[weight], abs=0.0001)
