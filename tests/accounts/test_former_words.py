"""The history of every text that is edited in the admin says who changed it, when, and what it was before."""

import html
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from chat.models import CannedReply
from locations.models import Partner
from pnav.accounts.models import Role
from pnav.pages.models import ContentBlock, HelpNumber
from reports.models import AccessRecord
from tests.accounts.cast import give_session, make_user
from tests.accounts.conftest import _limits_of_this_test_alone  # noqa: F401  fixtures of a sign-in
from tests.accounts.test_audited_admin import Fields
from tests.factories import locations as places

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(client):
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    give_session(client, user)
    return user


def reply() -> CannedReply:
    return CannedReply.objects.create(title="Venir", subject="complaint", vous="Venez <b>ici</b>.\nÀ demain.", tu="")


def content() -> ContentBlock:
    return ContentBlock.objects.create(slug="essai", title="Titre", body="Venez <b>ici</b>.\nÀ demain.")


def number() -> HelpNumber:
    return HelpNumber.objects.create(number="99 99", label="Venez <b>ici</b>. À demain.", audience="tous")


def partner() -> Partner:
    return places.partner(presentation="Venez <b>ici</b>.\nÀ demain.")


FIELDS = {reply: "vous", content: "body", number: "label", partner: "presentation"}


def edit(client, row, **texts: str):
    """Send the form of this row, as a browser would, with these texts."""
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    fields = Fields(client.get(address).text).largest
    for name in ("_save", "_continue", "_addanother", "_preview"):
        fields.pop(name, None)
    answer = client.post(address, fields | {name: [text] for name, text in texts.items()})
    assert answer.status_code == 302, answer.text
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_history", args=[row.pk])


@pytest.mark.parametrize("make", FIELDS)
def test_history_keeps_what_was_written_before(client, chief, make):
    row, field = make(), FIELDS[make]
    edit(client, row, **{field: "Deuxième texte."})
    history = edit(client, row, **{field: "Troisième texte."})
    page = client.get(history).text
    assert "<b>ici</b>" not in page, "a text is never mark-up"
    read = html.unescape(re.sub(r"<[^>]+>", "", page[page.index("Les textes d'avant") :]))
    assert "Venez <b>ici</b>." in read and "À demain." in read and "Deuxième texte." in read
    assert "Troisième texte." not in read and "chef" in read


@pytest.mark.parametrize("make", FIELDS)
def test_register_takes_the_name_of_the_field_and_no_text(client, chief, make):
    row = make()
    edit(client, row, **{FIELDS[make]: "Deuxième texte."})
    (line,) = AccessRecord.objects.filter(kind="admin_change")
    assert line.detail and "ici" not in line.detail and "texte." not in line.detail


def test_choices_and_boxes_are_kept_in_words(client, chief):
    row = reply()
    history = edit(client, row, subject="welcome", vous="Autre.")
    fields = {"is_active": []}
    address = reverse("admin:chat_cannedreply_change", args=[row.pk])
    form = Fields(client.get(address).text).largest | fields
    for name in ("_save", "_continue", "_addanother", "_preview"):
        form.pop(name, None)
    assert client.post(address, form).status_code == 302
    read = html.unescape(re.sub(r"<[^>]+>", "", client.get(history).text))
    subject = CannedReply(subject="complaint").get_subject_display()
    assert f": {subject}" in read and ": oui" in read and "complaint" not in read


def test_history_of_an_account_keeps_no_former_words(client, chief):
    """What somebody was called before is nobody's to look up."""
    other = make_user("autre", Role.AGENT, totp=True)
    other.last_name = "Ancien-nom"
    other.save()
    for entry in LogEntry.objects.all():
        assert "before" not in entry.change_message
    from pnav.accounts.admin import AccountAdmin

    assert not getattr(AccountAdmin, "keeps_former_words", False)
