"""Which codes of an authenticator application are valid, and that each lets in once (docs/adr/0123)."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache

from pnav.accounts import second_factor, totp
from tests.accounts.cast import SECRET, make_user, sign_in
from tests.chat.conversations.test_actions import in_threads

pytestmark = pytest.mark.django_db

STEP, SECONDS = 60_000_000, 30  # the number of a step, and its length
ENTER = "/compte/2fa/authenticate/"


@pytest.fixture
def at(monkeypatch):
    """Return a function that lets the clock stand so many seconds after the beginning of STEP."""

    def stand(seconds: float) -> None:
        monkeypatch.setattr(totp, "time", SimpleNamespace(time=lambda: STEP * SECONDS + seconds))

    return stand


def code_of(step: int, secret: str = SECRET) -> str:
    return format_hotp_value(hotp_value(secret, step))


def comes_in(client, code: str) -> bool:
    sign_in(client, "camille", totp=False)
    client.post(ENTER, {"code": code})
    is_in = "_auth_user_id" in client.session
    client.post("/compte/logout/")
    return is_in


@pytest.mark.parametrize(
    ("step", "seconds", "is_good"),
    [
        (STEP, 0, True),
        (STEP, 29.9, True),
        (STEP, 30, True),  # typed in the last second of the step
        (STEP, 59.9, True),
        (STEP, 60, False),
        (STEP - 1, 0, True),
        (STEP - 2, 0, False),
        (STEP + 1, 29.9, False),  # a code of the future
    ],
)
def test_code_is_good_in_its_step_and_in_the_next(client, at, step, seconds, is_good):
    make_user("camille", totp=True)
    at(seconds)
    assert comes_in(client, code_of(step)) is is_good


@pytest.mark.parametrize("seconds", [0, 29, 30, 59])
def test_code_serves_once_in_both_of_its_steps_whatever_the_cache_remembers(client, at, seconds):
    """allauth's own mark of a code that served is kept for one step, in a cache that may be lost."""
    make_user("camille", totp=True)
    at(0)
    assert comes_in(client, code_of(STEP))
    at(seconds)
    cache.clear()
    assert not comes_in(client, code_of(STEP))


def test_older_code_is_refused_once_a_newer_one_has_served(client, at):
    make_user("camille", totp=True)
    at(31)
    assert comes_in(client, code_of(STEP + 1))
    assert not comes_in(client, code_of(STEP)), "it was read over a shoulder, and never used"
    at(61)
    assert comes_in(client, code_of(STEP + 2))


def test_code_of_one_account_leaves_those_of_others(client, at):
    make_user("camille", totp=True)
    other = make_user("benoit", totp=True)
    at(0)
    assert comes_in(client, code_of(STEP))
    assert totp.LAST_STEP not in Authenticator.objects.get(user=other).data


def test_mark_of_the_version_before_is_heard(client, at):
    """It knows no step, and marks the code in the cache alone."""
    user = make_user("camille", totp=True)
    at(0)
    assert TOTP(Authenticator.objects.get(user=user))._mark_code_used(code_of(STEP))
    assert not comes_in(client, code_of(STEP))


def test_code_that_served_in_the_version_before_serves_no_more(client, at):
    """That version notes no step, and its mark in the cache ends after one step. It leaves when a code served."""
    make_user("camille", totp=True)
    Authenticator.objects.update(last_used_at=datetime.fromtimestamp(STEP * SECONDS + 0.5, UTC))
    at(45)
    cache.clear()
    assert not comes_in(client, code_of(STEP))
    assert comes_in(client, code_of(STEP + 1))


def test_code_of_the_enrolment_signs_nobody_in(client, at):
    """Whoever saw it typed would come in with it for up to a minute."""
    make_user("camille")
    sign_in(client, "camille", totp=False)
    client.get("/compte/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    at(31)  # typed in its last second
    client.post("/compte/2fa/totp/activate/", {"code": code_of(STEP, secret)})
    client.post("/compte/logout/")
    cache.clear()
    assert not comes_in(client, code_of(STEP, secret))
    assert comes_in(client, code_of(STEP + 1, secret))


def test_no_code_is_good_for_a_factor_that_was_reset_meanwhile(at):
    user = make_user("camille", totp=True)
    at(0)
    factor = Authenticator.objects.get(user=user).wrap()
    Authenticator.objects.all().delete()
    with second_factor.of_account(user.pk):
        assert factor.validate_code(code_of(STEP)) is False


@pytest.mark.parametrize(("seconds", "is_enrolled"), [(29, True), (31, True), (60, False)])
def test_first_code_of_an_application_has_the_same_time(client, at, seconds, is_enrolled):
    make_user("camille")
    sign_in(client, "camille", totp=False)
    client.get("/compte/2fa/totp/activate/")
    at(seconds)
    client.post("/compte/2fa/totp/activate/", {"code": code_of(STEP, client.session["mfa.totp.secret"])})
    assert Authenticator.objects.filter(type=Authenticator.Type.TOTP).exists() is is_enrolled


@pytest.mark.django_db(transaction=True)
def test_of_many_requests_with_one_code_one_comes_in(at, monkeypatch):
    user = make_user("camille", totp=True)
    at(0)
    monkeypatch.setattr(TOTP, "_mark_code_used", lambda *_code: True)  # only the row decides

    def enter(_place: int) -> bool:
        with second_factor.of_account(user.pk):
            return Authenticator.objects.get(user=user).wrap().validate_code(code_of(STEP))

    assert sorted(in_threads(6, enter)) == [False] * 5 + [True]
