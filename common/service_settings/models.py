"""The rows behind `common.service_settings.values`."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.service_settings.definitions import BY_KEY


class HouseRule(models.Model):
    """A rule of the house that an administrator set to another number than its default (`definitions.SETTINGS`).

    key: the rule's. Bounds are the catalogue's, checked when it is set and when it is read.
    """

    key = models.CharField(_("règle"), max_length=40, primary_key=True)
    value = models.PositiveIntegerField(_("nombre"))

    class Meta:
        app_label = "reports"  # whose table it is, and whose migrations
        verbose_name = _("règle du service")
        verbose_name_plural = _("règles du service")
        ordering = ["key"]

    def __str__(self) -> str:
        rule = BY_KEY.get(self.key)
        return str(rule.label) if rule else self.key
