"""Lists the pages of information and their sections, so that an agent can put a title and its address into an answer.

The home page is left out, because it leads into an exchange, and whoever reads an answer has one.
"""

import json
from collections.abc import Callable

from django.db.models import Prefetch
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from common.cached_reading import CachedReading
from common.texts import languages
from common.texts.catalogue import CATALOGUE, Sentence
from common.texts.typography import NO_BREAK
from pnav import addresses
from pnav.pages import completeness
from pnav.pages.information import IN_BOTH, IN_TU
from pnav.pages.models import ContentBlock, ContentText

Page = ContentBlock.Page
KEEP_SECONDS = 60  # an edit is found within a minute
# The pages in the order of the list, each with the sentence of its title. The value of a page is also its route's name.
TITLES = {
    Page.LAW: "guides.law_title",
    Page.REMOVAL: "guides.removal_title",
    Page.NUMBERS: "pages.numbers_title",
    Page.MINORS: "guides.minors_title",
    Page.MINORS_SIMPLE: "guides.minors_simple_title",
    Page.PROFESSIONALS: "guides.professionals_title",
}
ORIGIN = "{site}"  # the script puts scheme and host in its place (`lib/words.js`)
# As Django's `json_script` does, so that nothing in a text ends the element.
_AS_TEXT = str.maketrans({"<": "\\u003C", ">": "\\u003E", "&": "\\u0026"})

type Title = Callable[[bool], str]  # the title in the active language; familiar: with *tu*


def _read() -> SafeString:
    """Return a JSON list for `console/public-pages.js`. Two queries.

    Each entry has the title in the source language, for the agent, and the words for the person, title and address, by
    the names of their texts (`languages.text_name`).
    """
    titles = ContentText.objects.filter(part__startswith="title")
    blocks = ContentBlock.objects.only("page", "slug", "title", "order")
    sections = list(blocks.prefetch_related(Prefetch("text_rows", titles)))
    offered = completeness.offered_languages()
    found = []
    for page, key in TITLES.items():
        found.append(_entry(page, "", _title_of_page(CATALOGUE[key]), offered))
        found += [_entry(page, f"#{one.slug}", _title_of_section(one), offered) for one in sections if one.page == page]
    return SafeString(json.dumps(found, ensure_ascii=False).translate(_AS_TEXT))


def _title_of_page(sentence: Sentence) -> Title:
    return lambda familiar: sentence.spoken(familiar=familiar)


def _title_of_section(section: ContentBlock) -> Title:
    return lambda familiar: section.in_voice(familiar).said("title")


def _entry(page: Page, anchor: str, title: Title, offered: list[str]) -> tuple[str, dict[str, str]]:
    words = {}
    for code in offered:
        address = f"{ORIGIN}{addresses.address_in_language(f'pages:{page.value}', code)}{anchor}"
        with translation.override(code):
            words[languages.text_name(code)] = _joined(title(page in IN_TU), address)
            if code == languages.source() and page in IN_BOTH:
                words[languages.FAMILIAR] = _joined(title(True), address)
    with translation.override(languages.source()):
        return _plain(title(page in IN_TU)), words


def _joined(title: str, address: str) -> str:
    """Return « Titre : adresse », without a colon after a title that ends as a sentence does."""
    title = _plain(title)
    if title.endswith(("?", "!", ".", "…")):
        return f"{title} {address}"
    return _("%(title)s : %(address)s") % {"title": title, "address": address}


def _plain(title: str) -> str:
    """Return a title as somebody types it: an answer has ordinary spaces."""
    return title.replace(NO_BREAK, " ").strip()


_links: CachedReading[SafeString] = CachedReading(
    _read, KEEP_SECONDS, name="public pages", otherwise=lambda: SafeString("[]")
)


def read_links() -> SafeString:
    """Return the list, at most KEEP_SECONDS old; the last known one while the database is away."""
    return _links.get()


def forget() -> None:
    """Read the list again at the next page, for which everybody waits: after a change in this process."""
    _links.forget()


def keep_links(links: str) -> None:
    """Take this list for what was just read: for tests."""
    _links.put(SafeString(links))
