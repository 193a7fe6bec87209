"""Previews draw the real templates with values made by hand: none of a name that the page itself gives no more."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.template import Context
from django.test import Client
from django.test.signals import template_rendered

from common.texts.catalogue import CATALOGUE
from pnav.accounts.models import Role
from pnav.pages.previews.text_previews import page_with
from tests.accounts.cast import make_user
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.triage.paths import ADULT

pytestmark = pytest.mark.django_db

# Of a preview alone: its notice, no key of a form, what a message above the page or the script would put there.
OWN = {"preview_of", "csrf_token", "messages", "shown", "familiar", "discreet"}
A_PLACE = 4  # sentences of each place that are drawn: enough for each kind of page


@contextmanager
def given() -> Iterator[dict[str, set[str]]]:
    """The names that each template is given, as long as this lasts. Of a page, not of what it includes."""
    found: dict[str, set[str]] = defaultdict(set)

    def note(template, context: Context, **_rest) -> None:
        if template.name and not template.name.rpartition("/")[2].startswith("_"):
            found[template.name] |= context.flatten().keys()

    template_rendered.connect(note)
    try:
        yield found
    finally:
        template_rendered.disconnect(note)


def real_pages() -> dict[str, set[str]]:
    """What the pages give their templates, for a person who waits, one who talks and one who answers questions."""
    with given() as found:
        for conversation in (make.waiting(), make.assigned()):
            browser = Client()
            browser.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
            for page in ("/tchat/", "/tchat/code/", "/tchat/suites/", "/tchat/conservation/", "/"):
                browser.get(page)
        newcomer = Client()
        for question, answer in ADULT.items():
            newcomer.post("/", {"who": "adult"})
            newcomer.post(f"/orientation/{question}/", {"answer": answer})
        newcomer.get("/orientation/", follow=True)
    return found


def previews(rf) -> dict[str, set[str]]:
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    drawn: dict[str, int] = defaultdict(int)
    with given() as found:
        for sentence in CATALOGUE.values():
            drawn[sentence.place.key] += 1
            if drawn[sentence.place.key] <= A_PLACE:
                request = rf.post("/")
                request.user, request.session = user, {}
                page_with(request, sentence, "vous", sentence.origins())
    return found


def test_previews_give_only_what_the_page_gives(rf):
    real, tried = real_pages(), previews(rf)
    assert {"chat/conversation.html", "chat/code.html", "pages/home.html"} <= real.keys() & tried.keys()
    stale = {name: sorted(tried[name] - real[name] - OWN) for name in real.keys() & tried.keys()}
    assert not {name: left for name, left in stale.items() if left}
