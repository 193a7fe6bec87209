"""This is the table of the contact for captures that it may be an offence to possess."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common import plain_text


class CaptureContact(models.Model):
    """It is the person or office to tell about a capture that was set aside (docs/adr/0082). There is one row at most.

    Without a row nobody is named yet; the console and « À faire » say so. name: their name and function. reach: how the
    reader can reach them now.
    """

    THE_ONE = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ONE, editable=False)
    name = models.CharField(
        _("nom et fonction"),
        max_length=120,
        help_text=_("La personne, ou la permanence, que la décision de l'exploitant désigne."),
    )
    reach = models.CharField(
        _("comment la prévenir"),
        max_length=160,
        help_text=_("Un téléphone, une adresse interne. Les agents et les superviseurs le lisent, personne d'autre."),
    )

    class Meta:
        verbose_name = _("personne à prévenir (captures)")
        verbose_name_plural = _("personne à prévenir (captures)")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="capture_contact_is_one")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> "CaptureContact | None":
        """Return the present contact; None if nobody is named yet. One query."""
        return cls.objects.first()

    @property
    def shown_name(self) -> str:
        """Return the name as a page shows it, with hidden characters made visible."""
        return plain_text.plain(self.name)

    @property
    def shown_reach(self) -> str:
        """Return how to reach the contact, as a page shows it, with hidden characters made visible."""
        return plain_text.plain(self.reach)
