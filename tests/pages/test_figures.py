"""« Chiffres du service »: what is published, when it changes, and what it never tells."""

import csv
import io
import re
from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone, translation

from chat.models import ClosedDay, Conversation, ConversationEvent, DailyFigure, EventKind
from chat.models import figures as figure_models
from chat.models.figures import add_removals
from chat.rules.lifecycle import Outcome, Status
from chat.rules.removal import Answer
from chat.statistics import daily
from common.service_settings import definitions
from pnav import addresses
from pnav.pages import figures, open_data
from reports.models import Report
from reports.session import DISCREET
from tests.factories import chat as make
from tests.support.charts import pictures_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept(settings, monkeypatch):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    # Fixed, so that a test knows how the figures are rounded.
    monkeypatch.setattr(figure_models, "draw_digit", lambda: 0)
    figures._kept.clear()
    figures._file.forget()
    cache.clear()
    yield
    figures._kept.clear()
    figures._file.forget()


def past(count: int, *, outcome: str = Outcome.ADVISED, days: int = 20) -> None:
    """Create so many conversations that were answered after a minute, half an hour long. `close` counts them."""
    agent = make.agent()
    at = daily.midnight(figures.last_monday(timezone.now())) - timedelta(days=days)
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


def close(now=None) -> None:
    """Do what the worker does in the night, for every day that is due."""
    while daily.close_due(now or timezone.now()):
        pass


def test_page_says_rounded_counts_and_no_small_one(client):
    past(23)
    past(12, outcome=Outcome.COMPLAINT)
    past(4, outcome=Outcome.PARTNERS)
    close()
    html = client.get("/chiffres/").text
    assert "environ 30" in html and "environ 20" in html
    assert "Orientation vers des partenaires" not in html and "Les autres, ensemble" in html
    assert "1 min au plus" in html and "30 min au plus" in html
    assert "non publié" in html and ">4<" not in html
    assert "Personnes prises en charge par un agent" in html and "a répondu" not in html, "no word was written"
    # The token of a form may contain any digits.
    shown = re.sub("<[^>]+>", " ", html.split("<main")[1].split("</main")[0])
    assert "39" not in shown


def test_pictures_show_what_the_table_publishes_and_nothing_else(client):
    past(23)
    past(12, outcome=Outcome.COMPLAINT)
    past(4, outcome=Outcome.PARTNERS)
    close()
    html = client.get("/chiffres/").text
    published = figures.of_this_week(timezone.now())["periods"]
    drawn = pictures_of(html)
    drawn.pop("annees-dessin", None)  # in January and February there are two years to compare
    assert list(drawn) == ["parts-month", "parts-year", "suites-month", "suites-year"]
    for period in published:
        shares = [period[key] for key, _label, how in figures.LINES if how is figures.words.PERCENT]
        svg = drawn[f"parts-{period['key']}"]
        hidden = [box for box in svg.iter("rect") if box.get("class") == "chart__hidden"]
        bars = [box for box in svg.iter("rect") if box.get("class") == "chart__bar"]
        assert len(hidden) == shares.count(None) > 0 and {box.get("width") for box in hidden} == {"318"}
        shown = [share for share in shares if share is not None]
        assert [round(float(box.get("width")) / 3.18) for box in bars] == shown
        # A bar is as long as the rounded figure beside it, and never as the count itself.
        svg = drawn[f"suites-{period['key']}"]
        counts = [count for _value, count in period["outcomes"]]
        widths = [float(box.get("width")) for box in svg.iter("rect")]
        assert widths == pytest.approx([318 * count / max(counts) for count in counts], abs=0.1)
        assert not {"23", "12", "4", "39"} & {(text.text or "").replace("\xa0", " ") for text in svg.iter("text")}


@pytest.mark.parametrize(("language", "said"), [("fr", "environ 18\xa0590"), ("en", "about 18,590")])
def test_thousands_stand_apart_as_in_the_language_of_the_page(language, said):
    with translation.override(language):
        assert figures._said(18_590, figures.words.ABOUT) == said


