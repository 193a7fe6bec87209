"""The guides show what `make screenshots` takes, all of it, and what it takes is light."""

import re
import struct

import pytest

from pnav.demo.run import ROOT

DOCS = ROOT / "docs"
GUIDES = ("guide-agent.md", "guide-administration.md")
SHOWN = {
    name for guide in GUIDES for name in re.findall(r"!\[[^\]]+\]\(images/([a-z-]+)\.png\)", (DOCS / guide).read_text())
}
PICTURES = sorted((DOCS / "images").glob("*.png"))


def test_every_picture_is_taken_and_shown():
    taken = set(re.findall(r'shoot\(.*?"([a-z-]+)"', (ROOT / "pnav" / "demo" / "screenshots.py").read_text()))
    assert taken == SHOWN
    assert {path.stem for path in PICTURES} <= SHOWN, "a picture that no guide shows"


def test_pictures_are_light_and_as_wide_as_is_said():
    assert sum(path.stat().st_size for path in PICTURES) < 1_000_000
    for path in PICTURES:
        head = path.read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">I", head[16:20]) == (1280,), path.name


@pytest.mark.parametrize("guide", GUIDES)
def test_guide_names_files_that_exist(guide):
    text = (DOCS / guide).read_text()
    for name in re.findall(r"`((?:chat|reports|triage|pnav)/[\w/.]*)`", text):
        assert (ROOT / name).exists(), name
