"""These are the forms of captures: an address noted instead of an image, documents from agents, motives to open or
lock."""

import uuid
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from chat.captures.handouts import TITLE_MAX
from chat.journal.facts import LINK_MAX
from chat.messages.forms import refuse_unseen
from chat.texts import captures as texts
from common.choices import label_of


class AddressForm(forms.Form):
    """It is the address of an image that nobody may send. fact_id: the id of the fact that stores it, so that it is
    one."""

    fact_id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    address = forms.CharField(max_length=LINK_MAX)

    def __init__(self, *args: Any, familiar: bool, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"fact_id": uuid.uuid4()}, **kwargs})
        field = self.fields["address"]
        field.label = texts.ADDRESS_LABEL.later(familiar=familiar)
        field.help_text = texts.ADDRESS_HINT.later(familiar=familiar)
        field.error_messages |= {
            "required": texts.ADDRESS_EMPTY.later(familiar=familiar),
            "max_length": texts.ADDRESS_LONG.say(familiar=familiar, most=LINK_MAX),
        }


class HandoutForm(forms.Form):
    """It is a document that an agent sends to the person. key: the id of the file, so that a form sent twice is one.

    The view reads the file itself, which may not be kept in memory.
    """

    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(
        max_length=TITLE_MAX,
        label=_("Ce que c'est"),
        help_text=_("La personne le lit à côté du dessin, qu'un lecteur d'écran ne lit pas : dites ce qui compte."),
        validators=[refuse_unseen],
        error_messages={
            "required": _("Dites en quelques mots ce que c'est."),
            "max_length": _("%(most)s caractères au plus.") % {"most": TITLE_MAX},
        },
    )


class OriginalReason(models.TextChoices):
    """These are the reasons for which a unit opens an original."""

    COMPLAINT = "complaint", _("Établir une plainte ou une audition")
    INVESTIGATION = "investigation", _("Enquête en cours")
    READABILITY = "readability", _("Le dessin ne se lit pas")


class LockReason(models.TextChoices):
    """These are the reasons for which the agent or the unit locks a capture."""

    MINOR = "minor", _("Personne de moins de 18 ans nue ou dans une scène sexuelle")
    BY_MISTAKE = "by_mistake", _("Reçue par erreur : ne concerne pas l'échange")


class EndReason(models.TextChoices):
    """These are the reasons for which a supervisor deletes a locked capture or unlocks it."""

    LAW = "law", _("Suppression demandée par la personne désignée ou le parquet")
    NOT_CONCERNED = "not_concerned", _("Reçue par erreur, ne concerne pas l'échange")
    MISTAKE = "mistake", _("Mise de côté par erreur")


class _ReasonForm(forms.Form):
    reasons: type[models.TextChoices]

    @property
    def reason(self) -> str:
        """Return the reason in words. The form must be valid."""
        return label_of(self.reasons, self.cleaned_data["motive"])


_ERRORS = {"required": _("Choisissez pourquoi."), "invalid_choice": _("Choisissez un motif de la liste.")}


class OriginalForm(_ReasonForm):
    """It is the reason to open an original."""

    reasons = OriginalReason
    motive = forms.ChoiceField(
        choices=[("", _("Choisissez un motif")), *OriginalReason.choices], error_messages=_ERRORS
    )


class EndForm(_ReasonForm):
    """It is the reason to delete or unlock a locked capture."""

    reasons = EndReason
    motive = forms.ChoiceField(choices=[("", _("Choisissez un motif")), *EndReason.choices], error_messages=_ERRORS)
    told = forms.BooleanField(required=False)  # the service's contact was told, as a deletion requires

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.data.get("act") == "delete" and not cleaned.get("told"):
            self.add_error("told", _("Avant de supprimer, prévenez la personne désignée, puis cochez."))
        return cleaned


class LockForm(_ReasonForm):
    """It is the reason to lock a capture."""

    reasons = LockReason
    motive = forms.ChoiceField(choices=[("", _("Choisissez un motif")), *LockReason.choices], error_messages=_ERRORS)
