"""What visitors are told of their name, of evidence and of numbers holds wherever it is said.

A sentence that is true with its exception was said without it in some places.
"""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module

import polib
import pytest
from django.apps import apps
from django.utils.translation import gettext, override

from chat.models import CannedReply
from common.texts.catalogue import CATALOGUE
from pnav.pages.models import ContentBlock, HelpNumber
from reports.models import Report
from tests.pages.test_translations import CATALOGUES as TRANSLATIONS
from triage.questionnaire.outcomes import Outcome
from triage.questionnaire.questions import When
from triage.questionnaire.results import RESULTS

PROSECUTOR = re.compile(r"autorisation du procureur|authorisation (?:of|by) the public prosecutor")
DANGER = re.compile(r"\bvie est en danger|life is in danger")
# Numbers that answer no more, and the names that they had (facts-more, C11).
FORMER = re.compile(r"\b3020\b|Net Écoute|0800 ?200 ?000|08 ?VICTIMES")
SCREENSHOTS = re.compile(r"captures? d'écran|screenshots", re.IGNORECASE)
NOT_OF_MINORS = re.compile(r"(?:N'enregistrez|N'enregistre) pas|Do not save")
DANGER_AND_NUMBERS = "pnav.pages.migrations.0021_danger_and_former_numbers"
WORDS_THAT_HOLD = "pnav.pages.migrations.0022_words_that_hold"
SOUND_OF_AN_ANSWER = "pnav.pages.migrations.0023_sound_of_an_answer"
PROSECUTOR_FOR_MINORS = "pnav.pages.migrations.0024_prosecutor_for_minors"
SOUND_BESIDE_THE_NUMBER = "pnav.pages.migrations.0025_sound_beside_the_number"
FOUND_OUT = re.compile(r"chercher qui (?:tu es|vous êtes)|look for who you are")
AUTHORISED = re.compile(r"procureur|la justice peut|prosecutor|the courts may")
EVIDENCE = "Garder les preuves"
# The 3018 answers from 9 am to 11 pm, and 116 006 in the daytime.
IN_DANGER = re.compile(r"^(?:En danger|In danger|If you are in danger)\b")
YOUNG_LINE, ITS_HOURS = re.compile(r"numero_jeunes|3018"), re.compile(r"de 9 h à 23 h|from 9 am to 11 pm")
VICTIMS_LINE, EVERY_DAY = re.compile(r"numero_victimes|116 006"), re.compile(r"7 ?j/7|tous les jours|every day|7 days")
IN_THE_DAYTIME = re.compile(r"en journée|in the daytime")
ANSWERS_NOW = re.compile(r"ces numéros répondent|these numbers answer")
DISCREET_BY_TEXT = re.compile(
    r"(?=.*(?:\bSMS\b|\b114\b|text message)).*(?:rester discret|SMS, sans parler|discreet with|stay unnoticed)",
    re.DOTALL,
)
SOUND = re.compile(r"\bson\b|\bsound\b")
KEEPS_THE_CONVERSATION = re.compile(r"N'effacez? pas la conversation|Do not delete the conversation")
BILL = re.compile(r"\bfactures?\b|\bbill\b")
CALL_LOG = re.compile(r"journal du téléphone|phone's call log")
COMPLAINT_IS_THEIRS = re.compile(
    r"plainte(?:, elle,)? est celle de|[Pp]orter plainte revient|plainte revient à|personne qui subit les faits peut "
    r"porter plainte|complaint is the victim's|complaint is up to|complaint is for the person"
)
PARENTS = re.compile(r"\bparents\b")
NO_TRACES = re.compile(r"pas laisser de traces?|sans (?:laisser de )?traces?|leave no traces?", re.IGNORECASE)
# English that meant something else, or nothing.
MISREAD = re.compile(
    r"feel like nothing|single care|apology of|authors' accounts|put an app|most serious facts|without a sound"
)


def plain(text: str) -> str:
    return text.replace("’", "'").replace("\u00a0", " ")


def sentences() -> Iterator[tuple[str, str]]:
    """Yield each sentence of the catalogue in each voice, in French and in English."""
    for key, one in CATALOGUE.items():
        for form, text in one.origins().items():
            yield f"{key} {form}", plain(text)
            with override("en"):
                yield f"{key} {form} en", plain(gettext(text))


