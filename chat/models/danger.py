"""These are the tables of danger phrases, which administrators change, and of the messages that they mark for the
agent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from chat.rules import danger_words
from chat.rules.danger_words import Kind, PhraseError
from chat.rules.lifecycle import Author, Status


class DangerPhrase(models.Model):
    """It is one phrase, in the notation of `chat.rules.danger_words`."""

    phrase = models.CharField(
        _("expression"),
        max_length=danger_words.SIGNS_AT_MOST,
        unique=True,
        help_text=_(
            "Des mots à la suite, sans accents ni majuscules. « veux/voudrais » : l'un ou l'autre. « suicid* » : tout "
            "ce qui commence ainsi. « envie … mourir » : jusqu'à deux autres mots entre les deux."
        ),
    )
    kind = models.CharField(_("ce que l'agent lit"), max_length=20, choices=Kind)
    is_active = models.BooleanField(_("cherchée"), default=True)

    class Meta:
        verbose_name = _("expression de danger")
        verbose_name_plural = _("expressions de danger")
        ordering = ["kind", "phrase"]

    def __str__(self) -> str:
        return self.phrase

    def clean(self) -> None:
        """Check the phrase; an error is shown beside it."""
        try:
            danger_words.read_phrase(self.phrase)
        except PhraseError as error:
            raise ValidationError({"phrase": str(error)}) from error
        others = DangerPhrase.objects.filter(is_active=True).exclude(pk=self.pk)
        if self.is_active and others.count() >= danger_words.PHRASES_AT_MOST:
            raise ValidationError({"phrase": _("500 expressions au plus sont cherchées : retirez-en une d'abord.")})


class DangerMarkQuerySet(models.QuerySet["DangerMark"]):
    """Selects marks by whether somebody has dealt with them."""

    def pending(self) -> "DangerMarkQuerySet":
        """Select those with a message that nobody has dealt with."""
        return self.filter(_is_pending())

    def left(self, since: datetime) -> "DangerMarkQuerySet":
        """Select those whose person ended the exchange, or was taken out of the queue, at `since` or later.

        Not those whose agent ended the exchange, even if the person had left the queue before and come back.
        """
        is_by_person = Q(conversation__status=Status.CLOSED, conversation__closed_by=Author.REPORTER)
        return self.filter(Q(conversation__status=Status.ABANDONED) | is_by_person, left_at__gte=since)

    def to_look_at(self, since: datetime) -> "DangerMarkQuerySet":
        """Select those that left since then, and of which nobody is told: the last words may not have been looked at.

        The worker looks (`chat.casework.waiting_danger`) and calls `looked_at` of those in which it finds nothing.
        """
        return self.left(since).exclude(_is_pending())

    def leave(self, left: Mapping[int, datetime]) -> None:
        """Note when these conversations ended, or left the queue, by their keys.

        It is for the end by the person and for who is taken out of the queue; the agent who ends an exchange has read
        it. A conversation without a mark gets a row, until its last words were looked at (`to_look_at`). One statement.
        """
        rows: list[Any] = [DangerMark(conversation_id=pk, left_at=at) for pk, at in sorted(left.items())]
        self.bulk_create(rows, update_conflicts=True, unique_fields=["conversation"], update_fields=["left_at"])

    def looked_at(self) -> None:
        """Note that nothing was found in the last words of these, which left. Two statements."""
        self.filter(seqs=[]).delete()
        self.exclude(_is_pending()).update(left_at=None)  # found by another process meanwhile


def _is_pending() -> Func:
    return Func(
        F("dealt_seq"),
        F("seqs"),
        template="(%(expressions)s))",
        arg_joiner=" < ANY (",
        output_field=models.BooleanField(),
    )


class DangerMark(models.Model):
    """It is which messages of a person tell of suicide or danger, until the agent says that they are dealt with.

    Among them may be a line of Pnav's that tells of the person's own version of a summary (`danger.mark_line`).
    Only numbers are stored; what the messages tell is read from the encrypted messages each time. seqs: the numbers of
    the marked messages, in order, at most `chat.casework.danger.MARKS_AT_MOST`. dealt_seq: up to which number they are
    dealt with. left_at: when the person ended the exchange, or was taken out of the queue
    (`DangerMarkQuerySet.leave`); it says nothing while the conversation is open. Without a mark that is not dealt with,
    it says that the last words are still to be looked at; the row goes then if there is no mark at all. The database
    deletes the row with its exchange, for a version that does not know marks (migration 0053).
    """

    conversation = models.OneToOneField(
        "chat.Conversation", on_delete=models.CASCADE, primary_key=True, related_name="danger_mark"
    )
    seqs = ArrayField(models.PositiveIntegerField(), default=list, db_default=[])
    dealt_seq = models.PositiveIntegerField(default=0, db_default=0)
    left_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["DangerMark"]] = DangerMarkQuerySet.as_manager()
