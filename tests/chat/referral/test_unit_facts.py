"""The facts that go with a summary: those that the person agreed to, as a chronology for the unit."""

import io
import json
import re
import uuid
import zipfile
from datetime import date, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.console import casework_panels
from chat.journal import actions, panel, queries
from chat.journal.dates import Moment, Precision
from chat.journal.facts import Told
from chat.models import JournalFact, Transmission
from chat.personal_copy import person_archive
from chat.referral import actions as referral_actions
from chat.referral.queries import AgreedFacts, show_referral
from chat.rules.referral import State
from reports.models import AccessKind, AccessRecord, AgeBand
from tests.chat.console.agents import page_of, signed_in
from tests.chat.referral.test_referral_pages import visit
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.support.reading import spaced, squeezed
from triage.rules import Urgency

pytestmark = pytest.mark.django_db
PAGE = "/tchat/suites/"
DAY = date(2027, 3, 1)
NAMED = re.compile(r"Les faits montrés vont avec ce résumé \((\d+)\)")


def note(conversation, what, *, after=None, **words):
    moment = Moment() if after is None else Moment(Precision.DAY, DAY + timedelta(days=after))
    return actions.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=Told(what, moment, **words))


def show(conversation, *facts):
    """Show these, and have them read."""
    actions.show_facts(conversation=conversation, only=[fact.public_id for fact in facts])
    actions.mark_read(conversation)


@pytest.fixture
def unit():
    return hand.account()


@pytest.fixture
def conversation(unit):
    """Return an exchange with three facts that were shown and read, one that is private, one that nobody has read."""
    found = make.assigned(reception_point=unit.point, facts=["rumours"])
    told = [note(found, f"Parole-{n}.", after=20 * n, account="@lea", platform="Instagram") for n in range(3)]
    show(found, *told)
    note(found, "Parole-gardée.")
    unread = note(found, "Parole-non-lue.")
    actions.show_facts(conversation=found, only=[unread.public_id])
    return found


def suites(conversation, address=PAGE):
    return unescape(visit(conversation).get(address).text).replace("\xa0", " ")


def until_of(page):
    found = re.search(r'name="facts_until" value="([^"]+)"', page)
    return {"facts_until": found[1]} if found else {}


def agree(conversation, row, page=None, **changed):
    """Press « Oui » as the person, on this page, or as it is drawn now."""
    fields = {"transmission": row.public_id, "answer": "yes", **until_of(page or suites(conversation)), **changed}
    return visit(conversation).post(PAGE, fields)


def received(conversation, unit, **changed):
    """Return a transmission that its unit has opened, once the person said yes on « Suites »; the unit's page."""
    row = hand.asked(conversation, unit)
    assert agree(conversation, row, **changed).status_code == 302
    referral_actions.mark_read(transmission=row, by=unit.user)
    row.refresh_from_db()
    return row, f"/unite/{row.public_id}/"


def browser(account):
    """Return the browser in which it is signed in, once."""
    account.browser = getattr(account, "browser", None) or signed_in(account.user)
    return account.browser


def read(unit, address):
    return squeezed(unescape(browser(unit).get(address).text))


def dossier_of(unit, address):
    answer = browser(unit).post(f"{address}dossier/")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as found:
        return json.loads(found.read("dossier.json"))


@pytest.fixture
def drawn(monkeypatch):
    """Give the papers that are told, and not drawn."""
    told = []
    monkeypatch.setattr(
        person_archive.transcript_pdf, "draw", lambda document, *_given, **_named: told.append(document) or b"%PDF"
    )
    return told


# --- the agreement ----------------------------------------------------------------------------------------------------


def test_agreement_names_the_facts_beside_the_buttons(conversation, unit):
    hand.asked(conversation, unit)
    page = suites(conversation)
    named = NAMED.search(page)
    assert named and named[1] == "3" and "ceux que votre interlocuteur a lus" in page
    assert page.index("</details>") < named.start() < page.index("Oui, envoyer ce résumé"), "outside of the fold"
    assert "The facts that you have shown go with this summary (3)" in suites(conversation, f"/en{PAGE}")
    conversation.report.age_band = AgeBand.FROM_15_TO_17
    conversation.report.save()
    assert "ceux que ton interlocuteur a lus" in suites(conversation)


def test_nothing_is_named_where_nothing_was_read(unit):
    conversation = make.assigned(reception_point=unit.point)
    fact = note(conversation, "Parole-non-lue.")
    actions.show_facts(conversation=conversation, only=[fact.public_id])
    hand.asked(conversation, unit)
    page = suites(conversation)
    assert not NAMED.search(page) and until_of(page) == {}
    row = Transmission.objects.get()
    assert agree(conversation, row).status_code == 302
    row.refresh_from_db()
    assert row.state == State.SENT and show_referral(row).agreed is None


def test_the_agent_is_told_how_many_go_along(conversation):
    page = squeezed(unescape(signed_in(conversation.assigned_to.user).get(
        f"/console/echange/{conversation.public_id}/?partie=echange").text))  # fmt: skip
    assert "3 faits que vous avez lus vont avec le résumé, si la personne donne son accord." in page


