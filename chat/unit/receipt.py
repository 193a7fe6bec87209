"""This is the unit's page « Vérifier un récépissé »: whether a receipt exists, and its day, and nothing about
anybody."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from chat.models import UnitAccount
from chat.personal_copy import receipts_page
from chat.unit.views import for_units
from reports.models import Motive


@sensitive_post_parameters("number")
@require_http_methods(["GET", "HEAD", "POST"])
@for_units
def receipt(request: HttpRequest, account: UnitAccount) -> HttpResponse:
    """Show the page; a POST verifies a number, and the register records it (`receipts_page.answer_of`)."""
    context, status = receipts_page.answer_of(request, motive=Motive.FOLLOW_UP)
    return render(request, "unit/receipt.html", {**context, "account": account}, status=status)
