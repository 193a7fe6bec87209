"""Those who read what a point d'accueil receives see who else reads it, and what an administrator did to an account."""

from datetime import timedelta
from html import unescape

import pytest
from django.db import transaction
from django.utils import timezone

from chat.models import UnitAccount
from chat.referral import readers
from pnav.accounts.models import User
from reports.audit import log as audit_log
from reports.models import AccessKind, Motive
from tests.accounts.cast import make_user
from tests.chat.console.agents import signed_in
from tests.factories import transmissions as hand
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=400)


@pytest.fixture
def point():
    return hand.station()


def account(point, name: str, *, before: timedelta = LONG_AGO, **fields) -> UnitAccount:
    """Return an account of this point that was made so long ago."""
    found = hand.account(point, first_name=name, last_name="Martin", **fields)
    User.objects.filter(pk=found.user_id).update(date_joined=timezone.now() - before)
    found.user.refresh_from_db()
    return found


def write(kind: AccessKind, subject: str, detail: str = "") -> None:
    with transaction.atomic():
        audit_log.record(kind=kind, by=None, motive=Motive.ADMINISTRATION, subject=subject, detail=detail)


def page_of(one: UnitAccount) -> str:
    """Return the list as this account sees it, in one browser."""
    one.browser = getattr(one, "browser", None) or signed_in(one.user)
    return squeezed(unescape(one.browser.get("/unite/").text)).replace("\xa0", " ")


def names(one: UnitAccount, now=None) -> list[str]:
    return [reader.name for reader in readers.read_readers(one, now or timezone.now())]


def test_account_that_came_is_told_to_those_who_read_there(point):
    old, other_point = account(point, "Alix"), account(hand.station(), "Dominique")
    assert "Depuis un mois" not in page_of(old) and "Alix Martin (vous) – depuis le" in page_of(old)
    new = account(point, "Noa", before=timedelta(days=2))
    page = page_of(old)
    assert "1 autre compte qui lit ou lisait ici est arrivé" in page
    assert "<strong>Noa Martin</strong>– depuis le" in page
    assert "Dominique" not in page and names(other_point) == ["Dominique Martin"]
    assert "Depuis un mois" not in page_of(new), "nobody else came"


def test_account_that_was_moved_here_came_when_a_second_person_agreed(point):
    old, moved = account(point, "Alix"), account(point, "Noa")
    write(AccessKind.APPROVAL, f"chat.UnitAccount {moved.pk}", "asked 12: point d'accueil")
    write(AccessKind.APPROVAL, f"chat.UnitAccount {moved.pk}", "refused 12, asked by 3: point d'accueil")
    assert not any(one.is_news for one in readers.read_readers(old, timezone.now())), "it is not here by that"
    write(AccessKind.APPROVAL, f"chat.UnitAccount {moved.pk}", "accepted 13, asked by 3: point d'accueil")
    now = timezone.now()
    first, second = readers.read_readers(old, now)
    assert (first.name, first.is_news, second.is_news) == ("Noa Martin", True, False)
    assert now - first.since < timedelta(minutes=1) and first.changed_at is None
    later = readers.read_readers(old, now + readers.NEWS + timedelta(minutes=1))
    assert not any(one.is_news for one in later)


@pytest.mark.parametrize("kind", [AccessKind.ADMIN_CHANGE, AccessKind.ADMIN_ACTION])
def test_account_that_was_taken_over_is_told_with_its_day(point, kind):
    """A new password, or a factor that was reset: nobody agreed to it, and colleagues see the day."""
    old, taken = account(point, "Alix"), account(point, "Noa")
    write(kind, f"accounts.User {taken.user_id}", "Mot de passe provisoire")
    write(AccessKind.ADMIN_CHANGE, f"accounts.User {make_user('chef').pk}", "prénom")
    (first, second), page = readers.read_readers(old, timezone.now()), page_of(old)
    assert (first.account_id, first.is_news, second.changed_at) == (taken.pk, True, None)
    assert "compte modifié par un administrateur le" in page and "1 autre compte" in page


def test_form_of_an_account_that_was_saved_as_it_was_shown_is_no_news(point):
    old, other = account(point, "Alix"), account(point, "Noa")
    write(AccessKind.ADMIN_CHANGE, f"accounts.User {other.user_id}")
    assert [one.changed_at for one in readers.read_readers(old, timezone.now())] == [None, None]
    write(AccessKind.ADMIN_CHANGE, f"accounts.User {other.user_id}", "prénom")
    assert readers.read_readers(old, timezone.now())[0].changed_at is not None


def test_account_that_was_opened_and_closed_again_is_still_told(point):
    old, closed = account(point, "Alix"), account(point, "Noa", is_active=False)
    assert names(old) == ["Alix Martin"], "one that was closed long ago is not told"
    write(AccessKind.ADMIN_CHANGE, f"accounts.User {closed.user_id}", "actif")
    assert names(old) == ["Noa Martin", "Alix Martin"] and "ne lit plus ici" in page_of(old)


def test_account_that_was_given_another_role_is_still_told(point):
    """Whoever took it over cannot hide it by its role, which one person changes."""
    old, other = account(point, "Alix"), account(point, "Noa")
    User.objects.filter(pk=other.user_id).update(role="analyst")
    assert names(old) == ["Alix Martin"], "one whose role was changed long ago is not told"
    write(AccessKind.ADMIN_CHANGE, f"accounts.User {other.user_id}", "Mot de passe provisoire")
    page = page_of(old)
    assert names(old) == ["Noa Martin", "Alix Martin"] and "ne lit plus ici" in page and "1 autre compte" in page
    User.objects.filter(pk=other.user_id).update(is_active=False)
    assert names(old) == ["Noa Martin", "Alix Martin"]


def test_account_without_a_point_is_none(point):
    old, waiting = account(point, "Alix"), account(point, "Lou", before=timedelta(days=2))
    UnitAccount.objects.filter(pk=waiting.pk).update(point=None)
    assert names(old) == ["Alix Martin"]


def test_accounts_that_read_come_before_those_of_another_role(point, monkeypatch):
    old, newer = account(point, "Alix"), account(point, "Noa", before=timedelta(days=2))
    User.objects.filter(pk=newer.user_id).update(role="analyst")
    assert names(old) == ["Noa Martin", "Alix Martin"]
    monkeypatch.setattr(readers, "READERS_MOST", 1)
    assert names(old) == ["Alix Martin"]


def test_account_without_a_name_is_told_by_its_identifier(point):
    one = hand.account(point)
    assert names(one) == [one.user.username]


def test_readers_take_two_queries_however_many_there_are(point, django_assert_num_queries):
    accounts = [account(point, f"Agent {number}") for number in range(5)]
    for one in accounts:
        write(AccessKind.ADMIN_CHANGE, f"accounts.User {one.user_id}", "prénom")
    with django_assert_num_queries(2):
        assert len(readers.read_readers(accounts[0], timezone.now())) == 5