def test_pictures_of_few_people_are_outlines(client):
    past(9)
    close()
    drawn = pictures_of(client.get("/chiffres/").text)
    drawn.pop("annees-dessin", None)  # in January and February there are two years to compare
    assert list(drawn) == ["parts-month", "parts-year"]  # no outcome is published, so none is drawn
    kinds = {box.get("class") for svg in drawn.values() for box in svg.iter("rect")}
    assert kinds == {"chart__hidden"}


def test_each_bar_says_of_whom_it_is_a_share(client):
    """In the table « dont mineurs » stands under the whole of which it is a part. No bar stands above it."""
    past(23)
    close()
    html = client.get("/chiffres/").text
    first = [next(svg.iter("text")).text for svg in pictures_of(html).values()]
    assert first[:2] == ["Personnes mineures"] * 2
    assert '<th scope="row">dont mineurs</th>' in html


def test_page_in_english_and_linked_from_every_page(client):
    assert 'href="/chiffres/"' in client.get("/").text
    html = client.get("/en/chiffres/").text
    assert "Figures of the service" in html and "not published" in html
    assert "Chiffre" not in html.split("<main")[1].split("</main")[0]


def test_page_without_anybody(client):
    html = client.get("/chiffres/").text
    assert html.count("non publié") >= 16


def test_figures_are_those_of_one_monday_for_a_week(django_assert_num_queries):
    past(20)
    past(30, days=-1)
    close()
    now = timezone.now()
    first = figures.of_this_week(now)
    assert first["periods"][0]["opened"] == 20 and first["end"] == figures.last_monday(now).isoformat()
    with django_assert_num_queries(0):
        assert figures.of_this_week(now) == first
    figures._kept.clear()
    with django_assert_num_queries(0):  # another process asks nothing either
        assert figures.of_this_week(now) == first
    later = now + timedelta(days=7)
    close(later)
    assert figures.of_this_week(later)["periods"][0]["opened"] == 50


def test_figures_end_where_days_are_closed(client, monkeypatch):
    """While the worker is behind, they end a week sooner, and are asked again soon."""
    past(20, days=20)
    past(20, days=2)
    now = timezone.now()
    late = daily.midnight(figures.last_monday(now)) - timedelta(days=2) + timedelta(days=daily.settled_days())
    close(late)
    found = figures.of_this_week(now)
    assert found["end"] == (figures.last_monday(now) - timedelta(days=7)).isoformat()
    assert found["periods"][0]["opened"] == 20
    close()
    assert figures.of_this_week(now) == found
    cache.clear()
    soon = figures.time.monotonic() + figures.KEPT_SHORTLY
    monkeypatch.setattr(figures.time, "monotonic", lambda: soon)
    assert figures.of_this_week(now)["periods"][0]["opened"] == 40


def test_figures_before_the_first_closed_day_are_not_kept_for_a_week(client, monkeypatch):
    """After an update somebody may look before the worker has closed anything."""
    past(20)
    assert "environ" not in client.get("/chiffres/").text.split("<tbody>")[1]
    close()
    cache.clear()  # each of its values says how long it is kept, as in `_kept`
    soon = figures.time.monotonic() + figures.KEPT_SHORTLY
    monkeypatch.setattr(figures.time, "monotonic", lambda: soon)
    assert "environ 20" in client.get("/chiffres/").text


def test_deleting_everything_changes_no_figure(client):
    past(23)
    past(12, outcome=Outcome.COMPLAINT, days=200)
    close()
    page, file = client.get("/chiffres/").text, client.get(open_data.FILE_PATH).text
    Report.objects.all().delete()
    figures.forget(timezone.now())
    close()
    again = client.get("/chiffres/").text
    computed = re.compile(r"Calculés le.*?\.")
    assert computed.sub("", again.split("<main")[1]) == computed.sub("", page.split("<main")[1])
    assert client.get(open_data.FILE_PATH).text == file != ""


