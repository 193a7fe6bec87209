"""`{% module %}` and the hashed names of the scripts (ADR 0059)."""

import inspect
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines

from chat.personal_copy.pages import CHECKING, OPENING
from common.pagination import searched_choice
from pnav.pages.build import modules
from tests.support import once

SCRIPTS = Path(settings.BASE_DIR) / "static" / "pnav"
# Put as it is into a page that is opened without a network and imports nothing, so it is one file, however long (ADR
# 0084).
ALONE = {"proof.js"}
PUT_IN = {*CHECKING, *OPENING}  # put into pages of a person's copy
TAG = re.compile(r'{% (?:late_)?module "([^"]+)" %}')


def draw(source: str) -> str:
    return engines["django"].from_string("{% load modules %}" + source).render({})


def entries() -> set[str]:
    """Return the modules that templates name."""
    pages = (Path(settings.BASE_DIR) / "templates").rglob("*.html")
    return {name for page in pages for name in TAG.findall(page.read_text())}


def test_module_comes_after_all_that_it_imports():
    html = draw('{% module "pnav/staff/presence.js" %}')
    *preloads, instead, script = html.splitlines()
    assert instead == '<script src="/static/pnav/without-modules.js" async></script>'
    assert script == '<script type="module" src="/static/pnav/staff/presence.js" data-counted></script>'
    assert '<link rel="modulepreload" href="/static/pnav/lib/time.js">' in preloads
    assert len(preloads) == len(set(preloads)) == len(modules.imported_modules("pnav/staff/presence.js"))


def test_late_module_leaves_the_line_to_others():
    html = draw('{% late_module "pnav/suggestions.js" %}')
    assert html.splitlines() == [
        '<link rel="modulepreload" href="/static/pnav/lib/fit.js" fetchpriority="low">',
        '<script type="module" src="/static/pnav/suggestions.js" fetchpriority="low"></script>',
    ]


def test_module_that_is_not_there_is_said():
    with pytest.raises(ValueError, match="nowhere"):
        draw('{% module "pnav/nowhere.js" %}')


def test_every_import_is_found():
    """The tag reads imports by their form: none may be written in another, or it would be fetched late."""
    for script in sorted(SCRIPTS.rglob("*.js")):
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", script.read_text(), flags=re.DOTALL)
        statements = re.findall(r"^\s*(?:import|export)\b(?=[^;(=]*[\"'])|\bimport\(", text, re.MULTILINE)
        assert len(statements) == len(modules.IMPORT.findall(script.read_text())), script


def test_every_module_is_served_by_some_page():
    """Nothing lies about: what is no page's script is imported by one, or is one of the classic scripts."""
    assert entries()
    # They act before the page is drawn, or where modules do not run (ADR 0059).
    classic = {"admin-trust.js", "quick-exit.js", "without-modules.js"}
    used = {one for entry in entries() for one in [entry, *modules.imported_modules(entry)]}
    templates = "".join(page.read_text() for page in (Path(settings.BASE_DIR) / "templates").rglob("*.html"))
    widget = inspect.getsource(searched_choice)  # loads its script with Django's own, in the admin alone
    for script in SCRIPTS.rglob("*.js"):
        name = f"pnav/{script.relative_to(SCRIPTS).as_posix()}"
        # Such a script is put into a page that is opened from a disk (ADR 0085).
        is_put_in = name.removeprefix("pnav/") in PUT_IN
        is_named = f'{{% static "{name}" %}}' in templates or f'js=["{name}"]' in widget
        assert name in used or script.name in classic or is_put_in or is_named, name


def test_scripts_stay_small():
    """A file has about 250 lines and one subject: what grows beyond it is two."""
    scripts = [script for script in SCRIPTS.rglob("*.js") if script.name not in ALONE]
    assert not [script.name for script in scripts if len(script.read_text().splitlines()) > 300]


def test_every_script_of_a_page_counts_when_it_has_run():
    """Where one has not, `without-modules.js` draws what stands in `<noscript>`."""
    pages = (Path(settings.BASE_DIR) / "templates").rglob("*.html")
    needed = {name for page in pages for name in re.findall(r'{% module "([^"]+)" %}', page.read_text())}
    assert len(needed) > 10
    for name in entries():
        text = (SCRIPTS.parent / name).read_text()
        assert text.endswith("\nmarkRun();\n") if name in needed else "markRun" not in text, name


def test_what_loads_a_page_again_is_known_as_that():
    """It is left out where a script keeps the page up to date, and until every script has had its time."""
    pages = (Path(settings.BASE_DIR) / "templates").rglob("*.html")
    places = [one for page in pages for one in re.findall(r"<noscript.*?</noscript>", page.read_text(), re.DOTALL)]
    refreshing = [one for one in places if "http-equiv" in one]
    assert len(refreshing) > 3 and all(one.startswith("<noscript data-refresh>") for one in refreshing)


@pytest.mark.parametrize("name", ["quick-exit.js", "without-modules.js"])
def test_scripts_for_old_browsers_are_written_in_their_language(name):
    """What browsers read since 2016. One sign of a later year, and the whole file does nothing in them."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", (SCRIPTS / name).read_text(), flags=re.DOTALL)
    later = r"\?\.|\?\?|catch \{|\basync\b|\bawait\b|\{ \.\.\.|\*\*|\.(?:at|flat|includes|matchAll|replaceAll)\("
    assert not re.search(later, text)


# What Safari reads later than 14.1 (iOS 14.5): lookbehind since 16.4, the others since 15 to 16.4. An iPhone 6s, 7 or
# SE ends at iOS 15.8. The last is what Chromium 111 does not know.
LATER_SYNTAX = r"\(\?<[=!]|^\s+(?:async )?#\w+\(.*\) \{|\bstatic \{|^await |new FormData\(\w+, "
LATER_CALLS = r"\.(?:at|findLast|findLastIndex|toSorted|toReversed)\(|\bObject\.hasOwn\b|\bstructuredClone\b"


def code_of(name: str) -> str:
    """Return a script without its comments."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", (SCRIPTS.parent / name).read_text(), flags=re.DOTALL)


def test_scripts_are_read_by_browsers_of_2021():
    """One lookbehind in one file, and no script that imports it runs in an older Safari."""
    for script in SCRIPTS.rglob("*.js"):
        name = f"pnav/{script.relative_to(SCRIPTS).as_posix()}"
        assert not re.findall(LATER_SYNTAX, code_of(name), re.MULTILINE), name
    pages = {name for name in entries() if name.startswith("pnav/chat/")}
    needed = pages.union(*(modules.imported_modules(name) for name in pages))
    assert {"pnav/lib/plain.js", "pnav/lib/outbox.js"} <= needed
    for name in needed:
        assert not re.findall(LATER_CALLS, code_of(name)), name


@pytest.mark.slow
def test_collected_modules_name_each_other_by_their_hashed_names():
    folder = once.static_files()
    collected = [path for path in (folder / "pnav").rglob("*.js") if re.search(r"\.[0-9a-f]{12}\.js$", path.name)]
    addresses = [(path, one) for path in collected for one in modules.IMPORT.findall(path.read_text())]
    assert addresses
    for path, address in addresses:
        assert re.search(r"\.[0-9a-f]{12}\.js$", address), (path, address)
        assert (path.parent / address).is_file(), (path, address)


def test_no_modules_import_each_other_in_a_circle():
    for script in SCRIPTS.rglob("*.js"):
        name = f"pnav/{script.relative_to(SCRIPTS).as_posix()}"
        assert not [one for one in modules.imported_modules(name) if name in modules.imported_modules(one)], name
