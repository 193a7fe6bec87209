"""No regular expression over what people send takes too long: all of them are found, and driven with hostile texts.

When the time of a pattern grows as the square of a text, one stranger can stop a service while obeying every limit:
4,000 characters took 200 ms each time a page drew them, and a page draws hundreds.
"""

import contextlib
import re

import pytest

from tests.support import patterns

# Modules whose patterns are not driven, and why nothing that a person sends reaches them.
READS_NOTHING_SENT = {
    "pnav.demo.": "it reads our own pages, on the machine of whoever tries the site; never imported in production",
    "pnav.pages.build.stylesheet": "it reads style sheets of packages while the site is built",
    "pnav.pages.build.modules": "it reads our own scripts",
    "pnav.pages.build.slim": "it reads our own style sheets, while the site is built",
}
# Functions of one text that are not driven, and the reason.
TAKES_NO_WORDS = {
    "pnav.pages.quick_exit.leave": "it ends a visit by the key of its session, and waits for threads",
    "pnav.asgi.application_for": "it builds the site of a process by its role, which the operator writes",
    "common.qr_code.svg": "it draws a digest of the register, of one length, in the worker; and our own address, once",
    "pnav.pages.card.card_page": "it draws that address by it",
}

# How a function refuses a text. RuntimeError is also raised in a test without a database, for a function that asks it.
REFUSED = (Exception,)


def test_python_patterns_are_found_wherever_they_are():
    """The search must find constants, calls, f-strings, validators, and other names for `re`."""
    found, unreadable = patterns.python()
    sources = {one.source for one in found}
    wheres = {one.where for one in found}
    assert "common.plain_text._HOST" in wheres and "pnav.pages.markup._BOLD" in wheres
    assert r"(?i)\bcedex\b" in sources  # used in a call
    assert "^[0-9 ]+$" in sources  # a validator
    assert len(found) > 80
    assert not unreadable  # when a pattern contains what only a call knows, FROM_SETTINGS says what it may be
    assert {one.methods for one in found if one.where == "common.plain_text._HOST"} == {("sub",)}


@pytest.mark.parametrize(
    ("source", "method"),
    [
        (r"[^\s.]+(?:[.][^\s.]+)+", "sub"),  # each place of a run is tried to its end
        (r"[A-Za-z]{2,}$", "search"),
        (r"\s+$", "sub"),
        (r"(?m)^(\S.*?)\s*$", "findall"),
        (r"(a|aa)+$", "match"),  # grows as a power of two
        (r"<!--.*?-->", "sub"),
        (r"\d+\. ", "findall"),
    ],
)
def test_quadratic_pattern_is_seen(source, method, monkeypatch):
    monkeypatch.setattr(patterns, "GUARD_SECONDS", 0.5)
    assert patterns.quadratic(patterns.Pattern("a test", source, re.DOTALL, (method,)))


@pytest.mark.parametrize(
    ("methods", "driven"),
    [
        (patterns.METHODS, ["sub", "fullmatch"]),
        (("search", "match"), ["search"]),
        (("match",), ["match"]),
        (("fullmatch", "search"), ["search", "fullmatch"]),
        (("findall", "search"), ["findall"]),
        (("fullmatch",), ["fullmatch"]),
    ],
)
def test_pattern_is_driven_by_what_takes_longest_of_what_it_is_asked(methods, driven):
    assert patterns.dearest(methods) == driven


@pytest.mark.parametrize("source", [r"(?<!\d)\d+\. ", r"\w+", r"(?<![^\s.])[^\s.]+(?:[.][^\s.]+)+", r"a\s"])
def test_linear_pattern_is_not_accused(source):
    assert not patterns.quadratic(patterns.Pattern("a test", source, 0, ("sub",)))


def test_python_patterns_grow_as_the_text_does(tried):
    found, _unreadable = patterns.python()
    assert all(any(one.where.startswith(module) for one in found) for module in READS_NOTHING_SENT)
    driven = [one for one in found if not one.where.startswith(tuple(READS_NOTHING_SENT))] + patterns.validators()
    # One that is used in several places is driven once.
    alike = {(one.source, one.flags, one.methods): one for one in driven}
    growing = [why for one in alike.values() if (why := patterns.quadratic(one))]
    assert not growing, "\n".join(growing)
    tried("regular expressions of our modules driven with hostile texts", len(driven))


def test_functions_over_a_text_grow_as_it_does(tried):
    """Loops, normalisations and similarities are no regular expressions, and may take the square of a text as well."""
    growing, counted = [], 0
    for name, function in patterns.functions():
        if name.startswith(tuple(READS_NOTHING_SENT)) or name in TAKES_NO_WORDS:
            continue
        counted += 1

        def ask(text: str, function=function) -> None:
            with contextlib.suppress(*REFUSED), contextlib.redirect_stdout(None):
                function(text)

        try:
            for recipe in patterns.runs():
                with patterns.guard():
                    if why := patterns.grows(ask, recipe, patterns.WHOLE):
                        growing.append(f"{name}: {why}")
                        break
        except patterns.TooLong:
            growing.append(f"{name}: no end")
    assert not growing, "\n".join(growing)
    assert counted > 40
    tried("functions of a text driven with hostile ones", counted)


def test_addresses_grow_as_what_is_asked_does(tried):
    driven = patterns.addresses()
    assert len(driven) > 100
    assert [why for one in driven if (why := patterns.quadratic(one))] == []
    tried("patterns of addresses driven with hostile texts", len(driven))


def test_scripts_patterns_grow_as_the_text_does(tried):
    answer = patterns.scripts()
    assert answer["unreadable"] == []
    assert any(one["where"].startswith("lib/plain.js") and "+(?:[." in one["source"] for one in answer["found"])
    assert answer["growing"] == []
    tried("regular expressions of our scripts driven with hostile texts", len(answer["found"]))


def test_quadratic_pattern_of_a_script_is_seen():
    assert patterns.scripts(only=r"[^\s.]+(?:[.][^\s.]+)+")["growing"]
    assert patterns.scripts(only=r"[!?]+$")["growing"]
    assert not patterns.scripts(only=r"(?<![!?])[!?]+$")["growing"]
