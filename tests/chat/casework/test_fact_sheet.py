"""The sheet of facts, and the search in an agent's own exchanges: by their actions and by their pages."""

import re
from datetime import timedelta
from unittest.mock import PropertyMock

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from chat.casework import closing, fact_sheet
from chat.casework.fact_sheet import Facts
from chat.conversations import actions
from chat.models.casework import FactSheet
from common import encryption, plain_text
from common.data_keys import keys
from reports.models import AccessKind, AccessRecord
from tests.chat.casework.desk import SECRET, save
from tests.chat.console.agents import page_of
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


# --- the sheet ------------------------------------------------------------------------------------------------------


def test_sheet_is_kept_and_its_notes_are_sealed(conversation):
    sheet = save(conversation, present=["online"], absent=["group"], notes={"accounts": SECRET})
    assert (sheet.version, sheet.present, sheet.absent) == (1, ["online"], ["group"])
    row = FactSheet.objects.get()
    assert SECRET.encode() not in bytes(row.sealed_words)
    assert row.words["accounts"] == SECRET


def test_sheet_moved_to_another_conversation_does_not_open(conversation):
    save(conversation, notes={"notes": SECRET})
    other = make.assigned()
    FactSheet.objects.update(conversation=other)
    with pytest.raises(encryption.UnsealError):
        FactSheet.objects.get().words  # noqa: B018
    assert fact_sheet.facts_of(fact_sheet.sheet_of(other)).notes is None


def test_sheet_older_version_saves_nothing(conversation):
    save(conversation, notes={"notes": "un"})
    save(conversation, version=1, notes={"notes": "deux"})
    with pytest.raises(fact_sheet.Older):
        save(conversation, version=1, notes={"notes": "vieux"})
    assert FactSheet.objects.get().words["notes"] == "deux"


def test_sheet_same_facts_again_is_no_new_version(conversation):
    notes = dict.fromkeys(FactSheet.NOTES, "")
    save(conversation, present=["online"], notes=notes)
    assert save(conversation, version=1, present=["online"], notes=notes).version == 1


def test_sheet_that_is_sent_again_because_its_answer_was_lost_is_no_conflict(conversation, console):
    address, data = page_of(conversation) + "fiche/", {"version": "0", "autosave": "1", "threat": "yes"}
    console.post(address, data)
    again = console.post(address, data).text
    assert "data-conflict" not in again and 'name="version" value="1"' in again
    assert FactSheet.objects.get().version == 1
    assert "data-conflict" in console.post(address, data | {"notes": "depuis mars"}).text, "something else was saved"


def test_sheet_of_a_conversation_that_went_to_somebody_else(conversation, agent):
    other = make.agent()
    with pytest.raises(actions.NotYours):
        fact_sheet.save_sheet(conversation_id=conversation.pk, version=0, facts=Facts(), by=other.user)


def test_sheet_says_one_thing_of_each_element(conversation):
    with pytest.raises(IntegrityError), transaction.atomic():
        save(conversation, present=["online"], absent=["online"])


def test_sheet_page_without_a_script(conversation, console):
    data = {"version": "0", "online": "yes", "repeated": "yes", "links": "https://mechant.example/x", "dates": "hier"}
    answer = console.post(page_of(conversation) + "fiche/", data)
    assert answer.status_code == 302
    html = console.get(page_of(conversation)).text
    assert "code pénal, art. 222-33-2-2" in html
    assert "manque encore" in html and "Qu&#x27;est-ce que cela a changé" in html
    assert "hxxps://mechant[.]example/x" in html
    assert 'href="https://mechant.example' not in html


def test_sheet_second_tab_is_told_and_loses_nothing(conversation, console):
    address = page_of(conversation) + "fiche/"
    console.post(address, {"version": "0", "notes": "première fenêtre"})
    html = console.post(address, {"version": "0", "notes": "seconde fenêtre", "online": "yes"}).text
    assert "Cette page est plus ancienne" in html
    assert "première fenêtre" in html and re.search(r"<textarea[^>]*>\nseconde fenêtre</textarea>", html)
    assert FactSheet.objects.get().words["notes"] == "première fenêtre"
    version = re.search(r'name="version" value="(\d+)"', html).group(1)
    console.post(address, {"version": version, "notes": "seconde fenêtre"})
    assert FactSheet.objects.get().words["notes"] == "seconde fenêtre"


def test_sheet_autosave_answers_without_the_sheet_itself(conversation, console):
    address = page_of(conversation) + "fiche/"
    data = {"version": "0", "autosave": "1", "threat": "yes"}
    html = console.post(address, data).text
    assert 'name="version" value="1"' in html and "Enregistré à" in html
    assert html.count("<textarea") == 2 and "press" not in html  # both summaries, and no field of the sheet
    older = console.post(address, data | {"threat": "no"}).text
    assert "data-conflict" in older and FactSheet.objects.get().present == ["threat"]


def test_sheet_of_what_has_ended_is_read_and_no_longer_filled(conversation, console):
    save(conversation, present=["online"], notes={"notes": "un groupe privé"})
    closing.close_conversation(
        conversation_id=conversation.pk, outcome="advised", by=conversation.assigned_to.user, points={}
    )
    html = console.get(page_of(conversation)).text
    assert "un groupe privé" in html and "code pénal, art. 222-33-2-2" in html
    assert 'name="notes"' not in html and 'class="console-sheet"' not in html


