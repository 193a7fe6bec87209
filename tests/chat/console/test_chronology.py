"""The chronology beside a thread: what an agent sees of the facts that a person shows."""

import re
import uuid
from datetime import date, timedelta
from html import unescape

import pytest
from django.utils import timezone

from chat.console import casework_panels
from chat.journal import actions, panel, queries
from chat.journal.dates import Moment, Precision
from chat.journal.facts import Told
from chat.models import JournalFact
from chat.rules.referral import SUMMARY_MAX
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
DAY = date(2027, 3, 1)


def note(conversation, what="Un mot", *, after=None, **words):
    moment = Moment() if after is None else Moment(Precision.DAY, DAY + timedelta(days=after))
    return actions.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=Told(what, moment, **words))


@pytest.fixture
def parts():
    """Give `parts(conversation)`: what a script reads of it ahead; with another query, what an agent asks for."""
    clients = {}

    def read(conversation, query="partie=echange"):
        user = conversation.assigned_to.user
        client = clients[user.pk] = clients.get(user.pk) or signed_in(user)
        return squeezed(unescape(client.get(f"/console/echange/{conversation.public_id}/?{query}").text))

    return read


def prefilled(conversation):
    return casework_panels.draft_of(conversation, facts=queries.read_facts(conversation))


def block(page, conversation):
    start = page.index(f'id="faits-{conversation.public_id}"')
    return page[start : page.index("</section>", start)]


def test_repetition_and_group_show_at_a_glance_and_set_nothing(parts):
    conversation = make.assigned()
    for after, account in ((0, "@lea"), (3, "Lea"), (40, "@sam"), (None, "@lea")):
        note(conversation, account=account, after=after, platform="Instagram")
    actions.show_facts(conversation=conversation)
    shown = block(parts(conversation, ""), conversation)
    assert "4 faits, du 1er mars 2027 au 10 avril 2027 (41 jours), 2 comptes nommés, 1 sans date." in shown
    assert "Une même personne recommence" in shown and "(@lea : faits n° 1, 2, 4)" in shown
    assert "Plusieurs personnes, une fois chacune" in shown and "(2 comptes nommés)" in shown
    assert shown.count('role="img"') == 2 and ">36 j</text>" in shown and "sans date</text>" in shown
    assert "style=" not in shown, "the policy allows no inline style"
    assert not hasattr(conversation, "sheet"), "nothing is ticked"


@pytest.mark.parametrize("lost", [1, 2])
def test_fact_that_no_key_opens_is_not_told_as_one_without_a_date(parts, lost):
    conversation = make.assigned()
    for _each in range(2):
        note(conversation, account="@lea", after=3)
    actions.show_facts(conversation=conversation)
    parts(conversation, "")
    JournalFact.objects.filter(number__lte=lost).update(sealed_words=b"\x01\x04testxxxxxxxxxxxxxxxx")
    shown = block(parts(conversation, ""), conversation)
    told = {1: "2 faits, 1 compte nommé, 1 ne peut pas être lu en ce moment.", 2: "2 faits, 2 ne peuvent pas être lus"}
    assert told[lost] in shown and "sans date" not in shown and "Les faits, par date (2)" in shown
    assert (shown.count('role="img"'), shown.count("Dit par la personne")) == {1: (1, 1), 2: (0, 0)}[lost]


def test_sheet_takes_up_what_the_facts_propose_to_be_confirmed(parts):
    conversation = make.assigned()
    for account in ("@lea", "@lea", "@sam"):
        note(conversation, account=account)
    actions.show_facts(conversation=conversation)
    page = parts(conversation, "")
    key = conversation.public_id
    repeated = page[page.index(f'id="fait-repeated-{key}"') : page.index(f'id="fait-group-{key}"')]
    group = page[page.index(f'id="fait-group-{key}"') : page.index(f'id="fait-group_aware-{key}"')]
    words = " ".join(re.sub("<[^>]*>", "", repeated).split())
    assert re.search(r"faits notés, à confirmer\s*\(par la victime\) : « @lea : faits n° 1, 2 »\.\s*oui", words)
    assert "à confirmer" not in group and "à préciser" in group and "2 comptes nommés" in group
    assert 'name="repeated" value=""' in repeated, "nothing is ticked"


