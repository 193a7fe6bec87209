"""This is the unit's pages of captures of an exchange whose summary it received: drawings, opening an original, and
locking a capture.

A unit sees the captures that the page named on which the person agreed, and that are not locked (docs/adr/0082). A
summary that was sent without the person's agreement has none.
"""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from chat.captures import opening, queries, store
from chat.captures.answers import drawing_of, pages_of
from chat.captures.forms import LockForm, OriginalForm
from chat.models import Capture, Transmission, UnitAccount
from chat.referral import actions as referral_actions
from chat.referral.queries import agreed_captures
from chat.unit.views import for_units, opened_or_404
from common import rate_limits
from common.encryption import UnsealError
from common.sealed_files.answer import PieceByPiece
from reports.audit import recorded_pages
from reports.audit.for_the_person import CAPTURES
from reports.models import CaptureContact

ORIGINALS, ORIGINALS_SECONDS = 30, 60 * 60  # how many an account may open in this time; the register records each
EXTENSIONS = {"jpeg": "jpg"}  # the extension where it is not the name of the kind


@require_GET
@for_units
def captures(request: HttpRequest, account: UnitAccount, public_id: uuid.UUID) -> HttpResponse:
    """Show the drawings, blurred until they are pressed, with a form to open each original and one to lock each."""
    return _show(request, account, opened_or_404(account, public_id), OriginalForm())


def _show(
    request: HttpRequest,
    account: UnitAccount,
    row: Transmission,
    form: OriginalForm | LockForm,
    *,
    refused: uuid.UUID | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """Show the page. The register records each GET of it that shows a capture, and the person reads that it was seen.

    Drawings have no line of their own: their addresses are on this page alone, and name a capture that nobody guesses.
    So has the page that answers a form: the form's address names a capture too, so the page was read before.
    """
    if (refusal := recorded_pages.refuse_if_too_many(request)) is not None:
        return refusal
    rows = queries.captures_sent_along(row.conversation, agreed_captures(row))
    context = {
        "account": account,
        "transmission": row,
        "rows": [
            {
                "one": one,
                "pages": pages_of(one, "unit:capture_drawing", row.public_id),
                "form": form if one.public_id == refused and isinstance(form, OriginalForm) else OriginalForm(),
                "lock_form": form if one.public_id == refused and isinstance(form, LockForm) else LockForm(),
                "field_id": f"motif-{one.number}",
                "lock_id": f"cote-{one.number}",
                "can_open": bool(one.sha256) and one.locked_at is None and one.scan not in opening.WITHHELD,
            }
            for one in rows
        ],
        "count": sum(one.locked_at is None for one in rows),
        "contact": CaptureContact.current(),
        "problem": problem,
        "is_error": bool(refused or problem),
    }
    if request.method != "POST" and context["count"]:
        try:
            referral_actions.read_summary(transmission=row, by=request.user, detail=CAPTURES)  # type: ignore[arg-type]
        except referral_actions.Settled as error:
            raise Http404 from error
    return render(request, "unit/captures.html", context, status=status)


def _capture_or_404(row: Transmission, capture_id: uuid.UUID) -> Capture:
    capture = queries.one_sent_along(row.conversation, capture_id, agreed_captures(row))
    if capture is None:
        raise Http404
    return capture


@require_GET
@for_units
def drawing(
    request: HttpRequest, account: UnitAccount, public_id: uuid.UUID, capture_id: uuid.UUID, page: int
) -> HttpResponse:
    """Return one drawing, to a unit that has opened the summary; 404 otherwise."""
    return drawing_of(_capture_or_404(opened_or_404(account, public_id), capture_id), page)


@require_POST
@for_units
def original(
    request: HttpRequest, account: UnitAccount, public_id: uuid.UUID, capture_id: uuid.UUID
) -> HttpResponseBase:
    """Return an original as a download (« Ouvrir l'original »), for a motive that the register records.

    An account may open ORIGINALS in ORIGINALS_SECONDS. The file is sent piece by piece, with 240 KiB in memory at a
    time.
    """
    row = opened_or_404(account, public_id)
    capture = _capture_or_404(row, capture_id)
    form = OriginalForm(request.POST)
    if not form.is_valid():
        return _show(request, account, row, form, refused=capture_id, status=422)
    if rate_limits.is_over(f"originals:{account.pk}", limit=ORIGINALS, seconds=ORIGINALS_SECONDS):
        rate_limits.tell_reached("originals")
        return _show(
            request, account, row, form, problem=_("Beaucoup d'originaux ouverts : réessayez plus tard."), status=429
        )
    try:
        pieces = opening.open_original(capture, motive=form.reason, by=request.user)
    except opening.Locked as error:
        raise Http404 from error
    except opening.Withheld:
        said = _("Cet original n'est pas donné : l'analyse y a trouvé un programme, ou ne l'a pas encore lu.")
        return _show(request, account, row, form, problem=said, status=409)
    except (UnsealError, KeyError, store.StoreAway):
        said = _("Cet original ne peut pas être lu en ce moment. Réessayez, ou appelez l'administrateur.")
        return _show(request, account, row, form, problem=said, status=503)
    words = capture.words
    kind = words["kind"]
    name = f"capture-{capture.number}-{words['sha256'][:12]}.{EXTENSIONS.get(kind, kind) or 'bin'}"
    return PieceByPiece(pieces, length=capture.size, name=name)


@require_POST
@for_units
def lock(request: HttpRequest, account: UnitAccount, public_id: uuid.UUID, capture_id: uuid.UUID) -> HttpResponse:
    """Lock a capture (« Mettre de côté »), so that nobody sees it. The register has the motive; the person is told.

    The unit may be the first to see what is an offence to hold: in an original, or on pages that were not drawn.
    """
    row = opened_or_404(account, public_id)
    capture = _capture_or_404(row, capture_id)
    form = LockForm(request.POST)
    if not form.is_valid():
        return _show(request, account, row, form, refused=capture_id, status=422)
    opening.lock_capture(capture, motive=form.reason, by=request.user)
    messages.success(
        request, _("Capture mise de côté : plus personne ne la voit. Prévenez maintenant la personne désignée.")
    )
    return redirect("unit:captures", public_id=public_id)
