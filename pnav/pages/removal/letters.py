"""Writes the texts of the removal kit: a notice under article 16 of the DSA, and a request to the host.

Pure: typed text comes in, text comes out, and nothing is stored. What is empty becomes dots, to be filled in by hand.
Article 16 does not ask for the period of the facts and the steps taken with the author, so these are left out where
they are empty (shared facts: the six elements of a notice; facts-more T1, C7).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.texts.catalogue import Sentence
from pnav.pages.texts import removal as words

BLANK = "…" * 15


@dataclass(frozen=True, slots=True)
class Letter:
    """It is one text to copy. key: its id on the page. title: its purpose."""

    key: str
    title: Sentence
    text: str


def write_letters(said: Mapping[str, Any], *, site: str, is_minors_image: bool) -> list[Letter]:
    """Write both texts in the active language.

    said: the cleaned data of a `RequestForm`. site: its name; empty for one that is not in the list. is_minors_image:
    article 16 then does not ask for name and address, and they are left out where they are empty.
    """
    return [
        Letter("texte-illicite", words.NOTICE_TITLE, _notice(said, site=site, is_minors_image=is_minors_image)),
        Letter("texte-hebergeur", words.HOST_TITLE, _to_host(said, site=site)),
    ]


def _notice(said: Mapping[str, Any], *, site: str, is_minors_image: bool) -> str:
    who = _who(said)
    return _join(
        words.NOTICE_SUBJECT.say(),
        words.SITE_LINE.say(site=site) if site else "",
        _filled(words.WHERE_LINE, said["addresses"]),
        _filled(words.ACCOUNT_LINE, said["account"]),
        _filled(words.PERIOD_LINE, said["period"]) if said["period"] else "",
        _filled(words.DESCRIPTION_LINE, said["description"]),
        _filled(words.GROUNDS_LINE, _grounds(said)),
        words.NOT_ASKED_LINE.say() if is_minors_image and not who else _filled(words.WHO_LINE, who),
        words.GOOD_FAITH.say(),
    )


def _to_host(said: Mapping[str, Any], *, site: str) -> str:
    """Return the six elements, in order."""
    elements = [
        _filled(words.WHO_LINE, _who(said)),
        _filled(words.PERIOD_LINE, said["period"]),
        _filled(words.DESCRIPTION_LINE, said["description"]),
        f"{_filled(words.WHERE_LINE, said['addresses'])}\n{_filled(words.ACCOUNT_LINE, said['account'])}",
        _filled(words.REASONS_LINE, _grounds(said)),
        *([_filled(words.STEPS_LINE, said["steps"])] if said["steps"] else []),
    ]
    numbered = [f"{number}. {element}" for number, element in enumerate(elements, start=1)]
    return _join(
        words.HOST_SUBJECT.say(),
        words.SITE_LINE.say(site=site) if site else "",
        *numbered,
        words.HOST_ASKED.say(),
        words.GOOD_FAITH.say(),
    )


def _who(said: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, [said["name"], said["email"]]))


def _grounds(said: Mapping[str, Any]) -> str:
    """Return the chosen grounds, one a line, then the person's own words."""
    lines = [f"- {ground.say()}" for value, ground in words.OPTIONS["grounds"].items() if value in said["grounds"]]
    if len(lines) == 1 and not said["reasons"]:
        return lines[0].removeprefix("- ")
    return "\n".join([*lines, *filter(None, [said["reasons"]])])


def _filled(line: Sentence, text: str) -> str:
    """Return a line with what was typed. A text of several lines begins below the label."""
    return line.say(text=f"\n{text}" if "\n" in text else text or BLANK)


def _join(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