def test_words_come_when_the_conversation_is_looked_at_and_not_before(parts):
    conversation = make.assigned()
    note(conversation, "Parole montrée")
    note(conversation, "Parole gardée")
    first = queries.own_piece(conversation)[0][1]
    actions.show_facts(conversation=conversation, only=[first.public_id])
    ahead = parts(conversation)
    assert "Parole montrée" not in ahead and "data-facts-unread" in ahead and "Un fait montré, pas encore lu" in ahead
    assert JournalFact.objects.filter(read_at__isnull=False).count() == 0
    looked_at = parts(conversation, "partie=echange&lu")
    assert "Parole montrée" in looked_at and 'data-facts-new="1 fait nouveau"' in looked_at
    assert "Parole gardée" not in looked_at
    again = parts(conversation)
    assert "Parole montrée" in again and "data-facts-new" not in again, "what was read comes with every page"


def test_nothing_stands_there_for_who_noted_nothing(parts):
    conversation = make.assigned()
    note(conversation)
    page = parts(conversation, "partie=echange&lu")
    assert re.search(rf'id="faits-{conversation.public_id}" tabindex="-1" hidden', page)


def test_links_are_followed_by_nobody_and_what_hides_is_shown():
    conversation = make.assigned()
    note(conversation, "Mot\u202erenversé", link="https://exemple.fr/page", account="<b>@lea</b>")
    note(conversation, "Encore", link="https://exemple.fr/suite", account="<b>@lea</b>")
    actions.show_facts(conversation=conversation)
    client = signed_in(conversation.assigned_to.user)
    page = client.get(f"/console/echange/{conversation.public_id}/").text
    assert "hxxps://exemple[.]fr/page" in page and "https://exemple.fr/page" not in page
    assert page.count("Les liens sont rendus inactifs") == 1, "it is said how they are changed, once"
    element = f'id="fait-repeated-{conversation.public_id}"'
    assert element in page and f'href="#{element[4:-1]}" data-opens' in squeezed(page), "it leads to its element"
    assert "⟦U+202E⟧" in page and "<b>@lea" not in page and "&lt;b&gt;@lea" in page


def test_long_journal_is_read_in_pieces():
    conversation = make.assigned()
    for number in range(panel.A_PAGE + 2):
        note(conversation, f"Fait {number:03}.", after=number)
    actions.show_facts(conversation=conversation)
    client = signed_in(conversation.assigned_to.user)
    address = f"/console/echange/{conversation.public_id}/faits/"
    first, second = (client.get(address + more).text for more in ("", f"?apres={panel.A_PAGE}"))
    beside = block(squeezed(unescape(client.get(address.removesuffix("faits/")).text)), conversation)
    assert first.count("Fait 0") == panel.A_PAGE and second.count("Fait 0") == 2 and "apres=50" in first
    assert beside.count("Fait 0") == panel.SHOWN
    assert f"Voir les {panel.A_PAGE + 2 - panel.SHOWN} faits suivants" in beside


def test_summary_takes_up_what_was_read_as_far_as_it_fits():
    conversation = make.assigned()
    note(conversation, "Fait lu", after=1, account="@lea")
    note(conversation, "Fait gardé")
    actions.show_facts(conversation=conversation, only=[queries.own_piece(conversation)[0][1].public_id])
    assert prefilled(conversation) == "", "nothing was read yet"
    actions.mark_read(conversation)
    expected = "Faits notés par la personne :\n2 mars 2027 – @lea – Fait lu"
    assert prefilled(conversation) == expected
    for number in range(30):
        note(conversation, "x" * 400, after=number)
    actions.show_facts(conversation=conversation)
    actions.mark_read(conversation)
    summary = prefilled(conversation)
    assert len(summary) <= SUMMARY_MAX and re.search(r"… et \d+ autres faits, dans l'échange\.$", summary)


def test_document_of_the_exchange_has_them_in_order():
    conversation = make.assigned()
    note(conversation, "Deuxième", after=5, seen_by="Sam")
    note(conversation, "Premier", after=1)
    actions.show_facts(conversation=conversation)
    actions.mark_read(conversation)
    assert list(panel.as_pairs(conversation)) == [
        ("2 mars 2027", "Premier"),
        ("6 mars 2027", "Deuxième\nVu par : Sam"),
    ]
    document = casework_panels.document(conversation.assigned_to, conversation, motive="Essai", now=timezone.now())
    found = [list(one.pairs) for one in document.sections if "Chronologie" in one.title]
    assert found == [list(panel.as_pairs(conversation))]
