"""Receipts: that a report was filed on a day, for whoever is shown the number."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Receipt(models.Model):
    """A number that a person asked for, by its digest, and the day on which their report was filed.

    Nothing leads from it to a report or an exchange, nor back: it stays when they go, until its own term. until: the
    day it goes.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    filed_on = models.DateField()
    until = models.DateField()

    class Meta:
        verbose_name = _("récépissé")
        verbose_name_plural = _("récépissés")
        indexes = [models.Index(fields=["until"], name="receipt_end")]