def rows(*models: type) -> Iterator[tuple[str, str]]:
    """Yield each text of the rows that a service begins with, in each voice and language."""
    for model in models:
        for row in model.objects.all():  # type: ignore[attr-defined]
            parts = {("fr", part): getattr(row, part) for part in row.text_fields} | row.texts
            yield from ((f"{row} {part} {language}", plain(text)) for (language, part), text in parts.items())


@pytest.mark.django_db
def test_whoever_reads_of_the_prosecutor_reads_that_a_life_in_danger_is_enough():
    """A sealed name is opened before any authorisation when a life is in danger (docs/adr/0032)."""
    said = {place: text for place, text in (*sentences(), *rows(ContentBlock)) if PROSECUTOR.search(text)}
    assert len(said) >= 13 and [place for place, text in said.items() if not DANGER.search(text)] == []


@pytest.mark.django_db
def test_whoever_reads_that_danger_lifts_anonymity_reads_that_a_prosecutor_may():
    """The pages of minors named the danger alone (facts-more, C5)."""
    said = {place: text for place, text in (*sentences(), *rows(ContentBlock)) if FOUND_OUT.search(text)}
    assert len(said) >= 12 and [place for place, text in said.items() if not AUTHORISED.search(text)] == []


@pytest.mark.django_db
def test_no_number_that_answers_no_more_is_printed():
    said = [*sentences(), *rows(ContentBlock, HelpNumber, CannedReply)]
    assert len(said) > 1500 and [place for place, text in said if FORMER.search(text)] == []


@pytest.mark.django_db
def test_shared_reply_that_asks_for_screenshots_says_of_what_none_is_taken():
    said = {place: text for place, text in rows(CannedReply) if SCREENSHOTS.search(text)}
    assert len(said) >= 7 and [place for place, text in said.items() if not NOT_OF_MINORS.search(text)] == []


def test_who_is_in_danger_is_given_no_line_that_may_be_closed():
    """At night the pages of a failure gave a child in danger the 3018 alone, which answers from 9 am to 11 pm."""
    said = {place: text for place, text in sentences() if IN_DANGER.search(text)}
    wrong = [place for place, text in said.items() if YOUNG_LINE.search(text) and not ITS_HOURS.search(text)]
    assert len(said) >= 12 and wrong == []
    assert all("numero_enfance" in said[f"{key} vous"] for key in ("chat.away_danger", "busy.danger"))


def test_who_cannot_speak_is_told_to_turn_the_sound_off_before_writing_to_114():
    """« Sans bruit » was untrue: the answer of 114 makes the telephone ring."""
    [one] = RESULTS[Outcome.DANGER].service
    assert [plain(str(text)).partition("SMS. ")[2] for text in (one.vous, one.tu, one.other)] == [
        "Coupez d'abord le son du téléphone.",
        "Coupe d'abord le son du téléphone.",
        "Il faut d'abord couper le son du téléphone.",
    ]


@pytest.mark.django_db
def test_114_is_nowhere_said_to_be_discreet_without_a_word_on_the_sound():
    """Its answer rings. Beside its button this was said nowhere: the sentence about it is below the first screen."""
    said = [(place, text) for place, text in (*sentences(), *rows(ContentBlock)) if DISCREET_BY_TEXT.search(text)]
    assert len(said) >= 5 and [place for place, text in said if not SOUND.search(text)] == []


@pytest.mark.django_db
def test_minor_who_is_afraid_at_home_reads_how_to_call_for_help_without_speaking():
    block = ContentBlock.objects.get(slug="mineurs-test")
    for body, afraid in (
        (block.body, "J'ai peur à la maison"),
        (block.named_texts()["body_en"], "I am afraid at home"),
    ):
        [line] = [plain(line) for line in body.splitlines() if afraid in plain(line)]
        assert "(tel:119)" in line and "(tel:17)" in line and "(sms:114)" in line and SOUND.search(line)


def test_who_may_have_an_image_of_a_minor_is_told_to_keep_the_conversation_it_is_in():
    """The page told adults so, and not a minor whose own image it is."""
    said = [text for place, text in sentences() if place.startswith("captures.question_why ")]
    assert len(said) >= 4 and [text for text in said if not KEEPS_THE_CONVERSATION.search(text)] == []


