"""Paginates lists of the admin so that a page costs the same however large the table grows (docs/adr/0108).

Django counts all rows for each page of a list, and reads each row's month for a calendar. Here rows are counted up to
COUNT_MOST, or by their numbers where these have no gaps, and months follow from the first and the last row.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.dates import format_date

COUNT_MOST = 20_000  # how many rows of a list are counted and shown in pages; filters by month or kind show others
MONTHS_MOST = 120  # how many months a list offers, the newest ones
WEEK = timedelta(days=7)


class BoundedPaginator(Paginator):
    """Paginates the first COUNT_MOST rows. is_cut: whether there are more, which the list then says."""

    is_cut = False

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        found = rows.order_by().values("pk")[: COUNT_MOST + 1].count()
        self.is_cut = found > COUNT_MOST
        return min(found, COUNT_MOST)


class DensePaginator(Paginator):
    """Paginates rows, the newest first, whose `number` has no gaps, so that they are counted and found by it.

    object_list: may be filtered only by ranges of numbers.
    """

    is_cut = False

    @cached_property
    def _span(self) -> tuple[int, int]:
        """Return the first number, and the number after the last one."""
        rows: Any = self.object_list
        found = rows.order_by().aggregate(first=Min("number"), last=Max("number"))
        return (0, 0) if found["first"] is None else (found["first"], found["last"] + 1)

    @cached_property
    def count(self) -> int:
        first, end = self._span
        return end - first

    def page(self, number: int | str) -> Page:
        number = self.validate_number(number)
        _first, end = self._span
        end -= (number - 1) * self.per_page
        rows: Any = self.object_list
        return Page(rows.filter(number__gte=end - self.per_page, number__lt=end), number, self)


class InOneOrder(ChangeList):
    """It is a list whose order cannot be changed by the address to a column without an index."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return list(self.model_admin.get_ordering(request) or self.lookup_opts.ordering or ())


class Growing(admin.ModelAdmin):
    """It is the admin of a table that grows over the years: rows are counted up to COUNT_MOST, in an order with an
    index.

    The order of the model, or of this class, must be total: it ends with a unique column.
    """

    paginator = BoundedPaginator
    show_full_result_count = False
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER  # they would count all rows for each choice of each filter
    list_per_page = 100

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return InOneOrder

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list. An action applies only to the rows of the page.

        « All » would mean the whole table, of which the list has counted only COUNT_MOST rows.
        """
        if request.POST.get("select_across") == "1":
            chosen = request.POST.copy()
            chosen["select_across"] = "0"
            request.POST = QueryDict(chosen.urlencode())
        return super().changelist_view(request, extra_context)


class PeriodFilter(admin.SimpleListFilter):
    """Filters by « Aujourd'hui », « Les 7 derniers jours », and the months from the first row to the last.

    field: the name of the column with the time of a row, which has an index; it is read twice.
    """

    field: ClassVar[str]
    title = _("période")
    parameter_name = "periode"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        span = model_admin.model._default_manager.order_by().aggregate(first=Min(self.field), last=Max(self.field))
        days: list[tuple[str, Any]] = [("jour", _("Aujourd'hui")), ("semaine", _("Les 7 derniers jours"))]
        if span["first"] is None:
            return days
        months: list[tuple[str, Any]] = []
        month, first = (timezone.localtime(span[end]).date().replace(day=1) for end in ("last", "first"))
        while month >= first and len(months) < MONTHS_MOST:
            months.append((f"{month:%Y-%m}", format_date(month, "F Y")))
            month = (month - timedelta(days=1)).replace(day=1)
        return [*days, *months]

    def span(self) -> tuple[datetime, datetime] | None:
        """Return the beginning and the (exclusive) end of the period; None when none is chosen.

        Raises IncorrectLookupParameters for anything else.
        """
        asked = self.value()
        if not asked:
            return None
        today = timezone.localdate()
        tomorrow = today + timedelta(days=1)
        if asked == "jour":
            return _midnight(today), _midnight(tomorrow)
        if asked == "semaine":
            return _midnight(tomorrow - WEEK), _midnight(tomorrow)
        try:
            first = datetime.strptime(asked, "%Y-%m").date()  # noqa: DTZ007  a month of the calendar
            return _midnight(first), _midnight((first + timedelta(days=32)).replace(day=1))
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters from error

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        span = self.span()
        if span is None:
            return queryset
        return queryset.filter(**{f"{self.field}__gte": span[0], f"{self.field}__lt": span[1]})


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
