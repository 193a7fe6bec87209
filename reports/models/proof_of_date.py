"""The digests over which each day is stamped, and what time-stamping authorities signed of it (docs/adr/0084).

Nothing here says of whom or of what a digest is: that lies with the exchange (`chat.ItemShare`), and goes with it.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from reports.rules.date_proofs import Statement


class ProofDay(models.Model):
    """One day: its tree while it is made, and its statement once it is closed.

    size: leaves so far. statement: the text that is stamped, empty until the day is closed; digest: its SHA-256, in
    hexadecimal. register_first, register_last: the lines of the register that are its first leaves, in their order; 0
    for none. marks: how far its sources looked, and what they had to leave, for the tree of the next day
    (`days.newest_marks`); of one day alone, the newest whose tree took all there was.
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
        """Raises ValueError when the day is not closed, or somebody changed the row."""
        return Statement.parse(self.statement)


class ProofChunk(models.Model):
    """Some leaves of a day in a row, `proof_days.CHUNK` of them but in the last one. hashes: HASH_BYTES each."""

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
    """What one authority answered for a day, or that it has not yet.

    authority: by the name that the operator gave it. token: DER, none until it came and held. certificates: DER in
    base64, who signed first, the anchor last; signer: the name of who signed. stamped_at: by its clock.
    failures: in a row; failed_at: the last one.
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
