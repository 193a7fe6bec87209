"""The guides use all pictures that `make screenshots` takes, and these are small."""

import re
import struct

import pytest

from pnav.demo.run import ROOT

DOCS = ROOT / "docs"
GUIDES = ("guide-agent.md", "guide-administration.md")
SHOWN = {
    name for guide in GUIDES for name in re.findall(r"!\[[^\]]+\]\(images/([a-z-]+)\.png\)", (DOCS / guide).read_text())
}


def test_every_picture_is_taken_and_shown():
    taken = set(re.findall(r'shoot\(.*?"([a-z-]+)"', (ROOT / "pnav" / "demo" / "screenshots.py").read_text()))
    assert taken == SHOWN == {path.stem for path in (DOCS / "images").glob("*.png")}


def test_pictures_are_light():
    assert sum(path.stat().st_size for path in (DOCS / "images").glob("*.png")) < 1_000_000


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_picture_is_as_wide_as_it_is_said(name):
    head = (DOCS / "images" / f"{name}.png").read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">I", head[16:20]) == (1280,)


@pytest.mark.parametrize("guide", GUIDES)
def test_guide_names_files_that_exist(guide):
    text = (DOCS / guide).read_text()
    for name in re.findall(r"`((?:chat|reports|triage|pnav)/[\w/.]*)`", text):
        assert (ROOT / name).exists(), name
