"""The few marks an administrator may use in a text, turned into HTML. Everything else is escaped."""

import re
from collections.abc import Iterator

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

HELP = _(
    "Une ligne vide sépare les paragraphes. « - » en début de ligne fait une liste, « 1. » une liste numérotée, "
    "« ### » un intertitre, **texte** du gras, [texte](adresse) un lien. "
    "« +++ Titre » replie ce qui suit, « +++ » seul referme."
)

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
_ALLOWED = re.compile(r"^(https://|/(?!/)|#|tel:|sms:)")


def to_html(text: str) -> SafeString:
    """Paragraphs, lists, sub-headings, folded parts, bold and links; headings start at h3."""
    return mark_safe("\n".join(_blocks(text)))  # noqa: S308  every piece below is escaped


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
    if all(line.startswith("- ") for line in lines):
        yield "<ul>" + "".join(f"<li>{_inline(line[2:])}</li>" for line in lines) + "</ul>"
    elif all(re.match(r"\d+\. ", line) for line in lines):
        yield "<ol>" + "".join(f"<li>{_inline(line.partition('. ')[2])}</li>" for line in lines) + "</ol>"
    elif lines[0].startswith("### "):
        yield f"<h3>{_inline(lines[0][4:])}</h3>"
        if lines[1:]:
            yield from _plain(lines[1:])
    else:
        yield f"<p>{_inline(' '.join(lines))}</p>"


def _inline(text: str) -> str:
    # French typography: « : » and « ? » never begin a line.
    text = re.sub(r" (?=[:;?!»€%])|(?<=«) ", "\u00a0", text)
    return _BOLD.sub(r"<strong>\1</strong>", _LINK.sub(_link, escape(text)))


def _link(match: re.Match[str]) -> str:
    """A link to an address of this site, a secure one elsewhere, or a telephone; any other stays text."""
    label, address = match.groups()  # both escaped already
    if not _ALLOWED.match(address):
        return match.group()
    rel = ' rel="noopener noreferrer external"' if address.startswith("https://") else ""
    return f'<a href="{address}"{rel}>{label}</a>'
