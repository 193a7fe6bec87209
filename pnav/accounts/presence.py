"""Which pages keep an agent's lease, and what keeps it without a script (docs/adr/0049)."""

from typing import Any

from django.http import HttpRequest

from chat import access
from pnav.accounts.second_factor import Standing, standing_of


def keeps_lease(request: HttpRequest) -> bool:
    """Whether this page is shown to an agent whose session has proved all that is asked of it.

    Asks nothing for a visitor. For an agent outside the rooms of staff, whose guard has asked already: two queries.
    """
    user: Any = getattr(request, "user", None)
    if user is None or not access.may_answer(user):
        return False
    standing = getattr(request, "staff_standing", None) or standing_of(user, request.session)
    return standing is Standing.COMPLETE
