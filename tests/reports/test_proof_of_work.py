"""The small computation before the queue is asked for only during a raid, never of somebody in danger, and nobody is
refused.
"""

import hashlib
import time
import uuid
from itertools import count

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from common import rate_limits
from common.service_settings import definitions
from pnav.addresses import DISCREET
from reports import proof_of_work
from reports.models import Report
from tests.accounts.conftest import _limits_of_this_test_alone  # noqa: F401  counters of this test alone
from tests.reports.test_views import CHAT, MINOR_CHAT, SCAM, URL, form_of, set_visit
from tests.reports.test_views import unit as unit
from tests.support.reading import squeezed
from tests.triage.paths import all_assessed, all_paths
from triage.rules import Urgency, assess_answers

pytestmark = pytest.mark.django_db
WAIT = "/signalement/patienter/"
IN_DANGER = {"danger": "yes"}


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    """Return all in one window of the counters, and a clock that the test moves: `noon.time += 60`."""

    class Clock:
        time = 1_800_000_100.0

    monkeypatch.setattr(rate_limits.time, "time", lambda: Clock.time)
    return Clock


def raid(reports: int = definitions.RAID.default) -> None:
    for _ in range(reports):
        proof_of_work.count_filed()


def solve(token: str, bits: int) -> str:
    return next(
        str(n) for n in count() if int.from_bytes(hashlib.sha256(f"{token}:{n}".encode()).digest()) >> (256 - bits) == 0
    )


def visitor(unit, answers=CHAT, **more) -> Client:
    client = Client()
    set_visit(client, answers=answers, unit=unit, **more)
    return client


def send(client: Client) -> str:
    return client.post(URL, form_of(client, facts=["insults"])).url


# --- when -----------------------------------------------------------------------------------------------------------


def test_on_an_ordinary_day_nothing_is_asked(unit):
    raid(definitions.RAID.default - 1)
    assert send(visitor(unit)) == reverse("chat:conversation")
    assert rate_limits.recent(proof_of_work.COUNTED, seconds=proof_of_work.WINDOW_SECONDS) == definitions.RAID.default


def test_during_a_raid_the_form_is_kept_not_filed(unit):
    raid()
    client = visitor(unit)
    assert send(client) == WAIT
    assert not Report.objects.exists()
    page = client.get(WAIT)
    assert "Encore un instant" in page.text and "tel:17" in page.text and "tel:119" in page.text
    assert page.context["kept"].fields["facts"] == ["insults"]


@pytest.mark.parametrize(
    "answers, said, never", [(CHAT, "dites-le ici", "dis-le ici"), (MINOR_CHAT, "dis-le ici", "dites-le ici")]
)
def test_the_page_speaks_to_each_in_one_voice(unit, answers, said, never):
    raid()
    client = visitor(unit, answers)
    send(client)
    page = client.get(WAIT).text
    assert said in page and never not in page


@pytest.mark.parametrize("minutes, is_over", [(9, False), (25, True)])
def test_a_raid_ends_by_itself(unit, noon, minutes, is_over):
    raid()
    noon.time += minutes * 60
    assert (send(visitor(unit)) == reverse("chat:conversation")) == is_over


def test_when_redis_is_away_nothing_is_asked(unit, settings):
    raid()
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}}
    assert not proof_of_work.is_asked_of(assess_answers(CHAT), discreet=False)


def test_whoever_says_a_word_of_danger_is_never_asked(monkeypatch):
    """It is so on every path through the questions."""
    monkeypatch.setattr(proof_of_work, "_filed_lately", lambda: 10_000)
    asked = [answers for answers, told in all_assessed() if proof_of_work.is_asked_of(told, discreet=False)]
    assert asked and len(asked) < len(all_paths())
    for answers in asked:
        assert answers["danger"] in ("no", "screen"), answers
    assert not any(proof_of_work.is_asked_of(assess_answers(answers), discreet=True) for answers in asked[:50])


def test_danger_and_discretion_go_straight_to_the_chat(unit):
    raid(300)
    assert assess_answers(IN_DANGER).urgency > Urgency.NORMAL
    assert send(visitor(unit, IN_DANGER, anyway=True)) == reverse("chat:conversation")
    assert send(visitor(unit, {**CHAT, "danger": "screen"})) == DISCREET.reverse("chat:conversation")


def test_who_says_danger_while_waiting_goes_on_at_once(unit):
    raid()
    client = visitor(unit)
    send(client)
    assert reverse("triage:question", args=["maintenant"]) in client.get(WAIT).text
    set_visit(client, answers=IN_DANGER, anyway=True)
    assert client.post(WAIT).url == reverse("chat:conversation")


def test_who_ends_elsewhere_in_another_tab_files_nothing(unit, noon):
    """The page that waits in the first tab sends its form by itself. What was answered since then does not go there."""
    raid()
    client = visitor(unit)
    send(client)
    set_visit(client, answers=SCAM)
    noon.time += definitions.RAID_MOST_WAIT.default
    for response in (client.get(WAIT), client.post(WAIT)):
        assert response.url == URL
    assert client.get(URL).url == reverse("triage:current_result")
    assert not Report.objects.exists()
    set_visit(client, answers=CHAT)
    assert client.post(WAIT).url == reverse("chat:conversation")


