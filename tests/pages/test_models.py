from datetime import date, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from common import encryption
from common.service_settings import definitions
from common.texts.text_rows import Translated
from pnav.pages import actions
from pnav.pages.models import (
    FEEDBACK_MAX_LENGTH,
    ContentBlock,
    Feedback,
    HelpNumber,
    RemovalPlatform,
    overdue_filter,
)

pytestmark = pytest.mark.django_db
TODAY = date(2026, 1, 10)


def test_overdue_counts_from_the_last_check():
    HelpNumber.objects.all().delete()
    limit = TODAY - timedelta(days=definitions.REVIEW.default)
    for number, verified_on in (("1", None), ("2", limit - timedelta(days=1)), ("3", limit), ("4", TODAY)):
        HelpNumber.objects.create(number=number, label="x", audience="x", verified_on=verified_on)
    found = HelpNumber.objects.filter(overdue_filter(TODAY))
    assert {number.number for number in found} == {"1", "2"}
    assert all(number.is_overdue(TODAY) == (number in found) for number in HelpNumber.objects.all())


def test_help_number_href_text_and_call():
    assert HelpNumber(number="114", use=HelpNumber.Use.TEXT).href == "sms:114"
    assert HelpNumber(number="116 006").href == "tel:116006"
    assert HelpNumber(number="33700", use=HelpNumber.Use.TEXT, has_link=False).href == ""


def test_contents_in_english_fall_back_to_french():
    block = ContentBlock(title="Titre", body="Texte").set_texts({"title_en": "Title"})
    assert block.shown_title == "Titre"
    with translation.override("en"):
        assert block.shown_title == "Title"
        assert block.html == "<p>Texte</p>"


def test_first_contents_have_english_and_source():
    for block in ContentBlock.objects.all():
        texts = block.named_texts()
        assert texts["title_en"] and texts["body_en"] and block.source, block.slug
    for number in HelpNumber.objects.all():
        texts = number.named_texts()
        assert texts["label_en"] and texts["audience_en"], number.number
        assert number.source or number.doubt, number.number
        assert bool(number.hours) == bool(texts["hours_en"]), number.number


def test_first_contents_state_no_doubt():
    """What the sources leave open is in `doubt`; a number that nobody checked has no date."""
    number = HelpNumber.objects.get(number="3919")
    assert not number.is_free and "Gratuité" in number.doubt and number.verified_on is None
    assert all("aucun" not in one.written and "vérifier" not in one.written for one in HelpNumber.objects.all())


def test_feedback_too_long_is_refused():
    actions.give_feedback(rating=Feedback.Rating.YES, page=Feedback.Page.HOME, text="é" * FEEDBACK_MAX_LENGTH)
    with pytest.raises(ValueError, match="too long"):
        actions.give_feedback(rating=Feedback.Rating.YES, page=Feedback.Page.HOME, text="é" * (FEEDBACK_MAX_LENGTH + 1))
    assert Feedback.objects.count() == 1


def test_feedback_holds_nothing_about_the_person():
    names = {field.name for field in Feedback._meta.get_fields()}
    assert names == {"id", "rating", "page", "place", "sealed_text", "created_at"}


@pytest.mark.parametrize(
    ("at", "midnight"),
    [
        ("2027-07-01T21:59:59.123456+00:00", "2027-06-30T22:00:00+00:00"),
        ("2027-07-01T22:00:00+00:00", "2027-07-01T22:00:00+00:00"),
        ("2027-12-31T23:30:00+00:00", "2027-12-31T23:00:00+00:00"),
        ("2027-10-31T12:00:00+00:00", "2027-10-30T22:00:00+00:00"),
    ],
    ids=["evening in summer", "midnight", "next year in Paris", "day of twenty-five hours"],
)
def test_feedback_keeps_the_day_and_no_hour(monkeypatch, at, midnight):
    """The opinion is given from the page of the end: an hour would name the exchange that ended just before."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime.fromisoformat(at))
    with timezone.override("Pacific/Noumea"):
        given = actions.give_feedback(rating=Feedback.Rating.YES, page=Feedback.Page.CHAT, text="")
    assert Feedback.objects.get(pk=given.pk).created_at == datetime.fromisoformat(midnight)


def test_feedback_from_before_loses_its_hour(monkeypatch):
    migration = import_module("pnav.pages.migrations.0020_day_of_an_opinion")
    monkeypatch.setattr(migration, "BATCH", 2)
    hours = ["2027-07-01T21:59:59.123456+00:00", "2027-06-30T22:00:00+00:00", "2026-11-30T03:12:45.5+00:00"]
    for at in hours:
        Feedback.objects.create(rating=Feedback.Rating.NO, created_at=datetime.fromisoformat(at))
    migration.keep_the_day(apps, None)
    kept = [one.isoformat() for one in Feedback.objects.order_by("pk").values_list("created_at", flat=True)]
    assert kept == ["2027-06-30T22:00:00+00:00", "2027-06-30T22:00:00+00:00", "2026-11-29T23:00:00+00:00"]


def test_feedback_is_sealed_for_its_place():
    one, other = (
        actions.give_feedback(rating=Feedback.Rating.YES, page=Feedback.Page.HOME, text=text)
        for text in ("clair et MARQUE", "autre")
    )
    assert Feedback.objects.get(pk=one.pk).text == "clair et MARQUE"
    assert b"MARQUE" not in bytes(one.sealed_text)
    Feedback.objects.filter(pk=other.pk).update(sealed_text=one.sealed_text)
    with pytest.raises(encryption.UnsealError):
        _read = Feedback.objects.get(pk=other.pk).text
    nothing = actions.give_feedback(rating=Feedback.Rating.YES, page=Feedback.Page.HOME, text="")
    assert (nothing.sealed_text, nothing.text) == (None, "")


# --- signs that nobody sees -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["title", "body", "title_tu", "body_tu", "title_en", "body_en"])
@pytest.mark.parametrize("sign", ["\u202e", "\u200b", "\u2066"])
def test_content_refuses_what_sentences_refuse_beside_its_field(name: str, sign: str) -> None:
    block = ContentBlock(slug="essai", title="Essai", body="Un.\r\nDeux.")
    block.set_texts({"title_en": "Trial", "body_en": "One.\nTwo."})
    block.full_clean()
    if name in {"title", "body"}:
        setattr(block, name, f"À l'envers{sign}")
    else:
        block.set_texts({name: f"Backwards{sign}"})
    with pytest.raises(ValidationError) as refused:
        block.full_clean()
    assert list(refused.value.message_dict) == [name] and f"U+{ord(sign):04X}" in str(refused.value)


@pytest.mark.parametrize("model", [ContentBlock, HelpNumber, RemovalPlatform])
def test_what_comes_with_the_site_is_not_refused(model: type[Translated]) -> None:
    rows = model._default_manager.all()
    assert rows
    for row in rows:
        row.full_clean()
