"""What was said before the exchange stands beside the elements of the sheet: it is read, shown as « à confirmer », and
confirmed with one press.
"""

import re
from html import unescape

import pytest

from chat.casework import reported_elements
from chat.casework.reported_elements import NO, UNCLEAR, YES, Origin, read_reported
from chat.console import casework_panels
from chat.models.casework import FactSheet
from reports.models import AgeBand, Fact, Platform, Since
from reports.rules.offence_elements import QUESTIONS, Element
from tests.chat.casework.desk import save
from tests.chat.console.agents import page_of
from tests.factories import chat as make
from tests.triage.paths import ADULT, CHAT
from triage.questionnaire import past
from triage.questionnaire.questions import VERSION
from triage.questionnaire.results import BUILT_IN

pytestmark = pytest.mark.django_db


def reported(answers=(), **fields):
    return read_reported(make.report(**fields), dict(answers), under=BUILT_IN)


def words(found) -> list[str]:
    return [said.words for said in found.said]


# --- what an answer says ----------------------------------------------------------------------------------------------


def test_answers_of_the_orientation_speak_of_elements_in_the_words_that_were_read():
    found = reported(CHAT)
    assert found[Element.REPEATED].says == YES
    assert words(found[Element.REPEATED]) == ["Est-ce arrivé plusieurs fois ? Oui, plusieurs fois"]
    assert found[Element.REPEATED].said[0].origin == Origin.ORIENTATION
    assert found[Element.HOSTILE].says == UNCLEAR, "insults do not settle it"
    assert Element.MONEY not in found, "nobody spoke of it"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("group", {Element.GROUP: YES}),
        ("once", {Element.REPEATED: NO, Element.GROUP: NO}),
        ("threat", {Element.THREAT: UNCLEAR, Element.BLACKMAIL: UNCLEAR}),
        ("unsure", {}),
    ],
)
def test_what_each_answer_about_repetition_says(answer, expected):
    found = reported({**CHAT, "repetition": answer})
    of_repetition = (Element.REPEATED, Element.GROUP, Element.THREAT, Element.BLACKMAIL)
    assert {name: found[name].says for name in of_repetition if name in found} == expected


def test_signalement_says_where_since_when_and_the_age():
    found = reported(
        facts=[Fact.IMAGE], platforms=[Platform.SOCIAL, Platform.GAME], since=Since.MONTH, age_band="15_17"
    )
    assert (found[Element.ONLINE].says, words(found[Element.ONLINE])) == (YES, ["Réseau social", "Jeu en ligne"])
    assert found[Element.IMAGE].says == found[Element.MINOR].says == YES
    assert found[Element.REPEATED].says == UNCLEAR and "Quelques semaines" in words(found[Element.REPEATED])[0]
    assert {said.origin for one in found.values() for said in one.said} == {Origin.REPORT}
    assert reported(age_band="adult")[Element.MINOR].says == NO
    assert reported(platforms=[Platform.OTHER], facts=[Fact.OTHER]) == {}


def test_what_the_form_began_with_is_not_said_twice():
    found = reported({**ADULT, "facts": "image", "image_money": "no"}, facts=[Fact.IMAGE])
    assert [said.origin for said in found[Element.IMAGE].said] == [Origin.ORIENTATION]


def test_answers_that_contradict_each_other_leave_it_open():
    assert reported_elements._settle([YES, NO]) == UNCLEAR
    assert reported_elements._settle([YES, UNCLEAR]) == YES


@pytest.mark.parametrize("role", ["victim", "witness", "relative", "professional", "of a later version"])
def test_it_says_who_said_it_and_never_raises(role):
    found = reported(platforms=["social", "of a later version"], facts=["unknown"], since="unknown", role=role)
    assert found[Element.ONLINE].who.startswith("par " if role != "of a later version" else "")


def test_answers_that_no_key_opens_leave_the_signalement():
    found = read_reported(make.report(platforms=[Platform.PHONE]), None, under=BUILT_IN)
    assert set(found) == {Element.ONLINE}


def test_every_answer_that_is_read_is_one_of_a_questionnaire():
    """An answer that was renamed would say nothing any more, silently."""
    known = {
        (question.id, option.value)
        for questionnaire in (BUILT_IN, *map(past.find, past.VERSIONS))
        for question in questionnaire.questions
        for option in question.options
    }
    assert sorted(set(reported_elements._ANSWERS) - known) == []


# --- on the screen ----------------------------------------------------------------------------------------------------


def sheet_in(html: str) -> str:
    return re.search(r'<form class="console-sheet".*?</form>', html, re.DOTALL).group(0)


def row_in(html: str, element: str) -> str:
    return re.search(
        rf'<div class="console-element"[^>]*id="fait-{element}-.*?</div>', sheet_in(html), re.DOTALL
    ).group(0)


def pressed(row: str) -> str:
    return re.search(r'value="\w+:(\w*)"[^>]*aria-pressed="true"', row).group(1)


def test_element_is_marked_as_said_and_stays_open_until_it_is_pressed(agent, console):
    platforms = [Platform.SOCIAL, Platform.GAME]
    conversation = make.assigned(agent, platforms=platforms, answers=CHAT, triage_version=VERSION)
    html = unescape(console.get(page_of(conversation)).text)
    row = row_in(html, Element.ONLINE)
    words = " ".join(re.sub("<[^>]*>", "", row).split())
    assert "Dit au signalement, à confirmer (par la victime) : « Réseau social », « Jeu en ligne »." in words
    assert re.search(r"<strong data-unconfirmed>\s*oui\s*</strong>", row) and pressed(row) == ""
    assert "à confirmer : 2 éléments" in html or "à confirmer : 3 éléments" in html
    assert not FactSheet.objects.exists() and "établi par l'échange" not in sheet_in(html)


