"""What visitors are told of their name, of evidence and of numbers holds wherever it is said.

A sentence that is true with its exception was said without it in some places.
"""

import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from django.apps import apps
from django.utils.translation import gettext, override

from chat.models import CannedReply
from common.texts.catalogue import CATALOGUE
from pnav.pages.models import ContentBlock, HelpNumber

PROSECUTOR = re.compile(r"autorisation du procureur|authorisation (?:of|by) the public prosecutor")
DANGER = re.compile(r"\bvie est en danger|life is in danger")
# Numbers that answer no more, and the names that they had (facts-more, C11).
FORMER = re.compile(r"\b3020\b|Net Écoute|0800 ?200 ?000|08 ?VICTIMES")
SCREENSHOTS = re.compile(r"captures? d'écran|screenshots", re.IGNORECASE)
NOT_OF_MINORS = re.compile(r"(?:N'enregistrez|N'enregistre) pas|Do not save")
DANGER_AND_NUMBERS = "pnav.pages.migrations.0021_danger_and_former_numbers"
EVIDENCE = "Garder les preuves"


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
def test_no_number_that_answers_no_more_is_printed():
    said = [*sentences(), *rows(ContentBlock, HelpNumber, CannedReply)]
    assert len(said) > 1500 and [place for place, text in said if FORMER.search(text)] == []


@pytest.mark.django_db
def test_shared_reply_that_asks_for_screenshots_says_of_what_none_is_taken():
    said = {place: text for place, text in rows(CannedReply) if SCREENSHOTS.search(text)}
    assert len(said) >= 7 and [place for place, text in said.items() if not NOT_OF_MINORS.search(text)] == []


# --- the rows of a service that is in use -----------------------------------------------------------------------------


def section_of_before(slug: str) -> ContentBlock:
    """Restore what the version before said in a section, in each voice and language."""
    block = ContentBlock.objects.get(slug=slug)
    for (language, part), (before, after) in import_module(DANGER_AND_NUMBERS).SECTIONS[slug].items():
        if (language, part) == ("fr", "body"):
            block.body = block.body.replace(after, before)
        else:
            name = block.text_name(language, part)
            block.set_texts({name: block.named_texts()[name].replace(after, before)})
    block.save()
    return block


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ["bon-a-savoir", "numeros-mefiance"])
def test_section_that_nobody_changed_says_the_whole(slug: str):
    after = ContentBlock.objects.get(slug=slug).named_texts()
    before = section_of_before(slug)
    assert before.named_texts() != after and before.outdated() == {}
    import_module(DANGER_AND_NUMBERS).say(apps, None)
    block = ContentBlock.objects.get(slug=slug)
    assert block.named_texts() == after and block.outdated() == {}


@pytest.mark.django_db
def test_section_that_somebody_wrote_anew_stays_and_a_translation_of_theirs_is_outdated():
    module = import_module(DANGER_AND_NUMBERS)
    own = section_of_before("bon-a-savoir")
    own.body = "Notre texte."
    own.save()
    other = section_of_before("numeros-mefiance")
    former = other.body
    other.set_texts({"body_en": "Our own text: 3020."}).save()
    module.say(apps, None)
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
