"""The lists of the board can be filtered; its alerts, pictures and figures are not."""

from html import unescape

import pytest

from chat.casework import emergencies
from chat.conversations import dispatcher
from chat.conversations.waiting_list import read_waiting
from chat.models import Agent, Conversation
from chat.rules.emergency import Situation
from chat.supervision import board_filter
from pnav.accounts.models import Role
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed
from triage.rules import Urgency

pytestmark = pytest.mark.django_db
BOARD = "/console/tableau/"


@pytest.fixture
def chief():
    """Return a supervisor of two units, one of whom is « Une »."""
    chief = make.agent(role=Role.SUPERVISOR, availability="away", present=False, unit_name="Une")
    other = make.agent(unit_name="Autre", public_name="Alix")
    chief.supervised_units.add(chief.unit, other.unit)
    return chief


@pytest.fixture
def exchanges(chief):
    """Return three exchanges under way.

    « Une » has a critical one with a procedure, and a normal one whose person is away. « Autre » has one at rest.
    """
    mine = make.agent(unit_name="Une", public_name="Camille", capacity=5)
    other = Agent.objects.get(public_name="Alix")
    grave = make.assigned(mine, urgency=Urgency.CRITICAL, force="gendarmerie")
    emergencies.start(conversation_id=grave.pk, situation=Situation.DANGER, by=mine.user)
    away, dormant = make.assigned(mine, force="police"), make.assigned(other, force="police")
    rows = Conversation.objects
    rows.filter(pk=away.pk).update(reporter_seen_at=make.long_ago(5))
    rows.filter(pk=dormant.pk).update(reporter_seen_at=make.long_ago(30), dormant_since=make.long_ago(20))
    return {"grave": grave, "away": away, "dormant": dormant}


def shown(client, query, exchanges):
    page = squeezed(unescape(client.get(BOARD + query).text))
    return {name for name, one in exchanges.items() if f'id="ligne-{one.public_id}"' in page}, page


def test_each_choice_narrows_the_exchanges_under_way(chief, exchanges):
    client = signed_in(chief.user)
    other = chief.supervised_units.get(name="Autre").pk
    for query, names in (
        ("", {"grave", "away", "dormant"}),
        ("?unite=&force=&urgence=&etat=", {"grave", "away", "dormant"}),
        (f"?unite={chief.unit_id}", {"grave", "away"}),
        (f"?unite={other}", {"dormant"}),
        ("?force=gendarmerie", {"grave"}),
        ("?urgence=critical", {"grave"}),
        ("?urgence=normal", {"away", "dormant"}),
        ("?etat=procedure", {"grave"}),
        ("?etat=absente", {"away", "dormant"}),
        ("?etat=veille", {"dormant"}),
        ("?etat=attend&urgence=critical", {"grave"}),
        (f"?unite={chief.unit_id}&etat=absente", {"away"}),
        ("?urgence=high", set()),
        ("?force=nobody&urgence=x&etat=%00&unite=99999999999999999999", {"grave", "away", "dormant"}),
    ):
        found, page = shown(client, query, exchanges)
        assert found == names, query
        assert ("Les listes qui suivent sont filtrées" in page) is (0 < len(names) < 3 or query == "?urgence=high"), (
            query
        )
        assert "Procédure d'urgence :" in page[: page.index('id="filtre"')], "an alert is hidden by no choice"
    assert "Aucun échange avec ce filtre." in shown(client, "?urgence=high", exchanges)[1]
    assert "1 sur 3" in shown(client, "?etat=veille", exchanges)[1]


def rows(client, query):
    page = squeezed(unescape(client.get(BOARD + query).text))
    return (
        page[page.index("console-list--wide") :].count("console-waiting__since") if "console-list--wide" in page else 0
    )


def test_queue_is_narrowed_by_force_urgency_and_absence(chief):
    client = signed_in(chief.user)
    here = make.waiting(urgency=Urgency.CRITICAL, force="gendarmerie", age_band="15_17")
    gone = make.waiting(force="police", queued_at=make.long_ago(41))
    Conversation.objects.filter(pk=gone.pk).update(reporter_seen_at=make.long_ago(40))

    assert here.is_open
    for query, count in (
        ("", 2), ("?urgence=critical", 1), ("?force=police", 1), ("?etat=absente", 1), ("?etat=attend", 1),
        ("?etat=veille", 0), (f"?unite={chief.unit_id}", 0),
    ):  # fmt: skip
        assert rows(client, query) == count, query


def test_who_is_back_in_the_queue_with_an_open_procedure_is_shown_among_procedures(chief, exchanges):
    Agent.objects.filter(public_name="Camille").update(seen_at=make.long_ago(60))
    assert dispatcher.release_stale() == 2
    waiting = {one.conversation: one.has_emergency for one in read_waiting().people}
    assert waiting == {exchanges["grave"].public_id: True, exchanges["away"].public_id: False}
    client = signed_in(chief.user)
    for query, count in (("", 2), ("?etat=procedure", 1), ("?etat=veille", 0)):
        assert rows(client, query) == count, query


def test_agents_are_narrowed_by_their_unit_and_units_offered_are_ones_own(chief, exchanges):
    make.agent(unit_name="Ailleurs", public_name="Sacha")
    client = signed_in(chief.user)
    _names, page = shown(client, f"?unite={chief.unit_id}", exchanges)
    table = page[page.index('id="agents-zone"') : page.index('id="unites-zone"')]
    assert "Camille" in table and "Alix" not in table
    choices = page[page.index('id="filtre-unite"') : page.index('id="filtre-force"')]
    assert "Autre" in choices and "Ailleurs" not in choices
    assert f'<option value="{chief.unit_id}" selected>Une</option>' in choices


def test_choice_is_kept_by_what_stops_the_reading_again(chief):
    page = signed_in(chief.user).get(f"{BOARD}?force=police&fixe=1").text
    assert f'href="{BOARD}?force=police"' in page, "who has it read again by itself keeps the choice"
    assert '<input type="hidden" name="fixe" value="1">' in page
    assert f'href="{BOARD}?fixe=1"' in page  # « Tout montrer » leads there


def test_nothing_chosen_asks_for_nothing():
    assert not board_filter.read_filter({}, {}).is_on
    chosen = board_filter.read_filter({"unite": "3", "urgence": "normal"}, {3: "Une"})
    assert (chosen.unit, chosen.urgency, chosen.query) == (3, Urgency.NORMAL, "unite=3&urgence=normal")


def test_unit_is_named_once_above_a_table_of_one_unit_and_on_each_line_of_several(chief, exchanges):
    client = signed_in(chief.user)
    _names, page = shown(client, "", exchanges)
    running, agents = (page.split(f'id="{zone}-zone"')[1].split("</table>")[0] for zone in ("en-cours", "agents"))
    for table in (running, agents):
        assert '<th scope="col">Unité</th>' in table and "<td>Une</td>" in table and "<td>Autre</td>" in table
        assert "–" not in table.split("</caption>")[0]
    _names, page = shown(client, f"?unite={chief.unit_id}", exchanges)
    for zone in ("en-cours", "agents"):
        before, table = page.split(f'id="{zone}-zone"')
        table = table.split("</table>")[0]
        assert "Unité" not in table and "<td>Une</td>" not in table
        assert table.split("</caption>")[0].rstrip().endswith("– Une"), "a screen reader hears it with the table"
        assert before.rsplit("<p", 1)[1].startswith(' class="fr-hint-text" aria-hidden="true">Une</p>')
