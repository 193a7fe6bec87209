"""Where the items of an exchange stand among the digests of a day (docs/adr/0084)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chat.models.casework import SealedWords


class ItemShare(SealedWords):
    """Some leaves of a day, side by side, that are of one exchange: the only thing that says so.

    It goes with the exchange, or with its fact; what is left of it then are digests that nobody can give a meaning to.
    first: the place of its first leaf in the tree of its day. kind: `chat.proof_of_date.sources`.
    first_seq, last_seq: of messages, which ones it spans; none for anything else.
    fact, capture: of one of these, which may be erased, or corrected, before its exchange goes.
    sealed_words: `keys`, its items in the order of their leaves; `seed`, from which the salt of each comes.
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
        """The context that binds the sealed share to its conversation, day and place in the tree."""
        return f"share:{self.conversation.public_id}:{self.day_id}:{self.first}"