def test_minor_whose_age_was_given_in_the_form_waits_the_shortest_time(unit):
    raid()
    for _each in range(3):
        send(visitor(unit))
    client = visitor(unit)
    client.post(URL, form_of(client, age_band="under_15"))
    assert client.get(WAIT).context["kept"].seconds_left == definitions.RAID_LEAST_WAIT.default


# --- the work -------------------------------------------------------------------------------------------------------


def test_work_opens_the_chat_with_what_was_ticked(unit):
    raid()
    client = visitor(unit)
    send(client)
    asked = client.get(WAIT).context
    answer = client.post(WAIT, {"token": asked["token"], "work": solve(asked["token"], asked["bits"])})
    assert answer.url == reverse("chat:conversation")
    assert Report.objects.get().facts == ["insults"]
    assert client.post(WAIT).url == URL  # nothing is kept any more
    assert "reports.effort" not in client.session


def test_form_kept_by_the_version_after_is_finished_by_this_one(unit):
    """It asks what this one has no name for; what it knows too is filed."""
    raid()
    client = visitor(unit)
    send(client)
    session = client.session
    kept = session["reports.effort"]
    session["reports.effort"] = kept | {"fields": kept["fields"] | {"of_the_version_after": "yes"}}
    session.save()
    asked = client.get(WAIT).context
    answer = client.post(WAIT, {"token": asked["token"], "work": solve(asked["token"], asked["bits"])})
    assert answer.url == reverse("chat:conversation")
    assert Report.objects.get().facts == ["insults"]


def test_form_kept_by_the_version_before_is_finished_by_this_one(unit):
    """It asks nothing that this one has since: each answer may be missing."""
    raid()
    client = visitor(unit)
    send(client)
    session = client.session
    session["reports.effort"] = session["reports.effort"] | {"fields": {"facts": ["insults"]}}
    session.save()
    asked = client.get(WAIT).context
    answer = client.post(WAIT, {"token": asked["token"], "work": solve(asked["token"], asked["bits"])})
    assert answer.url == reverse("chat:conversation")
    assert Report.objects.get().facts == ["insults"]


def test_work_of_somebody_else_or_of_another_form_is_none(unit):
    raid()
    one, other = visitor(unit), visitor(unit)
    send(one), send(other)
    asked = one.get(WAIT).context
    work = {"token": asked["token"], "work": solve(asked["token"], asked["bits"])}
    assert other.post(WAIT, work).status_code == 200
    assert not Report.objects.exists()


def test_work_twice_files_once(unit):
    raid()
    client = visitor(unit)
    send(client)
    asked = client.get(WAIT).context
    work = {"token": asked["token"], "work": solve(asked["token"], asked["bits"])}
    assert client.post(WAIT, work).url == reverse("chat:conversation")
    client.post(WAIT, work)
    assert Report.objects.count() == 1


@pytest.mark.parametrize("work", ["", "x", "-1", "٣", "9" * 13, "1e3", "0x1"])
def test_what_is_no_work_is_shown_the_page_again(unit, work):
    raid()
    client = visitor(unit)
    send(client)
    asked = client.get(WAIT).context
    assert client.post(WAIT, {"token": asked["token"], "work": work}).status_code == 200
    assert client.post(WAIT, {"token": "forged", "work": "1"}).status_code == 200
    assert not Report.objects.exists()


def test_wrong_number_is_no_work_and_an_old_one_neither(noon):
    form = str(uuid.uuid4())
    token, bits = proof_of_work.make_challenge(form)
    right = solve(token, bits)
    assert proof_of_work.is_solved(token, right, submission_id=form)
    assert not proof_of_work.is_solved(token, str(int(right) + 1), submission_id=form)
    noon.time += proof_of_work.TOKEN_SECONDS + 1
    assert not proof_of_work.is_solved(token, right, submission_id=form)


@pytest.mark.parametrize(
    "reports, bits", [(0, 14), (60, 14), (119, 14), (120, 15), (240, 16), (500, 17), (100_000, 17)]
)
def test_work_grows_with_the_raid_and_stays_small(reports, bits):
    raid_of = {f"limit:{proof_of_work.COUNTED}:{int(rate_limits.time.time()) // proof_of_work.WINDOW_SECONDS}": reports}
    cache.set_many(raid_of)
    assert proof_of_work.bits_now() == bits


# --- the wait -------------------------------------------------------------------------------------------------------


