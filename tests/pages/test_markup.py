import pytest

from pnav.pages.markup import to_html

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
    ],
)
def test_to_html(text: str, html: str):
    assert to_html(text) == html


def test_to_html_escapes_everything():
    assert to_html('<script>alert("x")</script>') == "<p>&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;</p>"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://exemple.fr", "//exemple.fr", "data:text/html,x"])
def test_to_html_refuses_other_addresses(address: str):
    assert "<a " not in to_html(f"[ici]({address})")


def test_to_html_link_elsewhere_says_nothing_of_the_page():
    assert 'rel="noopener noreferrer external"' in to_html("[ici](https://exemple.fr/?a=1&b=2)")


def test_to_html_address_cannot_leave_its_attribute():
    assert 'onclick="' not in to_html('[ici](https://x"onclick="alert(1))')


def test_to_html_unclosed_fold_is_closed():
    assert to_html("+++ Plus\n\nDedans").endswith("</div></details>")