def test_no_is_no_for_the_facts_too(conversation, unit):
    row = hand.asked(conversation, unit)
    agree(conversation, row, answer="no")
    row.refresh_from_db()
    assert row.state == State.REFUSED and "facts_until" not in row.words


@pytest.mark.parametrize(
    "wrong", ["demain", "2027-99-01", "<b>", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]
)
def test_moment_that_is_none_agrees_to_nothing(conversation, unit, wrong):
    row = hand.asked(conversation, unit)
    answer = agree(conversation, row, facts_until=wrong)
    row.refresh_from_db()
    assert answer.status_code == 200 and row.state == State.ASKED


def test_moment_before_all_of_them_names_none(conversation, unit):
    row, _address = received(conversation, unit, facts_until="1970-01-01T00:00:00+23:59")
    assert row.state == State.READ and show_referral(row).agreed is None


def test_moment_to_come_names_what_was_read_by_now(conversation, unit):
    row, _address = received(conversation, unit, facts_until="2999-01-01T00:00:00+00:00")
    last = JournalFact.objects.filter(read_at__isnull=False).latest("read_at").read_at
    assert show_referral(row).agreed == AgreedFacts(3, last)


def test_what_went_along_is_still_named_when_it_is_read_again(conversation, unit):
    received(conversation, unit)
    show(conversation, note(conversation, "Parole-d-après."))
    named = NAMED.search(suites(conversation))
    assert named and named[1] == "3"


# --- the unit ---------------------------------------------------------------------------------------------------------


def test_unit_reads_the_chronology_with_its_drawing_and_its_list(conversation, unit):
    _row, address = received(conversation, unit)
    page = read(unit, address)
    assert "Chronologie des faits" in page and page.count('role="img"') == 2
    assert "3 faits, du 1er mars 2027 au 10 avril 2027 (41 jours), 1 compte nommé." in page
    places = [page.index(f"Parole-{number}.") for number in range(3)]
    assert places == sorted(places) and "style=" not in page[places[0] : places[-1]]
    assert "Proposé pour la fiche" not in page, "what an agent is proposed is the agent's"


def test_unit_reads_nothing_else(conversation, unit, drawn):
    other = make.assigned(reception_point=unit.point)
    show(other, note(other, "Parole-d-un-autre-échange."))
    _row, address = received(conversation, unit)
    show(conversation, note(conversation, "Parole-d-après."))  # this also shows the one that nobody had read
    value = dossier_of(unit, address)
    assert [one["told"]["what"] for one in value["facts"]] == [f"Parole-{number}." for number in range(3)]
    (document,) = drawn
    (section,) = [one for one in document.sections if "Chronologie" in one.title]
    paper = " ".join(text for pair in section.pairs for text in pair)
    for shown in (read(unit, address), read(unit, f"{address}faits/"), json.dumps(value, ensure_ascii=False), paper):
        assert all(f"Parole-{number}." in shown for number in range(3))
        for hidden in ("gardée", "non-lue", "d-après", "d-un-autre"):
            assert f"Parole-{hidden}" not in shown, hidden


def test_what_was_read_after_the_page_was_drawn_does_not_go_along(conversation, unit):
    row = hand.asked(conversation, unit)
    page = suites(conversation)
    actions.mark_read(conversation)  # the one that nobody had read
    agree(conversation, row, page)
    referral_actions.mark_read(transmission=row, by=unit.user)
    shown = read(unit, f"/unite/{row.public_id}/")
    assert "Parole-2." in shown and "Parole-non-lue" not in shown


def test_agreement_that_named_no_fact_shows_none(conversation, unit, drawn):
    """It is from before, or from a page that stood open while the service was replaced."""
    row = hand.opened(conversation, unit)
    address = f"/unite/{row.public_id}/"
    page = read(unit, address)
    assert "Chronologie" not in page and "Parole" not in page
    assert browser(unit).get(f"{address}faits/").status_code == 404
    assert dossier_of(unit, address)["facts"] == []
    assert not [one for one in drawn[0].sections if "Chronologie" in one.title]


def test_summary_without_agreement_takes_no_fact_along(conversation, unit):
    conversation.urgency = Urgency.CRITICAL
    conversation.save()
    row = referral_actions.send_without(
        conversation_id=conversation.pk,
        point_id=unit.point_id,
        summary="x",
        why="danger",
        by=conversation.assigned_to.user,
    )
    referral_actions.mark_read(transmission=row, by=unit.user)
    assert "Parole" not in read(unit, f"/unite/{row.public_id}/")
    assert browser(unit).get(f"/unite/{row.public_id}/faits/").status_code == 404