def test_without_a_script_the_page_comes_back_by_itself_and_opens(unit, noon):
    raid()
    client = visitor(unit, MINOR_CHAT)
    send(client)
    page = client.get(WAIT)
    left = page.context["kept"].seconds_left
    assert definitions.RAID_LEAST_WAIT.default <= left <= definitions.RAID_MOST_WAIT.default
    assert f'<noscript data-refresh><meta http-equiv="refresh" content="{left}"></noscript>' in squeezed(page.text)
    assert "Tes réponses sont gardées" in page.text
    # The button is there from the beginning: a browser may run scripts and not this one, and then nothing else goes on.
    assert 'type="submit">Entrer' in page.text
    assert client.post(WAIT).status_code == 200  # it is too early, so the same page comes again and nothing is lost
    noon.time += left
    page = client.get(WAIT)
    assert "tes réponses sont prêtes" in page.text and 'http-equiv="refresh"' not in page.text
    assert client.post(WAIT).url == reverse("chat:conversation")
    assert Report.objects.count() == 1


def test_sending_the_form_again_does_not_begin_the_wait_again(unit, noon):
    raid()
    client = visitor(unit)
    send(client)
    noon.time += 10
    client.post(URL, form_of(client, facts=["image"]))
    kept = client.get(WAIT).context["kept"]
    assert kept.seconds_left <= 10 and kept.fields["facts"] == ["image"]


def test_a_minor_waits_the_shortest(unit):
    raid()
    for _ in range(500):
        rate_limits.count_one(proof_of_work.LANE, seconds=proof_of_work.LANE_SECONDS)
    client = visitor(unit, MINOR_CHAT)
    send(client)
    page = client.get(WAIT)
    assert page.context["kept"].seconds_left == definitions.RAID_LEAST_WAIT.default
    assert "Si tu ne peux pas parler" in page.text and "Si vous ne pouvez pas parler" not in page.text


def test_who_pressed_the_wrong_age_and_says_that_they_are_a_minor_waits_the_shortest_from_then(unit, noon):
    """They are in the lane once, and saying it again does not begin their wait again."""
    raid()
    for _ in range(500):
        rate_limits.count_one(proof_of_work.LANE, seconds=proof_of_work.LANE_SECONDS)
    client = visitor(unit)
    send(client)
    assert client.get(WAIT).context["kept"].seconds_left == definitions.RAID_MOST_WAIT.default
    set_visit(client, answers=MINOR_CHAT)
    for left in (definitions.RAID_LEAST_WAIT.default, definitions.RAID_LEAST_WAIT.default - 10):
        send(client)
        assert client.get(WAIT).context["kept"].seconds_left == left
        noon.time += 10
    assert rate_limits.recent(proof_of_work.LANE, seconds=proof_of_work.LANE_SECONDS) == 501


def test_nobody_waits_longer_than_two_minutes(unit):
    raid()
    for _ in range(500):
        rate_limits.count_one(proof_of_work.LANE, seconds=proof_of_work.LANE_SECONDS)
    client = visitor(unit)
    send(client)
    assert client.get(WAIT).context["kept"].seconds_left == definitions.RAID_MOST_WAIT.default


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_form_the_page_leads_to_it(client, unit, method):
    assert getattr(client, method)(WAIT).url == URL
    set_visit(client, answers=CHAT, unit=unit)
    assert getattr(client, method)(WAIT).url == URL


# --- a raid of 500 --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_raid_of_five_hundred_and_a_person(unit, noon):
    """A program fills in five hundred forms, each with a visit of its own, and does no work.

    A form that waits leaves nothing but one more in the lane (seen below): of those, sixty are sent here, and the
    others of the five hundred counted as these were.
    """
    waiting = 60
    where = [send(visitor(unit)) for _ in range(definitions.RAID.default + waiting)]
    assert where == [reverse("chat:conversation")] * definitions.RAID.default + [WAIT] * waiting
    assert Report.objects.count() == definitions.RAID.default == proof_of_work._filed_lately()
    assert rate_limits.recent(proof_of_work.LANE, seconds=proof_of_work.LANE_SECONDS) == waiting
    for _ in range(500 - len(where)):
        rate_limits.count_one(proof_of_work.LANE, seconds=proof_of_work.LANE_SECONDS)

    person = visitor(unit)
    assert send(person) == WAIT
    asked = person.get(WAIT).context
    began = time.perf_counter()
    work = solve(asked["token"], asked["bits"])
    assert time.perf_counter() - began < 20  # a second here, and more on a busy machine
    assert person.post(WAIT, {"token": asked["token"], "work": work}).url == reverse("chat:conversation")

    without_script, in_danger = visitor(unit), visitor(unit, IN_DANGER, anyway=True)
    assert send(in_danger) == reverse("chat:conversation")
    assert send(without_script) == WAIT
    noon.time += definitions.RAID_MOST_WAIT.default
    assert without_script.post(WAIT).url == reverse("chat:conversation")
    assert Report.objects.count() == definitions.RAID.default + 3


def test_counters_hold_nothing_of_anybody(unit):
    raid()
    client = visitor(unit)
    client.post(URL, form_of(client), REMOTE_ADDR="198.51.100.77")
    client_ = cache._cache.get_client()
    keys = [
        key for key in client_.keys("*") if proof_of_work.COUNTED.encode() in key or proof_of_work.LANE.encode() in key
    ]
    assert keys
    assert all(client_.get(key).isdigit() for key in keys)
    assert not any(b"198.51" in key for key in keys)