def test_sheet_too_long_is_said_and_kept_in_the_page(conversation, console):
    html = console.post(page_of(conversation) + "fiche/", {"version": "0", "notes": "x" * 4001}).text
    assert "La fiche n'est pas enregistrée" in html and "x" * 4001 in html
    assert not FactSheet.objects.exists()


def sent_by(html: str, pressed: str) -> dict[str, str]:
    """Return what the sheet of this page sends when this answer is pressed."""
    form = re.search(r'<form class="console-sheet".*?</form>', html, re.DOTALL).group()
    texts = dict(re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL))
    return {**texts, "version": re.search(r'name="version" value="(\d+)"', form).group(1), "press": pressed}


@pytest.mark.parametrize("more", [{}, {"autosave": "1"}])
def test_sheet_drawn_while_its_notes_cannot_be_read_leaves_them(conversation, console, monkeypatch, more):
    """The page had four empty boxes, and a press on « oui » stored these over the notes once the keys were back."""
    save(conversation, notes={"accounts": SECRET})
    with monkeypatch.context() as away:
        away.setattr(FactSheet, "words", PropertyMock(side_effect=keys.KeysAway("away")))
        html = console.get(page_of(conversation)).text
        pressed = sent_by(html, "online:yes") | more
        assert "ne peuvent pas être lues en ce moment" in html and "rechargez-la pour les lire" in html
        console.post(page_of(conversation) + "fiche/", pressed)  # saved without the keys, which it does not need
        again = console.post(page_of(conversation) + "fiche/", pressed | {"autosave": "1"}).text
        assert 'name="version" value="2"' in again and "data-conflict" not in again
    sheet = FactSheet.objects.get()
    assert (sheet.version, sheet.present, sheet.words["accounts"]) == (2, ["online"], SECRET)
    older = console.post(page_of(conversation) + "fiche/", {"version": "1", "threat": "yes"}).text
    assert "Cette page est plus ancienne" in older and "rechargez-la pour les lire" in older
    console.post(page_of(conversation) + "fiche/", sent_by(older, "threat:yes"))
    sheet = FactSheet.objects.get()
    assert (sheet.version, sheet.present, sheet.words["accounts"]) == (3, ["threat"], SECRET)
    assert SECRET in console.get(page_of(conversation)).text


def test_sheet_with_a_newer_version_says_that_its_notes_cannot_be_read(conversation, console, monkeypatch):
    save(conversation, notes={"accounts": SECRET})
    save(conversation, version=1, notes={"accounts": SECRET, "dates": "hier"})
    with monkeypatch.context() as away:
        away.setattr(FactSheet, "words", PropertyMock(side_effect=keys.KeysAway("away")))
        html = console.post(page_of(conversation) + "fiche/", {"version": "1", "accounts": "un autre"}).text
    assert "Cette page est plus ancienne" in html and "ne peuvent pas être lues en ce moment" in html
    assert re.search(r"<textarea[^>]*>\nun autre</textarea>", html)


@pytest.mark.parametrize("link", ["https://a.example/b?c=d.e", "HTTP://A.example", "qui@a.example", "a.example"])
def test_link_is_shown_as_no_link(link):
    shown = plain_text.neutralise(link)
    assert not re.search(r"https?://|\w\.\w|\w@\w", shown, re.IGNORECASE)


# --- one's own ------------------------------------------------------------------------------------------------------


def test_search_finds_ones_own_by_facts_and_leaves_a_line(conversation, console):
    save(conversation, present=["online", "minor"])
    strange = make.assigned(make.agent(unit_name="Ailleurs"))
    save(strange, present=["online", "minor"])
    html = console.post("/console/mes-echanges/", {"facts": ["online", "minor"]}).text
    assert str(conversation.public_id) in html and str(strange.public_id) not in html
    line = AccessRecord.objects.get(kind=AccessKind.SEARCH)
    assert line.detail == "own exchanges: facts; found 1" and line.subject == ""
    none = console.post("/console/mes-echanges/", {"facts": ["online", "couple"]}).text
    assert str(conversation.public_id) not in none and "Aucun échange ne réunit" in none


def test_search_by_period_outcome_and_urgency(conversation, console):
    today = timezone.localdate()

    def finds(**asked):
        html = console.post("/console/mes-echanges/", {k: str(v) for k, v in asked.items()}).text
        return str(conversation.public_id) in html

    assert finds(since=today, until=today)
    assert not finds(since=today + timedelta(days=1))
    assert not finds(until=today - timedelta(days=1))
    assert finds(urgency=conversation.urgency) and not finds(urgency=2)
    assert not finds(outcome="advised")
    closing.close_conversation(
        conversation_id=conversation.pk, outcome="advised", by=conversation.assigned_to.user, points={}
    )
    assert finds(outcome="advised")


def test_search_has_no_field_for_words(console):
    """What a person wrote cannot be looked for, by any field."""
    html = console.get("/console/mes-echanges/").text
    fields = re.findall(r'<input[^>]*type="(?:text|search)"[^>]*>|<textarea[^>]*>', html)
    assert [field for field in fields if 'name="number"' not in field] == []  # the number of a file is nobody's text
    assert AccessRecord.objects.count() == 0  # opening the page searches for nothing
