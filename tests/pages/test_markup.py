import time

import pytest
from django.contrib.admin.sites import site

from pnav.pages.markup import MAX_LENGTH, to_html
from pnav.pages.models import ContentBlock

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Un.\nDeux.\n\nTrois.", "<p>Un. Deux.</p>\n<p>Trois.</p>"),
        ("- un\n- deux", "<ul><li>un</li><li>deux</li></ul>"),
        ("1. un\n2. deux", "<ol><li>un</li><li>deux</li></ol>"),
        ("### Titre\nTexte", "<h3>Titre</h3>\n<p>Texte</p>"),
        ("**gras** et plat", "<p><strong>gras</strong> et plat</p>"),
        ("[ici](/quitter/)", '<p><a href="/quitter/">ici</a></p>'),
        ("[17](tel:17)", '<p><a href="tel:17">17</a></p>'),
        ("Qui ?", f"<p>Qui{NBSP}?</p>"),
        (
            "+++ Plus\n\nDedans\n\n+++\n\nDehors",
            '<details class="pnav-more"><summary>Plus</summary><div class="pnav-more__content">\n'
            "<p>Dedans</p>\n</div></details>\n<p>Dehors</p>",
        ),
        ("", ""),
        (
            "- [ ] Ça recommence ? | Appelle le [3018](tel:3018).\n- [ ] Seul",
            '<form class="pnav-boxes" method="dialog" autocomplete="off"><ul>'
            '<li><label class="pnav-boxes__line"><input type="checkbox">'
            f"<span>Ça recommence{NBSP}?</span></label>"
            '<div class="pnav-boxes__advice" aria-live="polite">'
            '<p>Appelle le <a href="tel:3018">3018</a>.</p></div></li>'
            '<li><label class="pnav-boxes__line"><input type="checkbox"><span>Seul</span></label>'
            '<div class="pnav-boxes__advice" aria-live="polite"></div></li></ul></form>',
        ),
    ],
)
def test_to_html(text: str, html: str):
    assert to_html(text) == html


def test_to_html_escapes_everything():
    assert to_html('<script>alert("x")</script>') == "<p>&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;</p>"


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "http://exemple.fr", "//exemple.fr", "data:text/html,x", "/\\exemple.fr", "\\\\exemple.fr"],
)
def test_to_html_refuses_other_addresses(address: str):
    assert "<a " not in to_html(f"[ici]({address})")


def test_to_html_link_elsewhere_says_nothing_of_the_page():
    assert 'rel="noopener noreferrer external"' in to_html("[ici](https://exemple.fr/?a=1&b=2)")


def test_to_html_address_cannot_leave_its_attribute():
    assert 'onclick="' not in to_html('[ici](https://x"onclick="alert(1))')


def test_to_html_unclosed_fold_is_closed():
    assert to_html("+++ Plus\n\nDedans").endswith("</div></details>")


@pytest.mark.parametrize(
    "piece", ["[", "[a](", "[a](b", "**", "**a", "*", "### a\n", "+++ a\n\n", "\n \t", "- a\n", "- [ ] a|b\n"]
)
def test_to_html_of_the_longest_text_takes_no_time(piece: str):
    """An opening that nothing closes is not looked for from each of its characters: that took most of a second."""
    text = (piece * MAX_LENGTH)[:MAX_LENGTH]
    start = time.process_time()
    to_html(text)
    assert time.process_time() - start < 0.3  # it takes a few hundredths, and more on a busy machine


@pytest.mark.parametrize(("length", "refused"), [(MAX_LENGTH, set()), (MAX_LENGTH + 1, {"body", "body_en"})])
def test_contents_have_a_longest_length(rf, length: int, refused: set[str]):
    form = site.get_model_admin(ContentBlock).get_form(rf.get("/"))({"body": "a" * length, "body_en": "a" * length})
    assert set(form.errors) & {"body", "body_en"} == refused


def test_to_html_headings_and_the_list_below_them():
    assert to_html("### a\n### b\n- c\n- d") == "<h3>a</h3>\n<h3>b</h3>\n<ul><li>c</li><li>d</li></ul>"
