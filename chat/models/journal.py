"""This is the table of the journal: facts that a person notes for themselves, and may show to their agent."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from chat.models.casework import SealedWords


class JournalFact(SealedWords):
    """It is one fact of a person's journal, encrypted with its date (`chat.journal.words`).

    public_id: drawn by the page on which the fact was typed, so that a form sent twice is one fact; unique in its
    conversation. number: from 1, in the order in which facts were noted. A fact that nobody has read may be erased, and
    its number used again. changed_at: when its words were last corrected; None when never. shown_at: since when the
    agent may read it; None while it is private. read_at: when it was first on the agent's page; from then on it cannot
    be changed. is_withheld: it was noted in the place of an image that may not be sent, so no capture goes with it.
    """

    conversation = models.ForeignKey(
        "chat.Conversation", on_delete=models.CASCADE, related_name="facts", db_index=False
    )
    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField()
    noted_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)
    shown_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    is_withheld = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = _("fait noté")
        verbose_name_plural = _("faits notés")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "public_id"], name="journalfact_once"),
            models.UniqueConstraint(fields=["conversation", "number"], name="journalfact_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="journalfact_number_from_one"),
            models.CheckConstraint(
                condition=Q(read_at__isnull=True) | Q(shown_at__isnull=False), name="journalfact_read_was_shown"
            ),
        ]
        # It serves the tree of a day (chat.proof_of_date.sources).
        indexes = [models.Index(Coalesce("changed_at", "noted_at"), name="journalfact_moved")]

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted words to this fact."""
        return f"fact:{self.conversation.public_id}:{self.public_id}"
