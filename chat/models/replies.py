"""These are the tables of canned replies, from which an agent can start: shared ones, and an agent's own."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from chat.rules import reply_template
from common import encryption
from common.texts import languages
from common.texts.text_rows import TextRow, Translated
from locations.models import Force

# --- replies to start from --------------------------------------------------------------------------------------------


class CannedReply(Translated):
    """It is a reply that all agents share, or those of a force or a unit. An administrator writes it.

    `chat.rules.reply_template` fills in its variables. words: others by which an agent finds it. audience: the people
    to whom it can be sent. vous: the text for an adult. tu: the text for a minor; empty where it is the same. Both are
    in the source language, and may have translations.
    """

    text_fields = ("vous", "tu")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(_("titre"), max_length=60, help_text=_("Ce que l'agent cherche et choisit."))
    subject = models.CharField(
        _("sujet"),
        max_length=20,
        choices=reply_template.Subject,
        default=reply_template.Subject.OTHER,
        db_default=reply_template.Subject.OTHER,
    )
    words = models.CharField(
        _("autres mots"),
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Pour la trouver aussi avec des mots qu'elle ne dit pas : mineur, parent… La personne ne les lit pas."
        ),
    )
    vous = models.TextField(_("texte (vous)"), max_length=2000)  # the admin lists the variables that it may hold
    tu = models.TextField(_("texte (tu)"), max_length=2000, blank=True, help_text=_("À un mineur. Vide : le même."))
    audience = models.CharField(
        _("qui la lit"),
        max_length=10,
        choices=reply_template.Audience,
        default="",
        db_default="",
        blank=True,
        help_text=_("Vide : toute personne. Qui aide ne lit jamais une phrase écrite pour qui subit les faits."),
    )
    force = models.CharField(_("force"), max_length=20, choices=Force, blank=True, help_text=_("Vide : les deux."))
    unit = models.ForeignKey(
        "chat.Unit",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("unité"),
        help_text=_("Vide : toutes."),
    )
    order = models.PositiveSmallIntegerField(_("ordre"), default=100)
    is_active = models.BooleanField(_("proposée"), default=True)

    class Meta:
        verbose_name = _("réponse prête")
        verbose_name_plural = _("réponses prêtes")
        ordering = ["order", "title", "pk"]

    def __str__(self) -> str:
        return self.title

    def spoken(self, *, familiar: bool, language: str) -> tuple[str, str]:
        """Return the text in this voice, and its language: the requested one if translated, else the source."""
        if language != languages.source():
            own = {part: self.texts.get((language, part), "") for part in self.text_fields}
            if text := reply_template.choose(own["vous"], own["tu"], familiar=familiar):
                return text, language
        return reply_template.choose(self.vous, self.tu, familiar=familiar), languages.source()

    def clean(self) -> None:
        """Check the texts; an error is shown beside its text."""
        super().clean()
        texts = {"vous": self.vous, "tu": self.tu, **self.named_texts()}
        faults = {name: reply_template.faults(text) for name, text in texts.items()}
        if any(faults.values()):
            raise ValidationError({name: list(told) for name, told in faults.items() if told})


class CannedReplyText(TextRow):
    """It is a translation of a shared reply. part: « vous » or « tu »."""

    owner = models.ForeignKey(CannedReply, on_delete=models.CASCADE, related_name="text_rows")

    class Meta(TextRow.Meta):
        constraints = [models.UniqueConstraint(fields=["owner", "language", "part"], name="chat_one_text_of_a_reply")]


class OwnReply(models.Model):
    """It is an agent's own reply, which is deleted with the agent.

    `sealed_content`: title, vous, tu and the texts in other languages, as encrypted JSON.
    """

    SEALED = ("sealed_content",)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    agent = models.ForeignKey("chat.Agent", on_delete=models.CASCADE, related_name="own_replies")
    sealed_content = models.BinaryField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted content to this row."""
        return f"own-reply:{self.public_id}:{self.agent_id}"

    def seal(self, *, title: str, vous: str, tu: str, texts: Mapping[str, str]) -> None:
        """Set and encrypt the content; the row is not saved. texts: those in other languages, by name."""
        content = json.dumps({"title": title, "vous": vous, "tu": tu, "texts": dict(texts)})
        self.sealed_content = encryption.seal(content, context=self.context)

    def content(self) -> dict[str, Any]:
        """Return the decrypted title, vous, tu and texts. Raises encryption.UnsealError when they cannot be
        decrypted."""
        content: dict[str, Any] = json.loads(encryption.unseal(self.sealed_content, context=self.context))
        return content
