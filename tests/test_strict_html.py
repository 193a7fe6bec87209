"""The check of every page finds the errors for which it exists."""

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import path

from tests.support import strict_html

PAGE = '<!doctype html><html lang="fr"><head><title>Essai</title></head><body><main>{}</main></body></html>'


@pytest.mark.parametrize(
    "body",
    [
        '<p id="a">Un <strong>mot</strong></p><label for="b">Nom</label><input id="b" aria-describedby="a">',
        '<ul><li>un<li>deux</ul><a href="#a">haut</a><a id="a" href="#">bas</a>'.replace('"#">', '"/">'),
        '<template><p id="a"></p></template><p id="a"></p>',  # what a script makes of a template comes later
        '<textarea id="t">\n<div> "deux</textarea><form autocomplete="off"><input type="hidden" value="x"></form>',
    ],
)
def test_valid_page_has_no_error(body):
    assert strict_html.errors(PAGE.format(body)) == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<div><div>deux, une seule fermée</div>", "end-tag-too-early"),
        ("<p><div>un bloc dans un paragraphe</div></p>", "unexpected-end-tag"),
        ("<b><i>croisés</b></i>", "adoption-agency"),
        ('<p class="a" class="b">deux fois</p>', "duplicate-attribute"),
        ("<p>5 &lt 6</p>", "named-entity-without-semicolon"),
        ('<p id="a"></p><p id="a"></p>', "the id « a » stands 2 times"),
        ('<p id=""></p>', "the id «  »"),
        ('<label for="b">Nom</label><input id="c">', "no element is called « b »"),
        ('<p id="a"></p><input aria-describedby="a b">', "no element is called « b »"),
        ('<a href="#b">plus loin</a>', "no element is called « b »"),
        ('<input type="hidden" autocomplete="off">', "autocomplete"),
    ],
)
def test_error_is_found(body, told):
    assert any(told in error for error in strict_html.errors(PAGE.format(body)))


def shape(body: str) -> str:
    return strict_html._digest(strict_html._folded(strict_html._tags(PAGE.format(body))))


def test_number_of_rows_is_no_matter_of_a_shape():
    row = '<li class="a"><a href="/{}">un</a> <img src="/b"></li>'
    lists = ["<ul>" + "".join(row.format(number) for number in range(count)) + "</ul>" for count in (2, 3, 9)]
    assert len({shape(one) for one in lists}) == 1
    # After a row of another kind that ends in the same way, from three rows on.
    others = [one.replace("<ul>", '<ul><li id="x"><a href="/">un</a> <img src="/b"></li>') for one in lists[1:]]
    assert len({shape(one) for one in others}) == 1 and shape(others[0]) != shape(lists[0])
    assert shape("<ul></ul>") != shape(lists[0]) != shape(lists[0].replace("<img", "<hr"))


@pytest.mark.parametrize(
    ("valid", "wrong"),
    [
        ("<div>" * 3 + "</div>" * 3, "<div>" * 4 + "</div>" * 3),
        ("<div>" * 2 + "</div>" * 2, "<div>" * 3 + "</div>" * 2),
        ("<p>un</p>" * 3, "<p>un</p>" * 3 + "</p>"),
        ("<b>un</b>" * 3, "<b>un" * 3 + "</b>" * 2),
    ],
)
def test_what_a_row_leaves_open_is_a_matter_of_its_shape(valid, wrong):
    assert strict_html.errors(PAGE.format(valid)) == [] != strict_html.errors(PAGE.format(wrong))
    assert shape(valid) != shape(wrong)


def test_piece_of_a_page_may_name_what_is_around_it():
    assert strict_html.errors('<li><label for="b">Nom</label></li>') == []
    assert strict_html.errors("<li><p><div></div></p></li>") != []


def whole(request):
    return HttpResponse(PAGE.format("<div>"))


def pieces(request):
    return StreamingHttpResponse([PAGE.format("<p>").encode()[:90], PAGE.format("<div>").encode()[90:]])


def plain(request):
    return HttpResponse("<div>", content_type="text/plain")


urlpatterns = [path("entier/", whole), path("morceaux/", pieces), path("texte/", plain)]


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_every_answer_to_the_client_is_read():
    with pytest.raises(AssertionError, match="is no valid HTML"):
        Client().get("/entier/")
    with pytest.raises(AssertionError, match="is no valid HTML"):
        Client().get("/morceaux/").getvalue()
    assert Client().get("/texte/").text == "<div>"


def test_page_of_a_shape_that_was_read_is_still_read_for_its_ids():
    strict_html.check(PAGE.format('<p id="a1"></p><p id="b1"></p>'), "first")
    with pytest.raises(AssertionError, match="« c2 » stands 2 times"):
        strict_html.check(PAGE.format('<p id="c2"></p><p id="c2"></p>'), "second")


def test_same_page_is_at_fault_each_time_and_one_of_staff_may_break_where_a_visitors_may_not():
    page = PAGE.format("<p>Nom : {}</p>")
    strict_html.check(page, "GET /console/ (200)")
    for _time in range(2):
        with pytest.raises(AssertionError, match="a line can break here"):
            strict_html.check(page, "GET / (200)")


def test_token_of_a_form_is_no_matter_of_a_page_and_its_ids_are():
    form = '<form><input type="hidden" name="t" value="{}"></form><p id="{}"></p><a href="#a1">haut</a>'
    strict_html.check(PAGE.format(form.format("a" * 64, "a1")), "first")
    seen = len(strict_html._valid)
    strict_html.check(PAGE.format(form.format("b" * 64, "a1")), "second")
    assert len(strict_html._valid) == seen
    with pytest.raises(AssertionError, match="no element is called « a1 »"):
        strict_html.check(PAGE.format(form.format("b" * 64, "b1")), "third")
