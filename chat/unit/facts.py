"""This is the unit's page of the facts that went with a summary.

A unit sees the facts that the person had shown, and that the agent had read, when the person agreed (docs/adr/0079).
"""

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from chat.journal import panel as journal_panel
from chat.models import UnitAccount
from chat.referral import actions as referral_actions
from chat.unit.views import for_units, opened_or_404
from reports.audit import recorded_pages


@require_GET
@for_units
def facts(request: HttpRequest, account: UnitAccount, public_id: uuid.UUID) -> HttpResponse:
    """Show `journal_panel.A_PAGE` facts by date, after so many (`apres`); 404 when none went with the summary.

    The register records each reading, as of the summary. All facts are decrypted to know their order.
    """
    row = opened_or_404(account, public_id)
    if (refusal := recorded_pages.refuse_if_too_many(request)) is not None:
        return refusal
    try:
        opened = referral_actions.read_summary(transmission=row, by=request.user)  # type: ignore[arg-type]
    except referral_actions.Settled as error:
        raise Http404 from error
    if opened.agreed is None:
        raise Http404
    asked = request.GET.get("apres", "")
    after = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    lines, total, later = journal_panel.read_agreed_page(row.conversation, opened.agreed.until, after)
    context = {
        "account": account,
        "opened": opened,
        "lines": lines,
        "total": total,
        "later": later,
        "is_later": bool(after),
    }
    return render(request, "unit/facts.html", context)
