import re
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from pnav.pages.management.commands import build_styles

SECONDS = 3


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_styles.build(tmp_path_factory.mktemp("assets"))


def test_build_is_fast_and_gives_the_same_bytes(tmp_path: Path):
    started = time.process_time()
    first = build_styles.build(tmp_path / "a").read_bytes()
    assert time.process_time() - started < SECONDS
    assert build_styles.build(tmp_path / "b").read_bytes() == first


def test_build_leaves_an_unchanged_sheet_alone(tmp_path: Path):
    before = build_styles.build(tmp_path).stat().st_mtime_ns
    assert build_styles.build(tmp_path).stat().st_mtime_ns == before


def test_sheet_is_light(sheet: Path):
    assert sheet.stat().st_size < 200_000, "the whole of DSFR is 825 kB"


def test_sheet_asks_for_nothing_but_two_fonts(sheet: Path):
    addresses = re.findall(r"url\(\s*[\"']?(?!data:)([^\"')]+)", sheet.read_text(encoding="utf-8"))
    assert addresses == ["fonts/Marianne-Regular.woff2", "fonts/Marianne-Bold.woff2"]
    assert all((sheet.parent / address).is_file() for address in addresses)
    assert sheet.read_text(encoding="utf-8").count("font-display:swap") == 2


def test_sheet_defines_every_variable_of_our_own_sheets(sheet: Path):
    text = sheet.read_text(encoding="utf-8")
    own = "".join(path.read_text(encoding="utf-8") for path in (settings.BASE_DIR / "static").rglob("*.css"))
    wanted = set(re.findall(r"var\((--[\w-]+)\)", own))  # those with a fallback may be missing
    defined = set(re.findall(r"(--[\w-]+)\s*:", text + own))
    assert wanted <= defined, wanted - defined


def test_command_writes_to_the_assets_folder(tmp_path: Path, settings, capsys):
    settings.ASSETS_DIR = tmp_path
    call_command("build_styles")
    assert (tmp_path / "pnav" / "dsfr.css").is_file()
    assert "dsfr.css" in capsys.readouterr().out