@pytest.fixture
def late_november(monkeypatch) -> None:
    """Let the periods end on a Monday with nine months of its year before it."""
    monkeypatch.setattr(figures, "last_monday", lambda _now: date(2026, 11, 23))


def closed_years(years) -> None:
    """Store so many people a day of these years, from 1 March of the first: the page asks nothing else."""
    end = figures.last_monday(timezone.now())
    first = date(end.year - len(years) + 1, 3, 1)
    days = [first + timedelta(days=number) for number in range((end - first).days)]
    ClosedDay.objects.bulk_create(ClosedDay(day=day) for day in days)
    rows = [(day, years[day.year - first.year]) for day in days if years[day.year - first.year]]
    DailyFigure.objects.bulk_create(
        DailyFigure(day=day, series=series, key=key, count=count)
        for day, count in rows
        for series, key in (("people", "everybody"), ("wait", "60"), ("age", "not_minor"), ("hour", "3:14"))
    )


def test_years_are_compared_back_to_the_opening(client, late_november):
    closed_years([10, 0, 20])
    end = figures.last_monday(timezone.now())
    html = client.get("/chiffres/").text
    table = html.split('aria-labelledby="annees"')[1].split("</table>")[0]
    heads = re.findall(r'<th scope="col">(.*?)</th>', table)
    assert heads == ["Chiffre", f"{end.year} *", str(end.year - 1), f"{end.year - 2} *"]
    opened = re.search(r"Personnes qui ont ouvert un échange</th>(.*?)</tr>", table).group(1)
    counts = [
        20 * (end - date(end.year, 1, 1)).days,
        None,
        10 * (date(end.year - 1, 1, 1) - date(end.year - 2, 3, 1)).days,
    ]
    said = ["non publié" if count is None else f"environ {count:,}".replace(",", " ") for count in counts]
    assert re.findall("<td>(.*?)</td>", opened) == said
    assert "annees-dessin" in pictures_of(html)


