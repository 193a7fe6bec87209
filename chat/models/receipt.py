"""This is the table of receipts, which confirm to somebody with the number that a report was filed on a day."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Receipt(models.Model):
    """It is the digest of a number that a person asked for, and the day on which their report was filed.

    Nothing links it with a report or an exchange, so that it outlives them. until: the day on which it is deleted.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    filed_on = models.DateField()
    until = models.DateField()

    class Meta:
        verbose_name = _("récépissé")
        verbose_name_plural = _("récépissés")
        indexes = [models.Index(fields=["until"], name="receipt_end")]
