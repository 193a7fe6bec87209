"""No form of the admin accepts a text with characters that cannot be seen, nor do the sentences."""

from html import unescape

import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.urls import reverse

from chat.models import Agent, CannedReply, Unit
from common.texts.models import ChangedSentence
from pnav.accounts.admin_site.plain_texts import PlainTexts, refuse_hidden
from pnav.accounts.models import Role
from pnav.pages.models import ContentBlock
from tests.accounts.cast import give_session, make_user
from tests.support.reading import spaced

pytestmark = pytest.mark.django_db

MODELS = list(admin.site._registry)


@pytest.fixture
def chief(client):
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    give_session(client, user)
    return user


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_text_of_every_class_is_looked_at(rf, chief, model):
    """A class that is registered later is one of them."""
    request = rf.get("/")
    request.user = chief
    own = admin.site._registry[model]
    assert isinstance(own, PlainTexts)
    if getattr(own, "refuses_hidden", False):  # tests/common/texts/test_admin.py
        assert model is ChangedSentence
        return
    form = own.get_form(request, None)
    texts = [
        field
        for field in form.base_fields.values()
        if type(field) is forms.CharField and not isinstance(field.widget, forms.PasswordInput)
    ]
    assert all(refuse_hidden in field.validators for field in texts)
    again = own.get_form(request, None)
    assert all(field.validators.count(refuse_hidden) <= 1 for field in again.base_fields.values())


@pytest.mark.parametrize("text", ["a\u202eb", "\u200b", "caf\u00ade", "\u2800", "a\u3000b", "❤\ufe0f", "a\x01"])
def test_hidden_character_is_refused_by_its_code_alone(text):
    with pytest.raises(ValidationError) as error:
        refuse_hidden(text)
    (said,) = error.value.messages
    assert "U+" in said and text not in said


HONEST = ["", "Deux\r\nlignes\tet une", "« 24 h\u00a0/\u202f24 »", "é", "你好", "**gras** [x](/loi/)"]


@pytest.mark.parametrize("text", HONEST)
def test_what_honest_people_write_is_taken(text):
    refuse_hidden(text)


def test_content_with_a_hidden_character_is_refused_beside_its_field(client, chief):
    block = ContentBlock.objects.first()
    address = reverse("admin:pages_contentblock_change", args=[block.pk])
    page = client.get(address).context_data["adminform"].form
    sent = {name: "" if page[name].value() is None else page[name].value() for name in page.fields}
    kept = block.body
    html = spaced(unescape(client.post(address, {**sent, "body": f"{kept} \u202e"}).text))
    assert "caractère qui ne se voit pas (U+202E)" in html
    block.refresh_from_db()
    assert block.body == kept


def test_reply_and_the_name_of_an_agent_are_refused_too(client, chief):
    sent = {"title": "Bonjour", "subject": "other", "order": "1", "tu": "", "force": "", "unit": ""}
    added = client.post(reverse("admin:chat_cannedreply_add"), {**sent, "vous": "Bon\u200bjour"})
    assert "U+200B" in added.text and not CannedReply.objects.filter(title="Bonjour").exists()
    assert Unit.objects.count() == Agent.objects.count() == 0
