"""The past of a demonstration is bounded, the same for the same seed, and complete for each page that counts it."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from chat.models import Conversation, ConversationEvent
from chat.statistics import history, kept
from chat.statistics.staffing.recorded import count_recorded
from pnav.accounts.models import Role
from pnav.demo import past, sandbox
from reports.models import Report
from tests.factories import chat as make


def test_same_seed_is_the_same_people_and_no_more_than_the_bound(monkeypatch):
    now = timezone.now()
    first, again, other = (list(past.visits(3, now=now, seed=seed)) for seed in (4, 4, 5))
    assert first == again != other
    assert 100 < len(first) < 400
    assert all(visit.at < visit.ended_at < now for visit in first)
    monkeypatch.setattr(past, "PEOPLE_AT_MOST", 7)
    assert len(list(past.visits(3, now=now, seed=4))) == 7


def test_year_is_within_the_bound_and_busier_in_the_evening():
    now = timezone.now()
    people = list(past.visits(365, now=now, seed=0))
    assert 22_000 < len(people) < past.PEOPLE_AT_MOST
    hours = Counter(timezone.localtime(visit.at).hour for visit in people)
    assert hours[21] > 5 * hours[4] > 0
    answered = [visit for visit in people if visit.is_answered]
    assert 0.85 < len(answered) / len(people) < 0.99


@pytest.mark.django_db
def test_fill_is_seen_by_every_page_of_figures_and_replaced_by_the_next(settings):
    for force in ("police", "gendarmerie"):
        make.agent(force=force)
        make.agent(force=force, role=Role.SUPERVISOR)
    waiting = make.waiting()
    count = past.fill("week", seed=1)
    assert Report.objects.filter(triage_version=past.MARK).count() == count
    start, end = history.last_days(7)  # days that are not closed yet
    found = history.read(start, end)
    assert found.whole.opened == Conversation.objects.filter(opened_at__gte=start).count() > count / 2
    assert found.whole.gave_up > 0 and found.whole.one_person < found.whole.ended
    assert {day for day, _one in found.days} >= {timezone.localdate() - timedelta(days=n) for n in range(1, 7)}
    assert found.minors > 0 and len(found.outcomes) > 3
    assert not Conversation.objects.exclude(pk=waiting.pk).filter(status__in=["waiting", "active"]).exists()
    assert past.fill("week", seed=2) != 0
    assert Report.objects.filter(triage_version=past.MARK).count() == Conversation.objects.count() - 1
    assert Conversation.objects.filter(pk=waiting.pk).exists()
    past.empty()
    assert Conversation.objects.count() == 1 and not ConversationEvent.objects.exclude(conversation=waiting).exists()
    assert count_recorded(timezone.now()).people == 0


@pytest.mark.django_db
def test_fill_replaces_what_the_worker_computed_of_the_past_before():
    make.agent()
    kept.make_all()
    assert kept.read_past(7).history.whole.opened == 0
    past.fill("week", seed=1)
    start, end = history.last_days(7)
    opened = Conversation.objects.filter(opened_at__gte=start, opened_at__lt=end).count()
    assert kept.read_past(7).history.whole.opened == opened > 0
    assert sum(map(sum, kept.read_trends().arrivals)) > 0


@pytest.mark.django_db
def test_year_ends_before_anything_of_it_is_announced_for_deletion():
    assert past.days_of("week") == 7 and past.days_of("month") == 30
    assert 250 < past.days_of("year") < 335


@pytest.mark.django_db
def test_fill_without_agents_says_what_to_do(capsys):
    assert sandbox._fill("week", 0) == 1
    assert "make run" in capsys.readouterr().out


def test_only_known_periods():
    with pytest.raises(SystemExit):
        sandbox._parse(["--past", "century"])
