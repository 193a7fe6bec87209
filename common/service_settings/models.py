"""This is the table of the service settings that an administrator has changed (`common.service_settings.values`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.service_settings.definitions import BY_KEY


class HouseRule(models.Model):
    """It is a service setting with another value than its default (`definitions.SETTINGS`).

    key: that of the setting. Its bounds are those of the definition, checked when it is set and when it is read.
    """

    key = models.CharField(_("règle"), max_length=40, primary_key=True)
    value = models.PositiveIntegerField(_("nombre"))

    class Meta:
        app_label = "reports"  # the table and its migrations belong to this app
        verbose_name = _("règle du service")
        verbose_name_plural = _("règles du service")
        ordering = ["key"]

    def __str__(self) -> str:
        rule = BY_KEY.get(self.key)
        return str(rule.label) if rule else self.key
