"""Turns the few marks that an administrator may use in a text into HTML. Everything else is escaped."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from itertools import takewhile

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from common.texts.typography import keep_together
from pnav import addresses
from pnav.addresses import Table

HELP = _(
    "Une ligne vide sépare les paragraphes. « - » en début de ligne fait une liste, « 1. » une liste numérotée, "
    "« ### » un intertitre, **texte** du gras, [texte](adresse) un lien. "
    "« +++ Titre » replie ce qui suit, « +++ » seul referme. "
    "« - [ ] question | conseil » fait une case à cocher, sous laquelle le conseil se montre ; rien n'est envoyé."
)

MAX_LENGTH = 20_000  # the most characters of a text; the texts of the code have a tenth of it at most
_BOX = "- [ ] "
_FORM = '<form class="pnav-boxes" method="dialog" autocomplete="off">'
_BOLD = re.compile(r"\*\*(.+?)\*\*")
# A label holds no « [ » and an address no « ( », so that an opening bracket that is never closed ends at the next one.
# The time then grows with the length of the text, and not with its square.
_LINK = re.compile(r"\[([^\[\]]+)\]\(([^()\s]+)\)")
# Browsers read a backslash as a slash, so « /\ » would be another host, as « // » is.
_ALLOWED = re.compile(r"https://|/(?![/\\])|#|tel:|sms:")


def to_html(text: str) -> SafeString:
    """Return the HTML of a text: paragraphs, lists, sub-headings from h3 on, folds, boxes to tick, bold and links.

    A link to a page of this site leads to its address in the table of the page that is drawn (`pnav.addresses`).
    """
    return _html(text, addresses.current())


@lru_cache(maxsize=512)  # every visit asks for the same hundred texts, in each language and in discreet mode
def _html(text: str, _drawn_in: Table) -> SafeString:
    return mark_safe("\n".join(_blocks(text)))  # noqa: S308  every piece below is escaped


def line_to_html(text: str) -> SafeString:
    """Return the HTML of one line, with bold and links only."""
    return _line(text, addresses.current())


@lru_cache(maxsize=128)
def _line(text: str, _drawn_in: Table) -> SafeString:
    return mark_safe(_inline(text))  # noqa: S308  escaped there


def _blocks(text: str) -> Iterator[str]:
    is_folded = False
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        if not lines:
            continue
        first = lines[0]
        if first.startswith("+++"):
            if is_folded:
                yield "</div></details>"
            title = first.removeprefix("+++").strip()
            is_folded = bool(title)
            if title:
                yield (
                    f'<details class="pnav-more"><summary>{_inline(title)}</summary><div class="pnav-more__content">'
                )
            lines = lines[1:]
            if not lines:
                continue
        yield from _plain(lines)
    if is_folded:
        yield "</div></details>"


def _plain(lines: list[str]) -> Iterator[str]:
    headings = list(takewhile(lambda line: line.startswith("### "), lines))
    for heading in headings:
        yield f"<h3>{_inline(heading[4:])}</h3>"
    lines = lines[len(headings) :]
    if not lines:
        return
    if all(line.startswith(_BOX) for line in lines):
        yield _boxes(lines)
    elif all(line.startswith("- ") for line in lines):
        yield "<ul>" + "".join(f"<li>{_inline(line[2:])}</li>" for line in lines) + "</ul>"
    elif all(re.match(r"\d+\. ", line) for line in lines):
        yield "<ol>" + "".join(f"<li>{_inline(line.partition('. ')[2])}</li>" for line in lines) + "</ol>"
    else:
        yield f"<p>{_inline(' '.join(lines))}</p>"


def _boxes(lines: list[str]) -> str:
    """Return boxes to tick, each with its advice, which the style sheet shows once the box is ticked.

    A form of the kind « dialog » outside a dialog sends nothing, whatever is pressed; its boxes have no name, and the
    browser is told to keep nothing of them.
    """
    items = []
    for line in lines:
        question, _bar, advice = line.removeprefix(_BOX).partition("|")
        shown = f"<p>{_inline(advice.strip())}</p>" if advice.strip() else ""
        asked = f'<input type="checkbox"><span>{_inline(question.strip())}</span>'
        items.append(
            f'<li><label class="pnav-boxes__line">{asked}</label>'
            f'<div class="pnav-boxes__advice" aria-live="polite">{shown}</div></li>'
        )
    return f"{_FORM}<ul>{''.join(items)}</ul></form>"


def without_forms(html: str) -> str:
    """Return the same HTML for a place within another form, where none may stand.

    No text holds « <form »: it is escaped.
    """
    return html.replace(_FORM, '<div class="pnav-boxes">').replace("</form>", "</div>")


def _inline(text: str) -> str:
    return _BOLD.sub(r"<strong>\1</strong>", _LINK.sub(_link, escape(keep_together(text))))


def _link(match: re.Match[str]) -> str:
    """Return a link to an address of this site, a secure one elsewhere, or a telephone; anything else stays text.

    In discreet mode a section of the same page is named and not linked, because the link would be in the history.
    """
    label, address = match.groups()  # both are escaped already
    if not _ALLOWED.match(address):
        return match.group()
    if address.startswith("#") and addresses.current().is_discreet:
        return label
    if (own := addresses.address_in_table(unescape(address), addresses.current())) is not None:
        address = escape(own)
    rel = ' rel="noopener noreferrer external"' if address.startswith("https://") else ""
    return f'<a href="{address}"{rel}>{label}</a>'