@pytest.mark.parametrize("outcome", [Outcome.CHAT, Outcome.CHAT_MINOR])
def test_reason_that_repetition_gives_leaves_it_to_the_courts(outcome: Outcome):
    """The law asks for an effect as well (code pénal, art. 222-33-2-2), of which the questionnaire asks nothing."""
    repeated = (When(repetition="repeated"),), (When(repetition="group"),)
    said = [str(one.text.vous) for group in RESULTS[outcome].reasons for one in group if one.when in repeated]
    assert len(said) == 2 and all(": ce peut être du cyberharcèlement" in text for text in said)


@pytest.mark.django_db
def test_victims_line_that_answers_each_day_is_said_to_answer_in_the_daytime():
    said = [*sentences(), *rows(HelpNumber, CannedReply)]
    hours = {place: text for place, text in said if VICTIMS_LINE.search(place + text) and EVERY_DAY.search(text)}
    hours |= {place: text for place, text in said if place.startswith("numbers.victims_hours")}
    assert len(hours) >= 10 and [place for place, text in hours.items() if not IN_THE_DAYTIME.search(text)] == []
    assert [place for place, text in said if ANSWERS_NOW.search(text)] == []


@pytest.mark.django_db
def test_call_that_is_not_on_the_bill_is_said_to_stay_in_the_log_of_the_phone():
    said = {place: text for place, text in (*sentences(), *rows(ContentBlock)) if BILL.search(text)}
    assert len(said) >= 6 and [place for place, text in said.items() if not CALL_LOG.search(text)] == []


@pytest.mark.django_db
def test_whoever_reads_whose_the_complaint_is_reads_that_parents_may_file_one_for_a_minor():
    said = [*sentences(), *rows(ContentBlock, CannedReply)]
    theirs = {place: text for place, text in said if COMPLAINT_IS_THEIRS.search(text)}
    assert len(theirs) >= 15 and [place for place, text in theirs.items() if not PARENTS.search(text)] == []


def test_nothing_promises_to_leave_no_traces():
    """A browser keeps a history that no site can erase."""
    for path in TRANSLATIONS:
        said = [text for entry in polib.pofile(str(path)) for text in (entry.msgid, entry.msgstr)]
        assert len(said) > 2000 and [text for text in said if NO_TRACES.search(text)] == []


def test_sentences_that_were_no_french_or_promised_too_much_are_said_no_more():
    """« Je conteste, pendant 6 mois » made of a delay a duration; what the law forbids of evidence is not settled."""
    former = re.compile(
        r"Je conteste .{0,30}pendant|en une touche\.|La loi interdit d'enregistrer|I contest with the site"
    )
    assert [place for place, text in sentences() if former.search(text)] == []
    assert "lisibles ici jusqu'à la fin de la visite" in plain(str(CATALOGUE["chat.ended_by_agent"].vous))


def test_page_of_personal_data_says_which_columns_are_not_encrypted():
    told = plain(str(CATALOGUE["privacy.exchange_told"].vous))
    assert "Ce que vous cochez (votre rôle, l'âge, les faits), le code postal et la commune ne le sont pas" in told
    clear = {field.name for field in Report._meta.get_fields()} - set(Report.SEALED)
    assert {"role", "age_band", "facts", "platforms", "since", "expectations", "postal_code", "municipality"} <= clear


def test_place_that_is_kept_for_the_visit_is_said_to_stay_with_an_exchange():
    """A report keeps the postal code and the municipality until it is deleted."""
    said = dict.fromkeys(
        ("places.search_privacy", "privacy.visit_told", "privacy.visit_hours"), "Si un échange commence,"
    )
    # Whoever leaves the site may have an exchange already, and begins none.
    for key, words in {**said, "quit.erases_visit": "Si un échange a commencé,"}.items():
        texts = [plain(str(text)) for text in (CATALOGUE[key].vous, CATALOGUE[key].tu) if text]
        assert all(words in text for text in texts), key


def test_page_of_personal_data_names_the_supervisor_on_call():
    """`chat.supervision.intervention` lets them join as those of the unit."""
    assert "Seule la personne qui vous répond" not in str(CATALOGUE["privacy.access_agent"].vous)
    assert "ou d'astreinte pour elle, peut rejoindre" in plain(str(CATALOGUE["privacy.access_supervisor"].vous))


