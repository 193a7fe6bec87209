"""These are the tables of signed digests of the audit log, and of what each destination has of them (docs/adr/0056)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from reports.rules.signed_digests import Statement


class RegisterDigest(models.Model):
    """It is one signed statement, sent or to be sent. The copy that is kept elsewhere is the one that counts."""

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    text = models.CharField(max_length=400)

    class Meta:
        verbose_name = _("empreinte signée du registre")
        verbose_name_plural = _("empreintes signées du registre")

    def __str__(self) -> str:
        return f"{self.number}"

    def read(self) -> Statement:
        """Return the statement of this row. Raises ValueError when somebody has changed the row."""
        return Statement.parse(self.text)


class DigestDelivery(models.Model):
    """It is one destination. number: the last statement that it has, 0 for none. failures: how many failed in a row
    since."""

    destination = models.CharField(max_length=500, unique=True)
    number = models.PositiveBigIntegerField(default=0, db_default=0)
    delivered_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("destination des empreintes du registre")
        verbose_name_plural = _("destinations des empreintes du registre")

    def __str__(self) -> str:
        return self.destination.partition(":")[0]
