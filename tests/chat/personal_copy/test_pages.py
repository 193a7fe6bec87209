"""Pages that are opened from a disk have one script each, which their own policy allows and which imports nothing."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from chat.personal_copy import archive, pages
from chat.personal_copy.lock import Locked, LockedApart
from tests import javascript

APART = LockedApart("c2Vs", "cHJlZml4", 3_000_000, iter(()))


def a_copy() -> Locked:
    return Locked("c2Vs", "bm9uY2U=", 7, iter([b"conte", b"nu", bytes(16)]))


BUILT = {
    "checker": lambda: pages.draw_checker(familiar=False).decode(),
    "apart": lambda: pages.draw_locked_apart(APART, name="documents.zip", familiar=False).decode(),
    "locked": lambda: b"".join(pages.draw_locked(a_copy(), name="documents.zip", familiar=True)[1]).decode(),
}


@pytest.mark.parametrize("name", BUILT)
def test_policy_lets_this_script_run_and_nothing_be_asked(name):
    page = BUILT[name]()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    for element in ("script", "style"):
        (text,) = re.findall(rf'<{element}(?: type="module")?>(.*?)</{element}>', page, re.DOTALL)
        assert f"{element}-src 'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'") and "http" not in policy
    assert not re.search(r'\b(?:src|href)="', page)


@pytest.mark.parametrize("modules", [pages.CHECKING, pages.OPENING])
def test_bundle_is_one_script_of_its_own(modules):
    script = archive.bundle(*modules)
    assert not re.search(r"^\s*(?:import|export)\b", script, re.MULTILINE)
    assert javascript.run("--check", "--input-type=module", "-", given=script).returncode == 0


def test_bundle_refuses_what_would_end_its_element(monkeypatch, tmp_path):
    (tmp_path / "one.js").write_text("const a = '</script>';\n")
    monkeypatch.setattr(archive, "STATIC", tmp_path)
    with pytest.raises(ValueError, match="end its element"):
        archive.bundle("one.js")