@pytest.mark.django_db
def test_english_of_the_pages_says_nothing_that_is_misread():
    said = [*sentences(), *rows(ContentBlock, HelpNumber, CannedReply)]
    assert [place for place, text in said if MISREAD.search(text)] == []


@pytest.mark.django_db
def test_who_is_told_to_block_is_told_first_to_keep_the_messages():
    texts = ContentBlock.objects.get(slug="simple-ce-que-tu-peux-faire").named_texts()
    body = ContentBlock.objects.get(slug="simple-ce-que-tu-peux-faire").body
    assert 0 < body.index("Garde les messages") < body.index("**bloque**")
    assert 0 < texts["body_en"].index("Keep the messages") < texts["body_en"].index("**block**")


# --- the rows of a service that is in use -----------------------------------------------------------------------------

type Words = Mapping[tuple[str, str], tuple[str, str]]


def changes_of(slug: str) -> list[Words]:
    """Return what migrations have changed of a section, in their order."""
    return [
        *[words for changed, words in import_module(DANGER_AND_NUMBERS).SECTIONS.items() if changed == slug],
        *[words for changed, words in LATER if changed == slug],
    ]


LATER = [
    *import_module(WORDS_THAT_HOLD).SECTIONS,
    *import_module(SOUND_OF_AN_ANSWER).SECTIONS,
    *import_module(PROSECUTOR_FOR_MINORS).SECTIONS,
]
CHANGED = sorted({slug for slug, _words in LATER} | {"numeros-mefiance"})


def said_by(row: ContentBlock | HelpNumber | CannedReply) -> dict[str, str]:
    """Return each text of a row as it is now, by name."""
    return {name: getattr(row, name) for name in row.text_fields} | row.named_texts()


def restore(row: ContentBlock | HelpNumber, changes: list[Words]) -> None:
    """Restore what the versions before said in a row, in each voice and language."""
    for words in reversed(changes):
        for (language, part), (before, after) in words.items():
            if language == "fr" and part in row.text_fields:
                setattr(row, part, getattr(row, part).replace(after, before))
            else:
                name = row.text_name(language, part)
                row.set_texts({name: row.named_texts()[name].replace(after, before)})
    row.save()


def section_of_before(slug: str) -> ContentBlock:
    block = ContentBlock.objects.get(slug=slug)
    restore(block, changes_of(slug))
    return block


def say() -> None:
    for name in (DANGER_AND_NUMBERS, WORDS_THAT_HOLD, SOUND_OF_AN_ANSWER, PROSECUTOR_FOR_MINORS):
        import_module(name).say(apps, None)


@pytest.mark.django_db
@pytest.mark.parametrize("slug", CHANGED)
def test_section_that_nobody_changed_says_the_whole(slug: str):
    now = said_by(ContentBlock.objects.get(slug=slug))
    before = section_of_before(slug)
    assert said_by(before) != now and before.outdated() == {}
    for words in changes_of(slug):
        for language, part in words:
            text = before.body if (language, part) == ("fr", "body") else before.texts[language, part]
            assert words[language, part][0] in text
    say()
    block = ContentBlock.objects.get(slug=slug)
    assert said_by(block) == now and block.outdated() == {}
    say()
    assert said_by(ContentBlock.objects.get(slug=slug)) == now


@pytest.mark.django_db
def test_hours_of_a_number_that_nobody_changed_say_the_daytime():
    module = import_module(WORDS_THAT_HOLD)

    def number() -> HelpNumber:
        return HelpNumber.objects.get(number=module.NUMBER)

    now = said_by(number())
    restore(before := number(), [module.HOURS])
    assert before.hours == "7j/7" and before.outdated() == {}
    module.say(apps, None)
    assert said_by(number()) == now and number().outdated() == {}
    restore(before := number(), [module.HOURS])
    before.hours = "7j/7, de 9h à 20h"
    before.save()
    module.say(apps, None)
    assert number().hours == "7j/7, de 9h à 20h" and number().named_texts()["hours_en"] == "7 days a week"


