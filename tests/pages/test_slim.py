"""Our own style sheets are served without comments and unnecessary blanks, and mean the same."""

import re

import pytest
from django.conf import settings

from pnav.pages.build.slim import slim_sheet
from tests.support import once


@pytest.mark.parametrize(
    ("written", "served"),
    [
        ("/* why */\n.a > .b ,\n.c { color: red; margin: 0 auto; }\n", ".a > .b,.c{color:red;margin:0 auto}"),
        ("/*! a licence */ .a { top: 0 } /* b */", "/*! a licence */ .a{top:0}"),
        ('.a::before { content: "a ;  /* no comment */ b"; }', '.a::before{content:"a ;  /* no comment */ b"}'),
        (".a { src: url(a;b.svg) , url('c  d.svg') }", ".a{src:url(a;b.svg),url('c  d.svg')}"),
        ("@media (min-width: 20em) and (max-width: 30em) { .a :is(b , c) { x: y } }",
         "@media (min-width:20em) and (max-width:30em){.a :is(b,c){x:y}}"),
        (".a:not([href]) :focus { width: calc(-1 * min(.5rem, 16px)); }",
         ".a:not([href]) :focus{width:calc(-1 * min(.5rem,16px))}"),
    ],
)  # fmt: skip
def test_what_is_served_of_what_is_written(written: str, served: str) -> None:
    assert slim_sheet(written) == served and slim_sheet(served) == served


@pytest.mark.slow
def test_collected_sheets_are_slim_and_keep_their_licence() -> None:
    folder = once.static_files() / "pnav"
    for name in ("site", "home", "chat", "console", "dsfr", "dsfr-first"):
        (sheet,) = [
            one for one in folder.glob(f"{name}.*.css") if re.fullmatch(rf"{name}\.[0-9a-f]{{12}}\.css", one.name)
        ]
        text = sheet.read_text(encoding="utf-8")
        assert slim_sheet(text) == text.strip() and "/*" not in text.replace("/*!", ""), name
        assert text.startswith("/*! DSFR") == name.startswith("dsfr"), name
    written = settings.BASE_DIR / "static" / "pnav" / "site.css"
    assert (folder / "site.css").read_bytes() == written.read_bytes(), "under its plain name, as it was written"
