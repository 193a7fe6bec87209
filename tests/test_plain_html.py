"""What is recognised as valid quickly is valid for html5lib too, whatever is done to a page."""

import random
import re
from itertools import product

from tests.support import plain_html, strict_html

# One of each kind of element in our pages.
BODY = """<header id="menu"><nav aria-label="Menu"><ul><li><a href="/?a=1&amp;b=2">un</a></li>
<li><b>deux</b></li></ul></nav></header>
<main><h1>Titre <em>vif</em></h1><p>Un <strong>mot</strong> &amp; un autre&#160;: « 5 &lt; 6 »<br>fin.</p>
<form method="post"><fieldset><legend>Choix</legend><label for="a">Nom</label><input id="a" name="a" required>
<select name="b"><optgroup label="x"><option value="1" selected>un</option></optgroup><option>deux</option></select>
<textarea name="c">
<p> & "texte"</textarea><button type="submit">Envoyer</button></fieldset></form>
<table><caption>Mois</caption><thead><tr><th scope="col">a</th></tr></thead>
<tbody><tr><td><p>un</p></td><td><ol><li>x</li></ol></td></tr></tbody></table><table><tr><td>nu</td></tr></table>
<dl><dt>mot</dt><dd><p>sens</p></dd><div><dt>x</dt><dd>y</dd></div></dl>
<details><summary>Plus</summary><div><span>encore</span><hr></div></details>
<svg viewBox="0 0 8 8" aria-hidden="true"><title>d</title><defs><pattern id="y"><path d="M0 0"/></pattern></defs>
<use href="#x"/></svg>
<p><select><option>a</option></select></p>
<!-- une remarque --><search><p>ici</p\n></search>
<section data-a='{"b": 1}' data-c=d><h2>Fin</h2><blockquote><p>dit</p></blockquote><pre>
a</pre></section><template><li>plus tard</li></template><iframe src="/b"></iframe>
<script src="/a.js"></script></main>"""
HEAD = '<meta charset="utf-8"><title>Essai &amp; fin</title><link rel="icon" href="/i"><style>a > b {}</style>'
HEAD += '<noscript><link rel="stylesheet" href="/s"></noscript>'
PAGE = f'<!doctype html>\n<html lang="fr"><head>{HEAD}</head>\n<body class="a">{BODY}</body>\n</html>\n'
PIECES = re.findall(r"<!--.*?-->|<[^>]*>|[^<]+", PAGE)
TAGS = [piece for piece in PIECES if piece.startswith("<") and not piece.startswith("<!")]
NAME = re.compile("[a-z0-9]+")
STRANGE = [
    "texte", " ", "&lt", "&nbsp;", "&rien;", "&#128;", "&#0;", "&", "a&b=1", "\x00", "<", ">", '"', "<p/>", "<br/>",
    '<a href="x" href="y">', "<a href=x>", '<a href="a&b">', '<a\nhref="/">', "</ p>", "<!-- a -- b -->", "<!-->",
    "<P>", "</P>", "<center>", "<iframe></iframe>", "<body>", "<html>", "<head>", "<nobr>", "</br>", "<image>", "<col>",
    "<svg/>", "<math>", "<rt>", "<input type=\"hidden\">", "<noscript>", "<plaintext>", "<frameset>", "<object>",
]  # fmt: skip


def changed(chance: random.Random) -> str:
    """Return the page with one to three of its pieces removed, doubled, exchanged or moved, or with strange ones."""
    pieces = list(PIECES)
    for _each in range(chance.randint(1, 3)):
        place, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        match chance.randrange(6):
            case 0:
                del pieces[place]
            case 1:
                pieces.insert(place, pieces[place])
            case 2:
                pieces[place], pieces[other] = pieces[other], pieces[place]
            case 3:
                pieces.insert(other, chance.choice(TAGS))
            case 4:
                name = chance.choice(TAGS)
                pieces[place:place] = [name, f"</{NAME.findall(name)[0]}>"]
            case _:
                pieces.insert(place, chance.choice(STRANGE))
    return "".join(pieces)


def test_page_of_every_kind_is_told_valid():
    assert plain_html.is_surely_valid(PAGE) and list(strict_html.parse_errors(PAGE)) == []
    assert plain_html.is_surely_valid(BODY) and list(strict_html.parse_errors(BODY)) == []


def test_whatever_is_told_valid_is_valid(tried):
    chance = random.Random(27)  # always the same pages
    told = 0
    for _each in range(1500):
        page = changed(chance)
        if plain_html.is_surely_valid(page):
            told += 1
            assert list(strict_html.parse_errors(page)) == [], page
    assert told > 100
    tried("changed pages told valid at a glance, then parsed", told)


def ways_in() -> list[list[str]]:
    """Return the elements of the page's body that are open where each of them begins, the outermost first."""
    ways, way = [], []
    for tag in TAGS[TAGS.index('<body class="a">') + 1 :]:
        name = NAME.findall(tag)[0]
        if tag.startswith("</"):
            way = way[:-1]
        elif name not in plain_html._VOID:
            way = [*way, name]
            ways.append(way)
    return [list(one) for one in dict.fromkeys(map(tuple, ways))]


def test_each_kind_of_element_in_each_other_is_valid_when_told(tried):
    kinds = sorted({NAME.findall(tag)[0] for tag in TAGS} | {"noscript", "col", "rt", "frame"})
    told = 0
    for way, kind in product(ways_in(), kinds):
        before, after = "".join(f"<{name}>" for name in way), "".join(f"</{name}>" for name in reversed(way))
        for piece in (f"<{kind}></{kind}>", f"<{kind}>", f"<{kind}>a</{kind}>"):
            page = before + piece + after
            if plain_html.is_surely_valid(page):
                told += 1
                assert list(strict_html.parse_errors(page)) == [], page
    assert told > 1000
    tried("elements within others told valid at a glance, then parsed", told)
