"""These are the tables of figures: rounded numbers of closed days, which remain when their exchanges are deleted.

A day is written once, and never computed again from exchanges (`chat.statistics.daily`, docs/adr/0083). `KeptReading`,
in contrast, is computed every few minutes while the exchanges of its open days exist.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Mod
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from chat.rules import daily_figures as rules

CHAIN = "chains"  # the name of the one remainder that all chains share


class ClosedDay(models.Model):
    """It is a day whose numbers have been written, even if all are 0. It is never written again."""

    day = models.DateField(primary_key=True)

    class Meta:
        verbose_name = _("journée close")
        verbose_name_plural = _("journées closes")

    def __str__(self) -> str:
        return self.day.isoformat()


class DailyFigureQuerySet(models.QuerySet["DailyFigure"]):
    """Selects figures of closed days."""

    def between(self, first: date, before: date, series: Iterable[str]) -> "DailyFigureQuerySet":
        """Select these series for the days from `first` to before `before`."""
        return self.filter(day__gte=first, day__lt=before, series__in=list(series))

    def totals(self) -> dict[str, dict[str, int]]:
        """Return the sums of these rows by series and key. One query."""
        found: dict[str, dict[str, int]] = {}
        rows = self.values_list("series", "key").annotate(total=models.Sum("count")).order_by()
        for series, key, total in rows:
            found.setdefault(series, {})[key] = total
        return found


class DailyFigure(models.Model):
    """It is the stored number of a day for one key of a series of `chat.rules.daily_figures`, in tens of people.

    day: the day of their arrival; for `removal`, the Monday of the week. count: a multiple of ten; there is no row for
    0.
    """

    day = models.DateField()
    series = models.CharField(max_length=20)
    key = models.CharField(max_length=40)
    count = models.PositiveIntegerField()

    objects: ClassVar[models.Manager["DailyFigure"]] = DailyFigureQuerySet.as_manager()

    class Meta:
        verbose_name = _("chiffre d'une journée")
        verbose_name_plural = _("chiffres des journées")
        constraints = [
            models.UniqueConstraint(fields=["series", "day", "key"], name="daily_figure_once"),
            models.CheckConstraint(
                condition=Q(count__gt=0) & Q(Exact(Mod(F("count"), Value(rules.ROUNDING)), Value(0))),
                name="daily_figure_is_rounded",
            ),
        ]
        indexes = [models.Index(fields=["day"], name="daily_figure_day")]


class FigureRemainder(models.Model):
    """These are the remainders of a series by key: digits of which the first was drawn at random. They are never
    shown."""

    series = models.CharField(max_length=20, primary_key=True)
    digits = models.JSONField()

    class Meta:
        verbose_name = _("reste d'un arrondi")
        verbose_name_plural = _("restes des arrondis")

    def __str__(self) -> str:
        return self.series


class KeptReading(models.Model):
    """It is what a page of figures shows, computed in advance every few minutes (`chat.statistics.kept`).

    It has sums over everybody, exact for open days. So that it does not outlive its exchanges, a row that is not
    replaced is deleted after a day. day: the last day that it counts, in the site's time zone.
    """

    name = models.CharField(max_length=40, primary_key=True)
    day = models.DateField()
    made_at = models.DateTimeField()
    told = models.JSONField()

    class Meta:
        verbose_name = _("lecture gardée")
        verbose_name_plural = _("lectures gardées")

    def __str__(self) -> str:
        return self.name


def draw_digit() -> int:
    """Draw a first remainder, which nobody can guess and which is stored nowhere else."""
    return secrets.randbelow(rules.ROUNDING)


def add_day(counts: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Add the counts of a day to the remainders, and return what may be stored of them, by series. In a transaction.

    Locks the remainders, in the order of their names; four statements. Raises what `rules.round_chains` raises.
    """
    separate = [name for name in rules.SEPARATE if name != rules.REMOVAL]
    rows = _lock_remainders([CHAIN, *separate])
    chain = rows[CHAIN].digits
    stored, chain[CHAIN] = rules.round_chains(counts, chain[CHAIN])
    for name in separate:
        stored[name], rows[name].digits = rules.round_counts(counts.get(name, {}), rows[name].digits)
    FigureRemainder.objects.bulk_update(rows.values(), ["digits"])
    return stored


def add_removals(week: date, answer: str, count: int) -> None:
    """Add so many answers of a week (its Monday) to what is stored. In a transaction; locks the remainder."""
    row = _lock_remainders([rules.REMOVAL])[rules.REMOVAL]
    stored, row.digits = rules.round_counts({answer: count}, row.digits)
    row.save(update_fields=["digits"])
    for key, tens in stored.items():
        figure, is_new = DailyFigure.objects.get_or_create(
            day=week, series=rules.REMOVAL, key=key, defaults={"count": tens}
        )
        if not is_new:
            DailyFigure.objects.filter(pk=figure.pk).update(count=F("count") + tens)


def _lock_remainders(names: Sequence[str]) -> dict[str, FigureRemainder]:
    """Return the locked rows of these remainders; missing ones are created with a random digit."""
    keys = {name: [CHAIN] if name == CHAIN else rules.SEPARATE[name] for name in names}
    known = set(FigureRemainder.objects.filter(series__in=names).values_list("series", flat=True))
    missing = [FigureRemainder(series=name, digits={}) for name in sorted(names) if name not in known]
    FigureRemainder.objects.bulk_create(missing, ignore_conflicts=True)
    rows = FigureRemainder.objects.filter(series__in=names).order_by("series").select_for_update()
    found = {row.series: row for row in rows}
    for name, row in found.items():
        row.digits = rules.draw_remainders(keys[name], row.digits, draw_digit)
    return found