def prefilled(console, conversation):
    """Return the screen of the console, and the text that the summary begins with."""
    page = console.get(page_of(conversation)).text
    (written,) = re.findall(r'id="resume-unite-[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    return spaced(squeezed(unescape(page))), unescape(written)


def test_summary_that_may_go_without_agreement_begins_without_a_noted_fact(conversation, unit):
    """What stands there is sent as it is by an agent who has no time, and the privacy page says that no fact goes."""
    console = signed_in(conversation.assigned_to.user)
    page, written = prefilled(console, conversation)
    assert "Parole-1." in written and "des faits montrés, jamais des messages" in page
    conversation.urgency = Urgency.CRITICAL
    conversation.save()
    page, written = prefilled(console, conversation)
    assert "Propagation de rumeurs" in written and "Parole" not in written
    assert "jamais des faits notés" in page and "sauf envoi sans accord" in page
    assert "Relisez le résumé : rien de ses faits notés." in page
    sent = {"act": "send", "point": unit.point_id, "summary": written, "why": "Danger."}
    assert console.post(f"{page_of(conversation)}transmission/", sent).status_code == 302
    row = Transmission.objects.get()
    referral_actions.mark_read(transmission=row, by=unit.user)
    shown = read(unit, f"/unite/{row.public_id}/")
    assert "Propagation de rumeurs" in shown and "Parole" not in shown


def test_noted_fact_in_a_summary_without_agreement_is_given_back_and_not_sent(conversation, unit):
    """The text was begun before the exchange was urgent, and the browser kept it."""
    console = signed_in(conversation.assigned_to.user)
    conversation.urgency = Urgency.CRITICAL
    conversation.save()
    lines = "Un mot.\r\n" + casework_panels.draft_of(conversation, facts=queries.read_facts(conversation))
    sent = {"act": "send", "point": unit.point_id, "summary": lines, "why": "Danger."}
    answer = console.post(f"{page_of(conversation)}transmission/", sent)
    page = unescape(answer.text)
    assert answer.status_code == 200 and not Transmission.objects.exists()
    assert "sans son accord, aucun ne part" in page and "Un mot." in page and "Parole-1." in page
    assert console.post(f"{page_of(conversation)}transmission/", sent | {"act": "ask"}).status_code == 302


def test_facts_are_there_once_the_summary_was_opened_and_for_its_unit_alone(conversation, unit):
    row = hand.asked(conversation, unit)
    agree(conversation, row)
    address = f"/unite/{row.public_id}/faits/"
    before = AccessRecord.objects.count()
    assert browser(unit).get(address).status_code == 404, "nobody has opened the summary"
    referral_actions.mark_read(transmission=row, by=unit.user)
    other = signed_in(hand.account(hand.station(name="Ailleurs")).user)
    assert other.get(address).status_code == 404
    assert signed_in(conversation.assigned_to.user).get(address).status_code == 403
    assert AccessRecord.objects.count() == before
    assert browser(unit).get(address).status_code == 200
    line = AccessRecord.objects.latest("number")
    assert line.kind == AccessKind.TRANSMISSION and line.subject == str(conversation.public_id)


def test_reading_by_the_unit_marks_nothing_as_read(conversation, unit):
    _row, address = received(conversation, unit)
    for part in ("", "faits/"):
        read(unit, address + part)
    assert queries.count_read(conversation)[0] == 3


def test_long_chronology_is_read_in_pieces(unit):
    conversation = make.assigned(reception_point=unit.point)
    show(conversation, *[note(conversation, f"Fait {n:03}.", after=n) for n in range(panel.A_PAGE + 2)])
    _row, address = received(conversation, unit)
    beside = read(unit, address)
    assert beside.count("Fait 0") == panel.SHOWN
    assert f"Voir les {panel.A_PAGE + 2 - panel.SHOWN} faits suivants" in beside and f'href="{address}faits/"' in beside
    first, second, wrong = (read(unit, f"{address}faits/{more}") for more in ("", f"?apres={panel.A_PAGE}", "?apres=x"))
    assert first.count("Fait 0") == wrong.count("Fait 0") == panel.A_PAGE and second.count("Fait 0") == 2


def test_links_are_followed_by_nobody_and_what_hides_is_shown(unit):
    conversation = make.assigned(reception_point=unit.point)
    show(conversation, note(conversation, "Mot\u202erenversé", link="https://exemple.fr/page", account="<b>@lea</b>"))
    _row, address = received(conversation, unit)
    for part in ("", "faits/"):
        page = browser(unit).get(address + part).text
        assert "hxxps://exemple[.]fr/page" in page and "https://exemple.fr/page" not in page
        assert "⟦U+202E⟧" in page and "<b>@lea" not in page


def test_facts_go_with_the_exchange(conversation, unit):
    _row, address = received(conversation, unit)
    conversation.report.delete()
    assert JournalFact.objects.count() == 0
    assert browser(unit).get(f"{address}faits/").status_code == 404


def test_facts_cost_the_unit_one_statement_more(conversation, unit):
    without = hand.opened(make.assigned(reception_point=unit.point), unit)
    _row, address = received(conversation, unit)
    counts = []
    for page in (f"/unite/{without.public_id}/", address):
        browser(unit).get(page)
        with CaptureQueriesContext(connection) as asked:
            browser(unit).get(page)
        counts.append(len(asked))
    assert counts[1] <= counts[0] + 1
