"""These are the tables of the proof of date: the digests of each day, and the authorities' time-stamps of them
(docs/adr/0084).

Nothing here says to whom or to what a digest belongs. That is stored with the exchange (`chat.ItemShare`), and deleted
with it.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from reports.rules.date_proofs import Statement


class ProofDay(models.Model):
    """It is one day: its tree while it is being made, and its statement once it is closed.

    size: how many leaves the tree has so far. statement: the text that is stamped, empty until the day is closed.
    digest: its SHA-256 in hexadecimal. register_first, register_last: the lines of the register that are the first
    leaves, in order; 0 for none. marks: how far its sources have been read, and what they had to leave for the next
    day's tree (`days.newest_marks`). Only the newest complete day has them.
    """

    day = models.DateField(primary_key=True)
    size = models.PositiveIntegerField(default=0)
    register_first = models.PositiveBigIntegerField(default=0)
    register_last = models.PositiveBigIntegerField(default=0)
    statement = models.CharField(max_length=400, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    closed_at = models.DateTimeField(null=True)
    marks = models.JSONField(null=True, editable=False)

    class Meta:
        verbose_name = _("journée datée")
        verbose_name_plural = _("journées datées")
        ordering = ["day"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True, statement="")
                | (models.Q(closed_at__isnull=False) & ~models.Q(statement="")),
                name="proofday_closed_with_its_statement",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}"

    def read(self) -> Statement:
        """Return the statement of this day. Raises ValueError if it is not closed, or somebody has changed the row."""
        return Statement.parse(self.statement)


class ProofChunk(models.Model):
    """Consecutive leaves of a day: `proof_days.CHUNK` of them, fewer in the last row. hashes: HASH_BYTES each."""

    day = models.ForeignKey(ProofDay, on_delete=models.CASCADE, db_index=False, related_name="chunks")
    number = models.PositiveIntegerField()
    hashes = models.BinaryField()
    root = models.BinaryField()

    class Meta:
        verbose_name = _("empreintes d'une journée")
        verbose_name_plural = _("empreintes de journées")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["day", "number"], name="proofchunk_once")]


class ProofToken(models.Model):
    """It is the time-stamp of one authority for a day, or its absence so far.

    authority: the name that the operator gave it. token: DER; None until a valid one has come. certificates: DER in
    base64, the signer's first, the trust anchor last. signer: the name of the signer. stamped_at: the time by the
    authority's clock. failures: how many attempts failed in a row. failed_at: when the last one did.
    """

    day = models.ForeignKey(ProofDay, on_delete=models.CASCADE, db_index=False, related_name="tokens")
    authority = models.CharField(max_length=40)
    token = models.BinaryField(null=True)
    certificates = models.JSONField(default=list)
    signer = models.CharField(max_length=200, blank=True)
    stamped_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, db_default=0)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("jeton d'horodatage")
        verbose_name_plural = _("jetons d'horodatage")
        constraints = [models.UniqueConstraint(fields=["day", "authority"], name="prooftoken_once")]

    def __str__(self) -> str:
        return f"{self.day_id} {self.authority}"
