"""An address filters a list of the admin only by what its page offers, and a search has a bounded length."""

import re
from html import unescape
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from django.conf import settings as site
from django.contrib import admin
from django.db import connection
from django.template import Template
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pnav.accounts.admin_site.lookups import SEARCH_MAX_WORDS
from pnav.accounts.models import Role, User
from tests.access.people import signed_in
from tests.factories import chat as make

pytestmark = pytest.mark.django_db

# Their class makes these lists from the settings of the service and the catalogue, so an address cannot filter them.
DRAWN = {"reports.HouseRule", "sentences.ChangedSentence"}
CLASSES = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture
def chief() -> Client:
    client = Client()
    user = User.objects.create_user("chef", password="a password for tests", role=Role.ADMINISTRATOR)
    client.cookies[site.SESSION_COOKIE_NAME] = signed_in(user)
    return client


def address_of(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.parametrize(
    "query",
    [
        "confirmed_link__startswith=a",
        "session_generation__gt=0",
        "password__startswith=p",
        "username__regex=(a%2B)%2B",
        "agent__assigned__id__gt=1",
        "agent__unit__name__contains=a",
        "agent__unit__id__exact__gt=1",
        "role__in__in=1",
        "id__gt=0",
    ],
)
def test_account_is_filtered_by_what_the_page_offers(chief, caplog, query):
    make.agent()
    answer = chief.get(f"{reverse('admin:accounts_user_changelist')}?{query}")
    assert answer.status_code == 400
    assert "Traceback" not in caplog.text and "agent1" not in answer.text


@pytest.mark.parametrize("model", CLASSES, ids=lambda model: model._meta.label)
def test_every_filter_that_a_page_shows_works(chief, model):
    """Each link of the filters of each list is answered, as the page draws it."""
    make.message(make.assigned())
    page = chief.get(address_of(model))
    links = {unescape(link) for link in re.findall(r'<a href="(\?[^"]*)"', page.text)}
    # The rows are found before the page is drawn, as above.
    with patch.object(Template, "render", lambda _self, _context: ""):
        for link in sorted(links):
            assert chief.get(address_of(model) + link).status_code == 200, link


@pytest.mark.parametrize(
    "model", [model for model in CLASSES if model._meta.label not in DRAWN], ids=lambda model: model._meta.label
)
def test_no_list_is_filtered_by_a_field_that_it_does_not_offer(chief, model):
    """Every local field that is none of the filters is tried, by a lookup that would tell its value sign by sign."""
    offered = {entry if isinstance(entry, str) else entry[0] for entry in admin.site._registry[model].list_filter
               if isinstance(entry, str | tuple | list)}  # fmt: skip
    tried = 0
    # Whether it is refused is asked; the page that says so is the same for all, and is drawn above.
    with patch.object(Template, "render", lambda _self, _context: ""):
        for field in model._meta.get_fields():
            if not field.concrete or field.name in offered:
                continue
            assert chief.get(address_of(model), {f"{field.name}__gt": "1"}).status_code in {400, 404}, field.name
            tried += 1
    assert tried


def test_search_looks_for_few_words(chief):
    address = reverse("admin:accounts_user_changelist")

    def conditions(words: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert chief.get(address, {"q": "a " * words}).status_code == 200
        return max(query["sql"].count("LIKE UPPER") for query in queries)

    assert conditions(2) < conditions(SEARCH_MAX_WORDS) == conditions(64)


@pytest.mark.parametrize("model", CLASSES, ids=lambda model: model._meta.label)
def test_no_text_of_the_address_breaks_the_page_on_which_something_is_added(chief, model):
    """Django fills every field from the address; a moment is drawn in two, and a text is none."""
    one = admin.site._registry[model]
    fields = [field.name for field in model._meta.fields]
    for value in ("x", "\u202e", "2026-11-27 10:00", "9" * 200):
        query = urlencode(dict.fromkeys(fields, value))
        answer = chief.get(f"{reverse(f'admin:{model._meta.app_label}_{model._meta.model_name}_add')}?{query}")
        assert answer.status_code in {200, 302, 403}, one