def test_what_was_said_is_confirmed_by_a_button_that_names_it(agent, console):
    conversation = make.assigned(agent, age_band=AgeBand.ADULT)
    row = row_in(unescape(console.get(page_of(conversation)).text), Element.MINOR)
    said, words = re.search(r'value="minor:(\w*)" data-confirm>(.*?)<kbd', row, re.DOTALL).groups()
    assert (said, " ".join(words.split())) == ("no", "Confirmer : non, « 18 ans ou plus »")
    assert row.index("data-confirm") < row.index("aria-pressed"), "it comes before oui, non and ?"
    console.post(page_of(conversation) + "fiche/", {"version": "0", "press": f"minor:{said}"})
    assert FactSheet.objects.get().absent == ["minor"]
    row = row_in(console.get(page_of(conversation)).text, Element.MINOR)
    assert re.search(r'__confirm" data-unconfirmed hidden>', row), "it is confirmed"


def test_one_press_without_a_script_keeps_the_whole_sheet_and_comes_back_to_it(agent, console):
    conversation = make.assigned(agent, platforms=[Platform.SOCIAL])
    address = page_of(conversation) + "fiche/"
    sent = {"version": "0", "notes": "déjà tapé", "threat": "no", "press": "online:yes", "online": ""}
    answer = console.post(address, sent)
    assert answer.headers["Location"] == (
        f"/console/echange/{conversation.public_id}/?fiche=1#fait-online-{conversation.public_id}"
    )
    sheet = FactSheet.objects.get()
    assert (sheet.present, sheet.absent, sheet.words["notes"]) == (["online"], ["threat"], "déjà tapé")
    html = console.get(answer.headers["Location"]).text
    row = row_in(html, Element.ONLINE)
    assert pressed(row) == "yes" and re.search(r"<strong data-unconfirmed hidden>", row)
    assert re.search(r"<details id=\"fiche-pli-[^\"]*\" open>\s*<summary data-key=\"Q\">", html)
    console.post(address, {"version": "1", "online": "yes", "press": "online:"})
    assert FactSheet.objects.get().present == []


@pytest.mark.parametrize("press", ["", ":", "inconnu:yes", "online:peut-etre", "online", "press:yes", "x" * 5000])
def test_a_press_of_nothing_known_changes_no_answer(conversation, console, press):
    console.post(page_of(conversation) + "fiche/", {"version": "0", "threat": "yes", "press": press})
    assert [list(sheet.present) for sheet in FactSheet.objects.all()] in ([["threat"]], [])


def test_each_question_stands_once_in_the_sheet_and_what_was_said_is_not_asked_next(agent, console):
    conversation = make.assigned(agent, platforms=[Platform.SOCIAL])
    html = unescape(console.get(page_of(conversation)).text)
    for question in QUESTIONS.values():
        assert sheet_in(html).count(f">{question}</button>") == 1
    above = re.search(r'<div class="console-say-row".*?</div>', html, re.DOTALL).group(0)
    assert above.count("<li>") == 3 and str(QUESTIONS[Element.ONLINE]) not in above
    save(conversation, absent=[Element.ONLINE])
    assert casework_panels.sheet_panel(conversation).to_confirm == 0


# --- what follows the sheet -------------------------------------------------------------------------------------------


def area(html: str, name: str) -> str:
    found = re.search(rf'<textarea[^>]*id="{name}-[0-9a-f-]{{36}}"[^>]*>\n(.*?)</textarea>', html, re.DOTALL)
    return unescape(found.group(1)).strip()


def test_both_summaries_begin_with_the_signalement_and_the_sheet_and_no_word_of_the_messages(agent, console):
    conversation = make.assigned(
        agent, facts=[Fact.IMAGE], platforms=[Platform.SOCIAL], since=Since.WEEK, age_band="15_17"
    )
    make.message(conversation, "un-mot-des-messages")
    save(conversation, present=["blackmail"], notes={"dates": "mardi"})
    html = console.get(page_of(conversation)).text
    assert area(html, "resume-unite") == area(html, "resume")
    assert area(html, "resume").splitlines() == [
        "Âge de la victime : 15 à 17 ans",
        "Faits, dits au signalement : Photo ou vidéo humiliante ou intime",
        "Où : Réseau social",
        "Depuis : Quelques jours",
        "Chantage : oui",
        "Dates et heures des faits : mardi",
    ]
    assert area(html, "pour-elle") == "", "what the person will read is written by hand"


def test_summaries_of_whom_nothing_is_known_are_empty(conversation, console):
    html = console.get(page_of(conversation)).text
    assert area(html, "resume-unite") == area(html, "resume") == ""


def test_summary_of_the_end_follows_what_was_saved_by_itself(conversation, console):
    sent = {"autosave": "1", "version": "0", "press": "threat:yes"}
    html = console.post(page_of(conversation) + "fiche/", sent).text
    assert area(html, "resume") == area(html, "resume-unite") == "Menace : oui"


def test_error_of_a_text_comes_beside_it_and_goes_with_its_correction(conversation, console):
    address = page_of(conversation) + "fiche/"
    key, long = conversation.public_id, "x" * 4001
    saved_by_itself = console.post(address, {"autosave": "1", "version": "0", "dates": long}).text
    assert f'id="fait-dates-{key}-error"' in saved_by_itself and f'id="fait-notes-{key}-error"' not in saved_by_itself
    corrected = console.post(address, {"autosave": "1", "version": "0", "dates": "hier"}).text
    assert "-error" not in corrected
    whole = console.post(address, {"version": "1", "dates": long}).text
    assert re.search(rf'<textarea[^>]*id="fait-dates-{key}"[^>]*aria-invalid="true"[^>]*autofocus', whole)
