"""« Chiffres du service »: what is published, when it changes, what it never tells."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError

from chat.models import Conversation, ConversationEvent, EventKind, RemovalCount
from chat.rules.lifecycle import Outcome, Status
from chat.rules.removal import Answer
from common.service_settings import definitions
from pnav.pages import figures
from tests.factories import chat as make
from tests.support.charts import pictures_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    figures._kept.clear()
    cache.clear()
    yield
    figures._kept.clear()


def past(count: int, *, outcome: str = Outcome.ADVISED, days: int = 20) -> None:
    """So many conversations that were answered after a minute, half an hour long."""
    agent = make.agent()
    at = figures.last_monday(timezone.now()) - timedelta(days=days)
    for _each in range(count):
        row = make.waiting(queued_at=at)
        ConversationEvent.objects.create(
            conversation=row, kind=EventKind.ASSIGNED, at=at + timedelta(minutes=1), by=agent.user
        )
        Conversation.objects.filter(pk=row.pk).update(
            status=Status.CLOSED,
            assigned_to=agent,
            assigned_at=at,
            closed_at=at + timedelta(minutes=31),
            outcome=outcome,
        )


def test_page_says_rounded_counts_and_no_small_one(client):
    past(23)
    past(12, outcome=Outcome.COMPLAINT)
    past(4, outcome=Outcome.PARTNERS)
    html = client.get("/chiffres/").text
    assert "au moins 30" in html and "au moins 20" in html
    assert "Orientation vers une plainte" not in html and "Les autres, ensemble" in html  # 12 would give the 4 away
    assert "1 min au plus" in html and "30 min au plus" in html
    assert "non publié" in html and ">4<" not in html
    shown = re.sub("<[^>]+>", " ", html.split("<main")[1].split("</main")[0])  # a token in a form holds any digits
    assert "39" not in shown


def test_pictures_show_what_the_table_publishes_and_nothing_else(client):
    past(23)
    past(12, outcome=Outcome.COMPLAINT)
    past(4, outcome=Outcome.PARTNERS)
    html = client.get("/chiffres/").text
    published = figures.of_this_week(timezone.now())["periods"]
    drawn = pictures_of(html)
    assert list(drawn) == ["parts-month", "parts-year", "suites-month", "suites-year"]
    for period in published:
        shares = [period[key] for key, _label, how in figures.LINES if how is figures.words.PERCENT]
        svg = drawn[f"parts-{period['key']}"]
        hidden = [box for box in svg.iter("rect") if box.get("class") == "chart__hidden"]
        bars = [box for box in svg.iter("rect") if box.get("class") == "chart__bar"]
        assert len(hidden) == shares.count(None) > 0 and {box.get("width") for box in hidden} == {"318"}
        shown = [share for share in shares if share is not None]
        assert [round(float(box.get("width")) / 3.18) for box in bars] == shown
        # A count is as long as what is said of it, rounded: never as the count itself.
        svg = drawn[f"suites-{period['key']}"]
        counts = [count for _value, count in period["outcomes"]]
        widths = [float(box.get("width")) for box in svg.iter("rect")]
        assert widths == pytest.approx([318 * count / max(counts) for count in counts], abs=0.1)
        assert not {"23", "12", "4", "39"} & {(text.text or "").replace("\xa0", " ") for text in svg.iter("text")}


def test_pictures_of_few_people_are_outlines(client):
    past(9)
    drawn = pictures_of(client.get("/chiffres/").text)
    assert list(drawn) == ["parts-month", "parts-year"]  # no outcome is published: none is drawn
    kinds = {box.get("class") for svg in drawn.values() for box in svg.iter("rect")}
    assert kinds == {"chart__hidden"}


def test_page_in_english_and_linked_from_every_page(client):
    assert 'href="/chiffres/"' in client.get("/").text
    html = client.get("/en/chiffres/").text
    assert "Figures of the service" in html and "not published" in html
    assert "Chiffre" not in html.split("<main")[1].split("</main")[0]


def test_page_without_anybody(client):
    html = client.get("/chiffres/").text
    assert html.count("non publié") >= 16


def test_figures_are_those_of_last_monday_for_a_week(django_assert_num_queries):
    past(20)
    monday = figures.last_monday(timezone.now())
    first = figures.of_this_week(monday + timedelta(days=1))
    past(50)
    past(30, days=-1)
    with django_assert_num_queries(0):
        assert figures.of_this_week(monday + timedelta(days=6, hours=23)) == first
    figures._kept.clear()
    with django_assert_num_queries(0):  # another process
        assert figures.of_this_week(monday + timedelta(days=3)) == first
    later = figures.of_this_week(monday + timedelta(days=7))
    assert later["periods"][0]["opened"] == 100


class Away:
    """A cache that does not answer."""

    def get(self, *_arguments, **_options):
        raise RedisError

    set = get


def test_cache_away_is_computed_once_a_process(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(figures, "cache", Away())
    with django_assert_num_queries(6):
        figures.of_this_week(timezone.now())
    with django_assert_num_queries(0):
        figures.of_this_week(timezone.now())


def test_compute_keeps_nothing_that_may_not_be_published():
    past(9)
    found = figures.compute(figures.last_monday(timezone.now()), timezone.now())
    for period in found["periods"]:
        assert {period[key] for key in ("opened", "answered", "in_time", "wait", "length", "one_person")} == {None}
        assert period["outcomes"] == [] and period["other_outcomes"] is None
    assert definitions.PROMISED.default == 3


def answered(answer: str, count: int, *, weeks: int = 1) -> None:
    """So many people said this of a content, so many weeks ago."""
    week = figures.last_monday(timezone.now()).date() - timedelta(weeks=weeks)
    RemovalCount.objects.create(week=week, answer=answer, count=count)


def test_contents_are_said_where_both_numbers_may_be(client):
    answered(Answer.REMOVED, 34)
    answered(Answer.STILL_THERE, 12)
    answered(Answer.REMOVED, 20, weeks=20)
    answered(Answer.REMOVED, 500, weeks=53)
    answered(Answer.REMOVED, 600, weeks=0)  # of the week that is not over
    shown = client.get("/chiffres/").text
    rows = re.findall(r"<tr><th scope=\"row\">(Retiré|Encore là)</th>(.*?)</tr>", shown)
    assert [(label, re.findall("<td>(.*?)</td>", cells)) for label, cells in rows] == [
        ("Retiré", ["au moins 30", "au moins 50"]),
        ("Encore là", ["au moins 10", "au moins 10"]),
    ]


@pytest.mark.parametrize(("removed", "still_there"), [(30, 9), (9, 30), (9, 9), (0, 0), (30, 0)])
def test_small_number_of_contents_hides_the_other(client, removed, still_there):
    answered(Answer.REMOVED, removed)
    answered(Answer.STILL_THERE, still_there)
    shown = client.get("/chiffres/").text
    rows = re.findall(r"<tr><th scope=\"row\">(?:Retiré|Encore là)</th>(.*?)</tr>", shown)
    assert len(rows) == 2
    assert {cell for cells in rows for cell in re.findall("<td>(.*?)</td>", cells)} == {"non publié"}


def test_week_that_the_version_before_counted_has_no_contents(client):
    now = timezone.now()
    end = figures.last_monday(now)
    found = figures.compute(end, now)
    del found["removals"]
    figures._kept[f"figures:{end:%Y-%m-%d}"] = found
    assert "Encore là" not in client.get("/chiffres/").text
