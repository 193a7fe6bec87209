"""This is the table of the places of an exchange's items among the digests of a day (docs/adr/0084)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chat.models.casework import SealedWords


class ItemShare(SealedWords):
    """Consecutive leaves of a day that belong to one exchange. Nothing else says that they do.

    It is deleted with the exchange, or with its fact or capture; the digests that remain then mean nothing to anybody.
    first: the index of its first leaf in the tree of its day. kind: one of `chat.proof_of_date.sources`. first_seq,
    last_seq: the first and last message; None for other kinds. fact, capture: the fact or the capture, which may be
    erased or corrected before its exchange is deleted. sealed_words: `keys`, the items in the order of their leaves;
    `seed`, from which the salt of each is derived.
    """

    conversation = models.ForeignKey("chat.Conversation", on_delete=models.CASCADE, related_name="shares")
    day = models.ForeignKey("reports.ProofDay", on_delete=models.CASCADE, db_index=False, related_name="+")
    kind = models.CharField(max_length=10)
    first = models.PositiveIntegerField()
    first_seq = models.PositiveIntegerField(null=True)
    last_seq = models.PositiveIntegerField(null=True)
    fact = models.OneToOneField("chat.JournalFact", on_delete=models.CASCADE, null=True, related_name="share")
    capture = models.OneToOneField("chat.Capture", on_delete=models.CASCADE, null=True, related_name="share")

    class Meta:
        verbose_name = _("part d'une journée datée")
        verbose_name_plural = _("parts de journées datées")
        constraints = [
            models.UniqueConstraint(fields=["day", "first"], name="itemshare_once"),
            models.CheckConstraint(
                condition=Q(first_seq__isnull=True, last_seq__isnull=True) | Q(last_seq__gte=models.F("first_seq")),
                name="itemshare_messages_in_order",
            ),
        ]

    @property
    def context(self) -> str:
        """Return the context that binds the sealed share to its conversation, day and place in the tree."""
        return f"share:{self.conversation.public_id}:{self.day_id}:{self.first}"
