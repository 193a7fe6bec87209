"""The check of every page finds what it is there for."""

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
        '<template><p id="a"></p></template><p id="a"></p>',  # what a script makes of it comes later
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
