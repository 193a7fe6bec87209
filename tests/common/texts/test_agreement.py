"""Nothing that is said to a person takes them for a man: nobody knows the gender of who reads.

What is said of anybody (« pour rester discret ») is not said to the person.
"""

import json
import re
from importlib import import_module

import pytest
from django.apps import apps

from chat.models import CannedReply
from common.texts.catalogue import CATALOGUE
from pnav.pages.models import ContentBlock, HelpNumber
from triage.questionnaire import document
from triage.questionnaire.results import BUILT_IN

OF_A_MAN = r"(?:seul|sûr|inquiet|prêt|prévenu|obligé|accompagné|protégé|petit|discret|appuyé|aidé)\b"
TAKEN_FOR_A_MAN = re.compile(
    r"^Harcelé\b|\b(?:tu (?:n'es|es)|vous (?:n'êtes|en êtes|êtes)) (?:pas |plus |trop |toujours )?" + OF_A_MAN
    + r"|\b(?:vous|toi|tout) seul\b|âge, seul\b|: seul,|\brester seul\b"
    + r"|\bvous devez rester discret\b|\brestez? appuyé\b"
    + r"|\b(?:vous |t'|te )a(?:-t-il)? aidé\b|\bdroit (?:à |d')être \w+é\b|\bpouvez [^.]*être accompagné\b",
    re.IGNORECASE,
)  # fmt: skip


def found_in(texts: dict[str, str]) -> dict[str, str]:
    plain = {place: text.replace("’", "'").replace("\u00a0", " ") for place, text in texts.items()}
    return {place: match[0] for place, text in plain.items() if (match := TAKEN_FOR_A_MAN.search(text))}


def rows() -> dict[str, str]:
    """Return what the administrators' rows say in French when a service begins."""
    said = {}
    for row in [*ContentBlock.objects.all(), *HelpNumber.objects.all()]:
        parts = {part: getattr(row, part) for part in row.text_fields}
        parts |= {part: text for (language, part), text in row.texts.items() if language == "fr"}
        said |= {f"{row} {part}": text for part, text in parts.items()}
    for reply in CannedReply.objects.all():
        said |= {f"{reply.title} vous": reply.vous, f"{reply.title} tu": reply.tu}
    return said


def test_no_sentence_and_no_question_takes_the_reader_for_a_man() -> None:
    sentences = {f"{key} {form}": text for key, one in CATALOGUE.items() for form, text in one.origins().items()}
    assert len(sentences) > 500
    questionnaire = json.dumps(document.dump(BUILT_IN), ensure_ascii=False)
    assert found_in({**sentences, "questionnaire": questionnaire}) == {}


@pytest.mark.django_db
def test_no_section_number_or_shared_reply_takes_the_reader_for_a_man() -> None:
    said = rows()
    assert len(said) > 100
    assert found_in(said) == {}


@pytest.mark.django_db
def test_texts_stay_current_and_a_sentence_that_somebody_wrote_stays() -> None:
    module = import_module("pnav.pages.migrations.0019_nobody_is_said_to_be_a_man")
    assert not any(ContentBlock.objects.get(slug=slug).outdated() for slug in module.SECTIONS)
    own, other = (ContentBlock.objects.get(slug=slug) for slug in ("formes", "premiers-gestes"))
    own.body = "Vous n'êtes pas sûr ? Écrivez-nous."
    own.save()
    other.text_rows.filter(language="en", part="body").update(source_text="Autre chose")
    for before, after in module.SECTIONS["premiers-gestes"][:1]:
        ContentBlock.objects.filter(pk=other.pk).update(body=other.body.replace(after, before))
    module.say_without(apps, None)
    own, other = (ContentBlock.objects.get(pk=block.pk) for block in (own, other))
    assert own.body == "Vous n'êtes pas sûr ? Écrivez-nous."
    assert "porter cela sans aide" in other.body and "rester seul" not in other.body
    assert other.outdated()["body_en"] == "Autre chose"
