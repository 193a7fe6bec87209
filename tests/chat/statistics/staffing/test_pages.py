"""« Effectifs » in the console, and its command."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from chat.models import Conversation, ConversationEvent
from chat.statistics import daily
from chat.statistics.staffing.recorded import count_agents_today
from pnav.accounts.models import Role
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.support.charts import column_of, pictures_of, rows_of
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
PAGE, SHEET = "/console/effectifs/", "/console/effectifs/effectifs.csv"


@pytest.fixture
def supervisor():
    return signed_in(make.agent(role=Role.SUPERVISOR, public_name="Claude").user)


def recorded(weeks: int) -> None:
    """Record sixty-four people a week for so many whole weeks.

    Evenings have more; one in twelve gives up after ten minutes, the others are answered after three and hold their
    place for 30 or 90.
    """
    monday = timezone.localtime().replace(hour=0, minute=30, second=0, microsecond=0)
    monday -= timedelta(days=monday.weekday())
    times = []
    for week in range(1, weeks + 2):
        for number in range(64):
            day, slot = number % 7, number // 7
            times.append(monday - timedelta(weeks=week) + timedelta(days=day, hours=20 if slot < 6 else 3 * slot - 16))
    reports = make.reports(len(times))
    rows = Conversation.objects.bulk_create(
        Conversation(report=report, opened_at=at, queued_at=at, reporter_seen_at=at, status="closed", closed_at=at)
        for report, at in zip(reports, times, strict=True)
    )
    events = []
    for number, row in enumerate(rows):
        if number % 12 == 0:
            steps = [("parked", 10)]
        else:
            steps = [("assigned", 3), ("closed", 3 + 30 + 60 * (number % 2))]
        events += [
            ConversationEvent(conversation=row, kind=kind, at=row.opened_at + timedelta(minutes=minutes))
            for kind, minutes in steps
        ]
    ConversationEvent.objects.bulk_create(events)
    # Autovacuum does this for rows that stay. Otherwise the planner may take the tables for empty, when it looked at
    # them between two tests, and the statement of what is due for deletion then compares every row with every other.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    daily.close_due(timezone.now(), limit=7 * (weeks + 2))


def cells(html: str) -> list[list[int]]:
    body = html[html.index('class="console-table console-staffing__table"') :]
    body = body[: body.index("</table>")]
    return [[int(cell) for cell in re.findall(r"<td>(\d+)</td>", row)] for row in re.findall(r"<tr>.*?</tr>", body)][1:]


def test_staffing_is_for_supervisors(supervisor, client):
    agent = signed_in(make.agent().user)
    for address in (PAGE, SHEET):
        assert agent.get(address).status_code == 403
        assert client.get(address).status_code == 302
        assert supervisor.get(address).status_code == 200
        assert supervisor.post(address).status_code == 405
    assert PAGE in supervisor.get("/console/").text
    assert PAGE not in agent.get("/console/").text


def test_staffing_without_data_says_so_and_assumes(supervisor):
    html = supervisor.get(PAGE).text
    assert "Trop peu de données" in html and html.count("Hypothèse") == 3
    assert "25 000 personnes par an" in html and "0 personnes en 0 semaines" in html
    table = cells(html)
    assert len(table) == 24 and all(row == [2] * 7 for row in table)


def test_staffing_from_what_was_recorded(supervisor, subtests):
    recorded(weeks=11)
    html = supervisor.get(PAGE).text
    with subtests.test("staffing is one band over today, and seven of one scale"):
        _is_one_band_over_today_and_seven_of_one_scale(html)
    html = html.replace("\xa0", " ")
    assert "Trop peu de données" not in html and "Hypothèse" not in html
    # Rounded, by hour and by range: 64 people a week, who occupy a place for 30 or 90 minutes.
    people, weeks = map(int, re.search(r"(\d+) personnes en (\d+) semaines entières", html).groups())
    assert weeks in {10, 11, 12} and 0.75 * 64 * weeks < people < 1.25 * 64 * weeks
    mean, ended = map(int, re.search(r"(\d+) min en moyenne sur (\d+) échanges", html).groups())
    assert 45 < mean < 70 and abs(ended - 64 * weeks * 11 / 12) < 40
    table = cells(html)
    assert min(table[20]) > max(table[10]) >= 1  # six of nine people come at 20 h
    # The height of the band shows what so few weeks cost.
    assert len(re.findall(r"<td>\d+ à \d+</td>", html)) > 8


def _is_one_band_over_today_and_seven_of_one_scale(html: str) -> None:
    drawn = pictures_of(html)
    assert list(drawn) == ["aujourdhui", *(f"jour-{day}" for day in range(7))]
    today = timezone.localtime().weekday()
    spans = [[int(n) for n in cell.split(" à ")] for cell in column_of(html, "tableau-disponibles", today + 1)]
    rows = rows_of(html, "tableau-aujourdhui")
    assert [[int(row[1]), int(row[2])] for row in rows] == [[span[0], span[-1]] for span in spans]
    scales = [
        [text.text for text in drawn[f"jour-{day}"].iter("text") if text.get("text-anchor") == "end"]
        for day in range(7)
    ]
    assert all(scale == scales[0] for scale in scales) and "0" not in scales[0]
    for svg in drawn.values():
        [band] = [part for part in svg.iter("path") if part.get("class") == "chart__band"]
        assert band.get("d").count("V") == 48  # each hour has two figures: the least that is needed, and a cautious one
    agents = [int(row[2]) for row in rows]
    assert f"De {min(agents)} à {max(agents)} agents, le plus à partir de 20 h" in squeezed(html)
    assert "style=" not in html[html.index('id="dessins"') :]


def test_staffing_shows_who_answered_today(supervisor):
    """Each hour until now has the agents who held an exchange in it, each once, and no hour to come has any."""
    now = timezone.localtime().replace(hour=15, minute=40, second=0, microsecond=0)
    one, other = make.agent(), make.agent()
    for agent, start, end in ((one, 9.5, 11.2), (one, 10.5, 10.8), (other, 11.1, 12.5)):
        begun, ended = (now.replace(hour=0, minute=0) + timedelta(hours=hours) for hours in (start, end))
        row = make.waiting(queued_at=begun)
        ConversationEvent.objects.create(conversation=row, kind="assigned", at=begun, by=agent.user)
        ConversationEvent.objects.create(conversation=row, kind="closed", at=ended)
    running = make.waiting(queued_at=now - timedelta(minutes=5))
    ConversationEvent.objects.create(conversation=running, kind="assigned", at=now - timedelta(minutes=5), by=one.user)
    assert count_agents_today(now) == [
        *[0] * 9, 1, 1, 2, 1, 0, 0, 1, *[None] * 8
    ]  # fmt: skip


def test_staffing_follows_what_is_asked(supervisor):
    asked = {"share": "99", "minutes": "2", "capacity": "1", "pauses": "50"}
    html = supervisor.get(PAGE, asked).text
    assert all(row == [16] * 7 for row in cells(html))  # eight places, with one agent each, who pauses half of the time
    assert 'value="99"' in html and "99 % des personnes" in html.replace("\xa0", " ")
    assert "share=99&amp;minutes=2" in html
    assert "plus court que le délai" not in html
    assert "plus court que le délai" in supervisor.get(PAGE, asked | {"minutes": "1"}).text


@pytest.mark.parametrize(
    "asked", [{"share": "100"}, {"minutes": "deux"}, {"capacity": "0"}, {"pauses": "61"}, {"minutes": ""}]
)
def test_staffing_target_that_cannot_be_read(supervisor, asked):
    """The error stands beside the field, what was typed stays, nothing is computed; instead of the sheet too."""
    answer = supervisor.get(PAGE, asked)
    [(name, value)] = asked.items()
    html = answer.text
    assert answer.status_code == 200 and "console-staffing__table" not in html and "<title>Erreur :" in html
    field = re.search(rf'<input[^>]*name="{name}"[^>]*>', html)[0]
    assert 'aria-invalid="true"' in field and f'aria-describedby="id_{name}-error"' in field
    assert not value or f'value="{value}"' in field
    assert f'id="id_{name}-error">Écrivez un nombre entier' in squeezed(html)
    sheet = supervisor.get(SHEET, asked | {"autre": "MARQUE"})
    assert sheet.status_code == 400 and "Location" not in sheet.headers and "MARQUE" not in sheet.text
    assert f'id="id_{name}-error">Écrivez un nombre entier' in squeezed(sheet.text) and f'action="{PAGE}"' in sheet.text


def test_staffing_leads_to_the_sheet_with_the_target_alone(supervisor):
    """Addresses that we build hold numbers that were read, and nothing else that was sent."""
    html = supervisor.get(PAGE, {"share": " 99 ", "nom": "MARQUE"}).text
    assert "MARQUE" not in html and f'href="{SHEET}?share=99"' in html


def test_sheet_opens_in_a_french_spreadsheet_and_the_command_says_what_the_page_says(supervisor, subtests):
    recorded(weeks=10)
    with subtests.test("the command says what the page says"):
        _command_says_what_the_page_says(supervisor)
    answer = supervisor.get(SHEET, {"pauses": "20"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="effectifs-[\d-]{10}\.csv"', answer.headers["Content-Disposition"])
    text = answer.text
    assert text.startswith("\ufeffJour;Heure;")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    assert len(rows) == 168 and rows[0]["Jour"] == "lundi" and rows[167]["Jour"] == "dimanche"
    evening = rows[20]
    # Six people; each hour is right to less than ten in all.
    assert re.fullmatch(r"[56],\d\d|7,0\d", evening["Arrivées attendues"])
    assert float(evening["Part prise en charge à temps"].replace(",", ".")) >= 0.95
    assert int(evening["Agents en service, pauses comprises"]) > int(evening["Agents disponibles"])
    table = cells(supervisor.get(PAGE, {"pauses": "20"}).text)
    assert [int(row["Agents en service, pauses comprises"]) for row in rows[:24]] == [row[0] for row in table]


def test_staffing_shows_nothing_of_anybody(supervisor):
    conversation = make.message(make.assigned(make.agent(public_name="Louise")), "un mot privé").conversation
    for address in (PAGE, SHEET):
        text = supervisor.get(address).text
        assert "un mot privé" not in text and "Louise" not in text and str(conversation.public_id) not in text


# --- the command ------------------------------------------------------------------------------------------------------


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("staffing", *arguments, stdout=out)
    return out.getvalue()


def _command_says_what_the_page_says(supervisor: Client) -> None:
    told = json.loads(run("--json"))
    table = cells(supervisor.get(PAGE).text)
    assert [line["on_duty"] for line in told["hours"]] == [table[hour % 24][hour // 24] for hour in range(168)]
    assert told["demand"]["patience"]["basis"] == "recorded" and told["demand"]["weeks"] >= 9
    assert f"Arrivées (mesuré) : {told['demand']['arrivals']['per_week']:.1f} par semaine" in run()


def test_command_from_a_file_and_assumptions(tmp_path):
    arrivals, profile = tmp_path / "a.csv", tmp_path / "p.txt"
    arrivals.write_text("arrivee,reponse\n2026-01-05T00:00,2026-01-05T00:05\n2026-01-13T00:00,\n")
    told = json.loads(run("--csv", str(arrivals), "--json"))
    assert (told["demand"]["weeks"], told["demand"]["people"]) == (1, 1)
    profile.write_text("\n".join(["0"] * 167 + ["1"]))
    told = json.loads(
        run("--assume", "--profile", str(profile), "--per-year", "1000", "--patience-minutes", "20",
            "--length-minutes", "30", "--json")
    )  # fmt: skip
    assert told["hours"][167]["agents"] > told["hours"][100]["agents"] == 1
    assert told["demand"]["patience"]["per_hour"] == 3 and told["demand"]["length"]["mean_minutes"] == 30


@pytest.mark.parametrize(
    "arguments",
    [
        ["--target", "100"], ["--pauses", "100"], ["--confidence", "20"], ["--per-year", "-3"],
        ["--csv", "/nowhere.csv"], ["--length-minutes", "nan"],
    ],
)  # fmt: skip
def test_command_refuses_what_means_nothing(arguments):
    with pytest.raises(CommandError):
        run(*([] if "--csv" in arguments else ["--assume"]), *arguments)


def test_command_check_simulates_a_year_and_a_raid():
    told = json.loads(run("--assume", "--patience-minutes", "30", "--check", "--json"))["check"]
    assert told["year"]["people"] > 24_000 and told["year"]["simulated"] >= 0.95
    assert abs(told["year"]["simulated"] - told["year"]["model"]) <= 0.015
    assert told["raid"]["people"] == 500 and told["raid"]["longest_queue"] > 400
    assert told["year"]["seconds"] < 60 and told["raid"]["seconds"] < 60