def test_open_data_are_whole_months_with_a_schema(client, late_november):
    closed_years([10])
    end = figures.last_monday(timezone.now())
    answer = client.get(open_data.FILE_PATH)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert open_data.SCHEMA_PATH in answer["Link"] and 'rel="describedby"' in answer["Link"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    schema = client.get(open_data.SCHEMA_PATH)
    assert schema["Content-Type"] == "application/json"
    names = [field["name"] for field in schema.json()["fields"]]
    assert list(rows[0]) == names == ["mois", "serie", "valeur", "personnes"]
    assert schema.json()["licenses"][0]["name"] == "etalab-2.0" and schema.json()["primaryKey"] == names[:3]
    assert len({(row["mois"], row["serie"], row["valeur"]) for row in rows}) == len(rows) > 0
    months = {row["mois"] for row in rows}
    assert f"{end:%Y-%m}" not in months and min(months) == f"{end.year}-03"
    assert {row["serie"] for row in rows} <= set(schema.json()["fields"][1]["constraints"]["enum"])
    assert all(int(row["personnes"]) % 10 == 0 for row in rows)
    assert {"mois": f"{end.year}-03", "serie": "hour", "valeur": "14", "personnes": "310"} in rows
    page = client.get("/chiffres/").text
    assert open_data.FILE_PATH in page and open_data.SCHEMA_PATH in page


def test_open_data_without_a_whole_month_are_their_heads(client):
    assert not {"first_wait", "held", "hour_wait"} & set(open_data.SERIES), "what plans a duty is not for everybody"
    assert client.get(open_data.FILE_PATH).text == "mois,serie,valeur,personnes\r\n"


def test_open_data_are_not_linked_in_discreet_mode(client):
    """A page whose address says nothing leads to no address that does."""
    session = client.session
    session[DISCREET] = True
    session.save()
    html = client.get(addresses.DISCREET.reverse("pages:figures")).text
    assert 'id="service"' in html and open_data.FILE_PATH not in html and open_data.SCHEMA_PATH not in html


@pytest.mark.parametrize(
    ("before", "first"), [((2026, 11), (2006, 11)), ((2026, 1), (2006, 1)), ((2026, 12), (2006, 12))]
)
def test_open_data_are_of_twenty_years_at_most(before, first):
    assert open_data.first_month(date(*before, 1)) == date(*first, 1)


def test_cache_away_is_computed_once_a_process(settings, tmp_path, django_assert_num_queries):
    settings.CACHES = {"default": {"BACKEND": "pnav.cache.Cache", "LOCATION": f"unix://{tmp_path}/nobody.sock"}}
    with django_assert_num_queries(6):
        figures.of_this_week(timezone.now())
    with django_assert_num_queries(0):
        figures.of_this_week(timezone.now())


def test_compute_keeps_nothing_that_may_not_be_published():
    past(9)
    close()
    found = figures.compute(figures.last_monday(timezone.now()), timezone.now())
    for period in (*found["periods"], *found["years"]):
        assert {period[key] for key in ("opened", "answered", "in_time", "wait", "length", "one_person")} == {None}
        assert period["outcomes"] == [] and period["other_outcomes"] is None


@pytest.mark.parametrize(("minutes", "share"), [(3, 50), (5, 50), (10, 100), (7, None)])
def test_share_in_time_is_of_the_promise_that_the_page_names(client, set_rule, minutes, share):
    """The days were closed with another promise, which `promise` counted."""
    end = figures.last_monday(timezone.now())
    day = end - timedelta(days=10)
    ClosedDay.objects.create(day=day)
    ClosedDay.objects.create(day=end - timedelta(days=1))
    DailyFigure.objects.bulk_create(
        DailyFigure(day=day, series=series, key=key, count=count)
        for series, key, count in (
            ("people", "everybody", 2100), ("wait", "60", 1000), ("wait", "600", 1000), ("wait", "gave_up", 100),
            ("promise", "none", 100), ("promise", "in_time", 2000),
        )
    )  # fmt: skip
    set_rule(definitions.PROMISED, minutes)
    found = figures.of_this_week(timezone.now())
    assert [period["in_time"] for period in found["periods"]] == [None if share == 100 else share] * 2
    row = client.get("/chiffres/").text.split(f"parmi elles, en moins de {minutes} minutes</th>")[1].split("</tr>")[0]
    assert row.count("50" if share == 50 else "non publié") == 2


def answered(answer: str, count: int, *, weeks: int = 1) -> None:
    """Record that so many people said this of a content, so many weeks ago."""
    with transaction.atomic():
        add_removals(figures.last_monday(timezone.now()) - timedelta(weeks=weeks), answer, count)


def test_contents_are_said_where_both_numbers_may_be(client):
    answered(Answer.REMOVED, 34)
    answered(Answer.STILL_THERE, 12)
    answered(Answer.REMOVED, 20, weeks=20)
    answered(Answer.REMOVED, 500, weeks=53)
    answered(Answer.REMOVED, 600, weeks=0)  # answers of the week that is not over
    shown = client.get("/chiffres/").text
    rows = re.findall(r"<tr><th scope=\"row\">(Retiré|Encore là)</th>(.*?)</tr>", shown)
    assert [(label, re.findall("<td>(.*?)</td>", cells)) for label, cells in rows] == [
        ("Retiré", ["environ 30", "environ 50"]),
        ("Encore là", ["environ 10", "environ 10"]),
    ]


@pytest.mark.parametrize(("removed", "still_there"), [(30, 9), (9, 30), (9, 9), (0, 0), (30, 0)])
def test_small_number_of_contents_hides_the_other(client, removed, still_there):
    answered(Answer.REMOVED, removed)
    answered(Answer.STILL_THERE, still_there)
    shown = client.get("/chiffres/").text
    rows = re.findall(r"<tr><th scope=\"row\">(?:Retiré|Encore là)</th>(.*?)</tr>", shown)
    assert len(rows) == 2
    assert {cell for cells in rows for cell in re.findall("<td>(.*?)</td>", cells)} == {"non publié"}
