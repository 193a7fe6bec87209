"""Decides which pages renew an agent's lease, and renews it without a script (docs/adr/0049)."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.csp import CSP
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from chat import access
from pnav.accounts.models import User
from pnav.accounts.second_factor import Standing, standing_of


def keeps_lease(request: HttpRequest) -> bool:
    """Return whether this page is shown to an agent whose session has proved all that is asked of it.

    It queries nothing for a visitor. For an agent outside the staff areas, where the guard has not asked already, it
    makes two queries.
    """
    user: Any = getattr(request, "user", None)
    if user is None or not access.may_answer(user):
        return False
    standing = getattr(request, "staff_standing", None) or standing_of(user, request.session)
    return standing is Standing.COMPLETE


def is_known_to_keep_lease(request: HttpRequest, user: User | None) -> bool:
    """Return the same as `keeps_lease`, without a query, from what this request has read already.

    It serves a page that says what went wrong. user: the account as far as it is known.
    """
    standing = getattr(request, "staff_standing", None)
    return user is not None and standing is Standing.COMPLETE and access.may_answer(user)


def asks_for_a_frame(request: HttpRequest) -> bool:
    """Return whether a browser asks for this page to draw it inside another one, as it does without scripts.

    A browser that does not say so (before 2020 to 2023) is led to the sign-in page as before, and draws nothing.
    """
    return request.headers.get("Sec-Fetch-Dest") == "iframe"


FRAMED_BY_OURSELVES: dict[str, Any] = {**settings.SECURE_CSP, "frame-ancestors": [CSP.SELF]}


@xframe_options_sameorigin
@csp_override(FRAMED_BY_OURSELVES)
def signed_out_frame(request: HttpRequest) -> HttpResponse:
    """Say in the frame of a page of the staff that the session has ended, with the way to sign in again.

    The sign-in page may stand in no frame, so a browser would show its own error there, and the agent would not learn
    that nothing keeps the lease any more. It queries nothing.
    """
    return render(request, "staff/presence_over.html", {"lease_seconds": settings.LEASE_SECONDS}, status=403)
