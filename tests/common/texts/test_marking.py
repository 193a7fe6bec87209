"""Marks are kept in a text that is tried, and the page of a preview is marked where they arrive."""

import json

import pytest
from django.template.loader import render_to_string
from django.utils.html import escape

from common.texts import marks
from pnav.pages.previews.marking import mark_page

TEXT = marks.put_around("L'essai & la suite", 0)
OTHER = marks.put_around("Autre", 1)


def test_text_that_is_read_is_marked_once_and_the_first_has_the_anchor():
    found = mark_page(f"<main><p>{escape(TEXT)}</p><p>{escape(TEXT)}</p></main>")
    told = "L&#x27;essai &amp; la suite"
    assert found.page == f'<main><p><mark id="apercu">{told}</mark></p><p><mark>{told}</mark></p></main>'
    assert (found.seen, found.carried, found.unseen) == ({0}, set(), set())


def test_link_within_a_text_stays_a_link():
    found = mark_page(f'<p>{marks.BEGIN}\ue002Appelez le <a href="tel:17">17</a>.{marks.END}</p>')
    assert found.page == (
        '<p><mark id="apercu">Appelez le </mark><a href="tel:17"><mark>17</mark></a><mark>.</mark></p>'
    )


def test_text_within_another_is_marked_with_it():
    found = mark_page(f"<p>{marks.put_around(f'Avec {OTHER}, donc', 0)} et la suite</p>")
    assert found.page == '<p><mark id="apercu">Avec Autre, donc</mark> et la suite</p>' and found.seen == {0, 1}


@pytest.mark.parametrize(
    ("page", "marked"),
    [
        (f'<p aria-label="{OTHER}">x</p>', '<p data-apercu aria-label="Autre">x</p>'),
        (f'<img alt="{OTHER}">', '<img data-apercu alt="Autre">'),
        (f"<select><option>{OTHER}</option></select>", "<select><option data-apercu>Autre</option></select>"),
        (f"<svg><text>{OTHER}</text></svg>", "<svg data-apercu><text>Autre</text></svg>"),
    ],
)
def test_text_where_no_mark_may_stand_is_outlined(page, marked):
    found = mark_page(page)
    assert (found.page, found.seen, found.carried) == (marked, set(), {1})


def test_text_that_only_a_machine_reads_is_told_apart():
    words = escape(json.dumps({"n": OTHER}))
    for page in (
        f"<head><title>{OTHER}</title></head>",
        f'<head><meta content="{OTHER}"></head>',
        f'<input type="hidden" value="{OTHER}">',
        f'<template><p title="{OTHER}">x</p></template>',
        f'<div data-words="{words}">x</div>',
    ):
        found = mark_page(page)
        assert found.unseen == {1} and not found.seen | found.carried
        assert found.page == marks.take_out(page)


def test_what_hides_the_only_place_of_a_text_is_opened():
    assert mark_page(f'<p class="a hidden b" hidden>{OTHER}</p>').page == (
        '<p class="a hidden b"><mark id="apercu">Autre</mark></p>'
    )
    assert mark_page(f"<noscript><p>{OTHER}</p></noscript>").page == '<div><p><mark id="apercu">Autre</mark></p></div>'
    page = mark_page(f"<p hidden>{OTHER}</p><p>{OTHER}</p>").page
    assert page == '<p hidden><mark>Autre</mark></p><p><mark id="apercu">Autre</mark></p>'


def test_page_without_a_tried_text_is_the_same():
    page = render_to_string("404.html") + "<!-- x --><p>&nbsp;&#39; a &amp; b<br/></p>"
    assert mark_page(page).page == page


def test_more_texts_than_there_are_marks_are_refused():
    with pytest.raises(ValueError, match="at most"):
        marks.put_around("x", marks.MOST)
