"""The public pages that « Ctrl » + « K » puts into an answer: titles, addresses, languages, and when there are none."""

import html
import json
import re

import pytest
from django.test import Client

from pnav.pages import completeness, public_links
from pnav.pages.models import ContentBlock
from tests.chat.console.agents import signed_in
from tests.factories import chat as make

SITE = "{site}"


@pytest.fixture(autouse=True)
def read_anew() -> None:
    public_links.forget()


def entries() -> list[tuple[str, dict[str, str]]]:
    return json.loads(public_links.read_links())


def links() -> dict[str, dict[str, str]]:
    """Return the words by title; two sections with one title count as one."""
    return dict(entries())


def test_pages_and_their_sections_have_title_and_address(db):
    found = links()
    assert found["Ce que dit la loi"] == {
        "vous": f"Ce que dit la loi : {SITE}/loi/",
        "tu": f"Ce que dit la loi : {SITE}/loi/",
        "en": f"What the law says: {SITE}/en/loi/",
    }
    assert found["Le cyberharcèlement est un délit"]["en"] == (
        f"Cyber-harassment is an offence: {SITE}/en/loi/#loi-definition"
    )
    assert found["Tu as moins de 18 ans ?"]["vous"] == f"Tu as moins de 18 ans ? {SITE}/mineurs/", (
        "a question needs no colon"
    )
    assert "tu" not in found["Vous aidez quelqu'un dans votre métier"]
    assert not any("\u00a0" in text for words in found.values() for text in words.values())


def test_every_address_is_a_page_with_that_section(db, client):
    """Nobody is sent to an address that shows something else."""
    for _title, words in entries():
        for text in words.values():
            path, _hash, anchor = text.rpartition(SITE)[2].partition("#")
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert not anchor or f'id="{anchor}"' in answer.text, text


def test_home_page_is_left_out_and_no_other(db):
    led_to = {words["vous"].rpartition("#")[2] for _title, words in entries()}
    of_home = ContentBlock.objects.filter(page="home").values_list("slug", flat=True)
    others = ContentBlock.objects.exclude(page="home").values_list("slug", flat=True)
    assert of_home and led_to.isdisjoint(of_home) and led_to.issuperset(others)
    assert set(public_links.TITLES) == set(ContentBlock.Page) - {ContentBlock.Page.HOME}


def test_title_in_tu_is_said_to_whom_it_is_said(db):
    section = ContentBlock.objects.get(slug="loi-definition")
    section.set_texts({"title_tu": "Ce qu'on te fait est un délit"}).save()
    public_links.forget()
    words = links()["Le cyberharcèlement est un délit"]
    assert words["tu"].startswith("Ce qu'on te fait est un délit : ")
    assert words["vous"].startswith("Le cyberharcèlement est un délit : ")


def test_language_that_is_not_offered_is_not_led_to(db):
    completeness.set_offered([])
    assert {name for words in links().values() for name in words} == {"vous", "tu"}


def test_text_of_an_administrator_ends_no_element(db):
    ContentBlock.objects.filter(slug="loi-definition").update(title="</template><script>alert(1)</script> & « x »")
    public_links.forget()
    assert "<" not in public_links.read_links() and "&" not in public_links.read_links()
    assert "</template><script>alert(1)</script> & « x »" in links()


def test_list_is_read_by_two_statements_once_a_minute(db, django_assert_num_queries):
    with django_assert_num_queries(2):
        public_links.read_links()
    with django_assert_num_queries(0):
        public_links.read_links()


# --- on the screen of an agent ----------------------------------------------------------------------------------------


def screen(*, discreet=False, **fields) -> tuple[Client, str]:
    agent = make.agent()
    conversation = make.assigned(agent, discreet=discreet, **fields)
    page = signed_in(agent.user).get(f"/console/echange/{conversation.public_id}/").text
    return re.search(r'<form class="console-reply"[^>]*>', page)[0], page


@pytest.mark.parametrize(
    ("url", "origin"), [("https://pnav.example/", "https://pnav.example"), ("", "http://testserver")]
)
def test_screen_has_the_list_and_the_address_of_the_service(db, settings, url, origin):
    settings.SITE_URL = url
    _form, page = screen()
    kept = re.search(r'<template data-public-pages data-origin="([^"]*)">(.*?)</template>', page, re.DOTALL)
    assert kept[1] == origin
    assert json.loads(kept[2]) == entries() and html.unescape(kept[2]) == kept[2]


def test_answer_says_language_voice_and_whether_the_screen_is_watched(db):
    form, _page = screen(language="en")
    assert 'data-answered-in="en"' in form and "data-watched" not in form and "data-familiar" not in form
    form, _page = screen(discreet=True, age_band="under_15")
    assert "data-watched" in form and "data-familiar" in form
