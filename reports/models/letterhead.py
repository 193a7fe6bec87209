"""This is the table of the letterhead: the name and address at the top of the service's documents."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.texts import validation

LINES_AT_MOST, LINE_MAX_LENGTH = 5, 90  # how many lines the address may have, and the most characters of each


class Letterhead(models.Model):
    """It is the letterhead of the service's documents. There is one row at most; without it they have none."""

    THE_ONE = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ONE, editable=False)
    name = models.CharField(_("nom du service"), max_length=LINE_MAX_LENGTH)
    address = models.TextField(
        _("lignes d'adresse"),
        blank=True,
        max_length=LINES_AT_MOST * (LINE_MAX_LENGTH + 2),
        help_text=_("Cinq lignes au plus. Vide : le nom seul."),
    )

    class Meta:
        verbose_name = _("en-tête des documents")
        verbose_name_plural = _("en-tête des documents")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="letterhead_is_one")]

    def __str__(self) -> str:
        return self.name

    @property
    def lines(self) -> list[str]:
        """Return the lines as they are printed, the name first, without empty ones."""
        written = [line.strip() for line in self.address.splitlines()]
        return [self.name, *(line for line in written if line)]

    def clean(self) -> None:
        """Check the letterhead. Raises ValidationError, by field."""
        wrong = {}
        if codes := validation.hidden_characters(self.name):
            wrong["name"] = self._hidden(codes)
        if codes := validation.hidden_characters("".join(self.address.splitlines())):
            wrong["address"] = self._hidden(codes)
        elif len(self.lines) > LINES_AT_MOST + 1:
            wrong["address"] = ValidationError(_("Cinq lignes au plus."))
        elif any(len(line) > LINE_MAX_LENGTH for line in self.lines):
            wrong["address"] = ValidationError(_("Une ligne a 90 caractères au plus."))
        if wrong:
            raise ValidationError(wrong)

    @staticmethod
    def _hidden(codes: list[str]) -> ValidationError:
        text = _("Ce texte contient un caractère qui ne se voit pas (%(codes)s) : réécrivez ce passage.")
        return ValidationError(text, params={"codes": ", ".join(codes)})
