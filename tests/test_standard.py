"""Figures and settings that ASVS 5 requires and that no other test has a reason to check. See docs/security.md."""

import hashlib
import math
import re
import time
from pathlib import Path

import pytest
from allauth.mfa import app_settings as mfa
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher
from django.urls import reverse

from pnav.accounts import totp
from pnav.accounts.models import Role
from pnav.asgi import is_own_origin
from pnav.sessions import SessionStore
from tests.accounts.cast import make_user, recovery_codes, sign_in
from tests.support import hashers

pytestmark = pytest.mark.django_db


def test_passwords_are_hashed_slowly_in_production():
    """Requirement 11.4.2 and its appendix C ask for PBKDF2-HMAC-SHA-256, 600,000 iterations.

    The tests put a quick one before it.
    """
    quick, first, *_others = settings.PASSWORD_HASHERS
    assert (quick, first) == (
        "tests.support.hashers.QuickHasher",
        "pnav.accounts.passwords.hashers.PBKDF2PasswordHasher",
    )
    hasher = get_hasher("pbkdf2_sha256")
    assert isinstance(hasher, PBKDF2PasswordHasher)  # Django's own hasher, which is not the first one here
    kept = PBKDF2PasswordHasher().encode("a password", "a salt", 10)
    assert hasher.encode("a password", "a salt", 10) == kept and hasher.verify("a password", kept)
    assert hasher.digest().name == "sha256" and hasher.iterations >= 600_000


def test_codes_have_the_least_work_in_every_test_that_does_not_ask_for_all_of_it(request):
    """With the whole work each code would take a third of a second of processor time. What production asks for is
    checked in `test_slow_hash_fills_memory_and_needs_the_secret_key`.
    """
    assert hashlib.scrypt is hashers.quick_scrypt
    request.getfixturevalue("true_scrypt")
    assert hashlib.scrypt is hashers.true_scrypt is not hashers.quick_scrypt


def test_session_keys_hold_128_bits():
    """Requirement 7.2.3: they are drawn from `secrets`, each sign from an alphabet that the keys themselves show."""
    store, keys = SessionStore(), set()
    for _turn in range(200):
        store.create()
        keys.add(store.session_key)
    assert len(keys) == 200
    alphabet = set("".join(keys))
    assert min(map(len, keys)) * math.log2(len(alphabet)) >= 128


def test_codes_of_the_second_factor_are_short_lived_and_not_short():
    """6.5.4: 20 bits; 6.5.5 asks for 30 seconds: a code is shown for as long, and taken until the next one ends."""
    assert mfa.TOTP_PERIOD == 30
    present, before = totp.steps()
    assert before == present - 1 and abs(present - time.time() / 30) <= 1
    codes = recovery_codes(make_user("camille"))
    assert len(set(codes)) == len(codes) == mfa.RECOVERY_CODE_COUNT
    assert all(re.fullmatch(r"\d{8}", code) for code in codes)  # 26 bits


@pytest.mark.parametrize(
    "path", ["/static/", "/static/pnav/", "/static/../.env", "/static/%2e%2e/.git/HEAD", "/.git/HEAD"]
)
def test_no_folder_is_listed_and_no_source_served(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "console.css" not in answer.text


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/rien/", "text/html; charset=utf-8"),
        ("/robots.txt", "text/plain; charset=utf-8"),
        ("/health/live", "application/json"),
        ("/tchat/trames/", "application/json"),
    ],
)
def test_answers_say_what_they_are(client, path, kind):
    """Requirement 4.1.1. JSON has no charset, because RFC 8259 knows UTF-8 only."""
    answer = client.post(path, "{}", content_type="application/json") if "trames" in path else client.get(path)
    assert answer.headers["Content-Type"] == kind


@pytest.mark.parametrize(
    ("role", "path"),
    [
        (Role.CUSTODIAN, "openings:index"),
        (Role.ADMINISTRATOR, "admin:index"),
        (Role.AGENT, "mfa_index"),
    ],
)
def test_way_out_is_on_the_page(client, role, path):
    """Requirement 7.4.4 asks for it."""
    make_user("camille", role, totp=True)
    sign_in(client, "camille")
    ways = {f'"{reverse(way)}"' for way in ("account_logout", "admin:logout")}
    page = client.get(reverse(path))
    assert page.status_code == 200
    assert any(way in page.text for way in ways)


def test_no_administration_of_packages_nor_their_documentation_is_there():
    """Requirement 13.4.5 asks for it."""
    assert not {"django.contrib.admindocs", "allauth.headless", "allauth.usersessions", "debug_toolbar"} & set(
        settings.INSTALLED_APPS
    )
    assert settings.DEBUG is False


@pytest.mark.parametrize(("origin", "is_ours"), [("https://testserver", True), ("http://testserver", False)])
def test_sockets_come_from_pages_over_https_only(settings, origin, is_ours):
    """Requirement 4.4.1. The page takes wss where it was read over https; a production opens to no other."""
    settings.DEMO, settings.CSRF_TRUSTED_ORIGINS = False, []
    headers = [(b"host", b"testserver"), (b"origin", origin.encode())]
    assert is_own_origin({"headers": headers}) is is_ours


def test_answers_in_the_address_are_no_answers(client):
    """Requirement 15.3.7.

    A form is read from the body alone; of a field sent twice the last one counts, as Django does it.
    """
    page = "/orientation/maintenant/"
    client.get("/orientation/")
    assert client.post(f"{page}?answer=no", {}).url == page  # the question is shown again
    assert not client.session["triage"].get("answers")
    client.post(page, {"answer": ["yes", "no"]})
    (kept,) = client.session["triage"]["answers"].values()
    assert kept == "no"


WRITTEN_BY_KEY = re.compile(r"[\w)]\[(?![\"'\d])[^\]]+\] *=[^=>]|__proto__|\.prototype\b")


def test_scripts_write_no_key_that_came_from_elsewhere():
    """Requirement 15.3.6.

    What is known by an id lies in a Map: no object of ours can be given a key of somebody's choice.
    """
    assert WRITTEN_BY_KEY.search("known[frame.id] = 1") and not WRITTEN_BY_KEY.search("const [a] = b; known[0] = 1")
    scripts = sorted((Path(settings.BASE_DIR) / "static" / "pnav").rglob("*.js"))
    assert len(scripts) > 5
    assert not [path.name for path in scripts if WRITTEN_BY_KEY.search(path.read_text())]


@pytest.mark.parametrize("path", ["/", "/robots.txt", "/tchat/", "/health/live", "/compte/login/"])
def test_no_other_origin_reads_an_answer(client, path):
    """Requirement 3.4.2.

    Whoever asks from elsewhere is told nothing that would let them read; files are public, and say so.
    """
    answer = client.get(path, headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
