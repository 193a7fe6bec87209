"""Decides which pages renew an agent's lease, and renews it without a script (docs/adr/0049)."""

from typing import Any

from django.http import HttpRequest

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
