"""This is the table of macros: several acts in one press, which an administrator prepares and an agent reads before."""

import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from chat.rules.emergency import Situation
from common import plain_text


class Macro(models.Model):
    """It is what one press does, in this order: open the emergency procedure, propose a complaint, propose the removal
    kit, promise to be back, insert a reply into the answer. A reply is never sent."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(_("titre"), max_length=60, help_text=_("Ce que l'agent lit et choisit."))
    situation = models.CharField(_("ouvrir la procédure d'urgence"), max_length=20, choices=Situation, blank=True)
    proposes_complaint = models.BooleanField(_("proposer de porter plainte"), default=False)
    proposes_removal = models.BooleanField(_("proposer de faire retirer un contenu"), default=False, db_default=False)
    minutes = models.PositiveSmallIntegerField(
        _("promettre de revenir dans (minutes)"), null=True, blank=True, help_text=_("Vide : aucune promesse.")
    )
    reply = models.ForeignKey(
        "chat.CannedReply",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("mettre cette réponse dans le texte"),
        help_text=_("L'agent la relit et l'envoie lui-même."),
    )
    order = models.PositiveSmallIntegerField(_("ordre"), default=100)
    is_active = models.BooleanField(_("proposé"), default=True)

    class Meta:
        verbose_name = _("geste groupé")
        verbose_name_plural = _("gestes groupés")
        ordering = ["order", "title", "pk"]

    def __str__(self) -> str:
        return plain_text.plain(self.title)

    def clean(self) -> None:
        if not (self.situation or self.proposes_complaint or self.proposes_removal or self.minutes or self.reply):
            raise ValidationError(_("Choisissez au moins un acte : sans lui, le geste ne fait rien."))