@pytest.mark.django_db
def test_card_of_114_says_that_the_sound_comes_off_first():
    """Who must not be heard takes the number from its card, far above the section that said so."""
    module = import_module(SOUND_BESIDE_THE_NUMBER)

    def number() -> HelpNumber:
        return HelpNumber.objects.get(number=module.NUMBER)

    now = said_by(number())
    assert all(SOUND.search(now[name]) for name in ("audience", "audience_tu", "audience_en"))
    restore(before := number(), [module.AUDIENCE])
    assert not SOUND.search(before.audience) and before.outdated() == {}
    module.say(apps, None)
    assert said_by(number()) == now and number().outdated() == {}
    module.say(apps, None)
    assert said_by(number()) == now
    before.audience = own = "Par SMS seulement."
    before.save()
    module.say(apps, None)
    assert number().audience == own


@pytest.mark.django_db
def test_change_of_one_language_alone_leaves_the_others_as_they_were():
    before = section_of_before("mineurs-couple")
    before.set_texts({"body_en": before.named_texts()["body_en"] + " Our own."}).save()
    before.body += " Notre phrase."  # nobody has looked at the English since
    before.save()
    outdated = before.outdated()
    say()
    block = ContentBlock.objects.get(slug="mineurs-couple")
    assert "install an app" in block.named_texts()["body_en"] and block.named_texts()["body_en"].endswith(" Our own.")
    assert list(outdated) == ["body_en"] and block.outdated() == outdated


@pytest.mark.django_db
def test_section_that_somebody_wrote_anew_stays_and_a_translation_of_theirs_is_outdated():
    own = section_of_before("bon-a-savoir")
    own.body = "Notre texte."
    own.save()
    other = section_of_before("numeros-mefiance")
    former = other.body
    other.set_texts({"body_en": "Our own text: 3020."}).save()
    say()
    own, other = (ContentBlock.objects.get(pk=block.pk) for block in (own, other))
    assert own.body == "Notre texte."
    assert other.named_texts()["body_en"] == "Our own text: 3020." and other.outdated() == {"body_en": former}
    assert "3020" not in other.body + other.named_texts()["body_tu"]


@pytest.mark.django_db
def test_reply_about_evidence_is_completed_where_nobody_changed_it():
    module = import_module("chat.migrations.0068_no_capture_of_a_minor")
    reply = CannedReply.objects.get(title=EVIDENCE)
    after = {"vous": reply.vous, "tu": reply.tu, **reply.named_texts()}

    def restore(**own: str) -> None:
        first = {name: text.partition(" Si c’est")[0].partition(" If it is")[0] for name, text in after.items()} | own
        reply.vous, reply.tu = first.pop("vous"), first.pop("tu")
        reply.set_texts(first).save()
        module.say_what_is_not_captured(apps, None)
        reply.refresh_from_db()

    restore()
    assert {"vous": reply.vous, "tu": reply.tu, **reply.named_texts()} == after and reply.outdated() == {}
    restore(vous="Gardez tout.", tu_en="Keep it all.")
    assert reply.vous == "Gardez tout." and reply.tu == after["tu"]
    assert reply.named_texts()["tu_en"] == "Keep it all." and list(reply.outdated()) == ["tu_en"]


@pytest.mark.django_db
@pytest.mark.parametrize("title", ["Qui aide : la plainte est la sienne", "Qui aide : les numéros pour la personne"])
def test_reply_to_who_helps_is_completed_where_nobody_changed_it(title: str):
    module = import_module("chat.migrations.0069_parents_and_hours")
    [words] = [one for one in module.CHANGES if one["fr"][1] in CannedReply.objects.get(title=title).vous]

    def reply() -> CannedReply:
        return CannedReply.objects.get(title=title)

    def put_back() -> CannedReply:
        row = reply()
        row.vous, row.tu = (text.replace(*reversed(words["fr"])) for text in (row.vous, row.tu))
        row.set_texts({"vous_en": row.named_texts()["vous_en"].replace(*reversed(words["en"]))}).save()
        return row

    now = said_by(reply())
    before = put_back()
    assert said_by(before) != now and before.outdated() == {}
    module.say(apps, None)
    assert said_by(reply()) == now and reply().outdated() == {}
    put_back().set_texts({"vous_en": "Ours."}).save()
    module.say(apps, None)
    assert said_by(reply()) == now | {"vous_en": "Ours."}
    assert list(reply().outdated()) == ["vous_en"]
