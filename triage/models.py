"""These are the versions of the questionnaire that administrators write.

While none is in force, the questionnaire of the code is asked.
"""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from triage.questionnaire import document
from triage.questionnaire.definition import Questionnaire


class State(models.TextChoices):
    """It is the state of a version of the questionnaire."""

    DRAFT = "draft", _("Brouillon")
    IN_FORCE = "in_force", _("En vigueur")
    PAST = "past", _("Passée")


class QuestionnaireVersion(models.Model):
    """It is a whole questionnaire, with what changed in it, who wrote it and when.

    number is what visits and reports keep (`key`). It is never given twice, even when a draft was deleted. document is
    as `triage.questionnaire.document` says; PostgreSQL refuses to change or delete what was published once (migration
    0001). revision grows with each change of the draft, so that two people who edit it notice.
    based_on is the version it was copied from, none for that of the code. author_id and published_by_id are keys of
    accounts and no foreign keys, for rooms below know nothing of accounts, and what was published outlives who did it.
    """

    number = models.BigAutoField(_("numéro"), primary_key=True)
    state = models.CharField(_("état"), max_length=10, choices=State, default=State.DRAFT, editable=False)
    document = models.JSONField(editable=False)
    note = models.CharField(_("ce qui change"), max_length=300, help_text=_("En une phrase, pour vos collègues."))
    revision = models.PositiveIntegerField(default=0, editable=False)
    based_on = models.PositiveBigIntegerField(_("copie de"), null=True, editable=False)
    author_id = models.PositiveBigIntegerField(_("auteur"), null=True, editable=False)
    published_by_id = models.PositiveBigIntegerField(_("publiée par"), null=True, editable=False)
    created_at = models.DateTimeField(_("créée le"), auto_now_add=True)
    changed_at = models.DateTimeField(_("modifiée le"), auto_now=True)
    published_at = models.DateTimeField(_("publiée le"), null=True, editable=False)

    class Meta:
        verbose_name = _("version du questionnaire")
        verbose_name_plural = _("versions du questionnaire")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="in_force"), name="triage_one_version_in_force"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", published_at__isnull=True)
                | Q(~Q(state="draft"), published_at__isnull=False),
                name="triage_draft_or_published",
            ),
        ]

    def __str__(self) -> str:
        return str(_("version %(number)d") % {"number": self.number})

    @property
    def key(self) -> str:
        """Return the name under which visits and reports keep this version."""
        return key_of(self.number)

    @property
    def is_draft(self) -> bool:
        """Return whether this version may still be changed."""
        return self.state == State.DRAFT

    def read(self) -> Questionnaire:
        """Return the questionnaire of the document. It raises document.DocumentError when it cannot be read."""
        return document.load(self.document, version=self.key)

    def write(self, changed: dict[str, Any]) -> None:
        """Put another document into the draft, without saving it."""
        self.document = changed
        self.revision += 1


def key_of(number: int) -> str:
    """Return the name under which visits and reports keep the version with this number."""
    return f"v{number}"
