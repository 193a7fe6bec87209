"""Keep what was typed in a form that could not be accepted, because a recent proof of identity was needed first.

It waits in the sealed session, one form at a time, and is back in its fields once the proof was given: never in an
address or a log. Whoever took the cookie meanwhile, and proves nothing, does not read it.
"""

import time
from collections.abc import Collection
from typing import Any, TypedDict

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

KEY = "unsent"
KEPT_SECONDS = 30 * 60  # to find one's passkey, or to be called away
VALUE_MAX = 5000  # characters: no field that waits here takes more
# Characters of all fields together: the longest form that can be accepted takes 4,000 (`openings.forms.ReplyForm`).
# A character outside the first plane takes 16 bytes of the sealed session, so one form takes 79 KiB at most.
FORM_MAX = 5000


class KeptForm(TypedDict):
    """form: the name of its address. of: the public id that stands there. at: when, in seconds since 1970."""

    form: str
    of: str
    values: dict[str, str]
    at: float
    is_proved: bool


def keep_form(request: HttpRequest, *, form: str, of: str, fields: Collection[str]) -> None:
    """Keep what was sent in these fields, in place of what was kept before: FORM_MAX characters of it at most.

    The shortest fields are kept first, so that one that is much too long takes nothing from the others.
    """
    values: dict[str, str] = {}
    left = FORM_MAX
    for name in sorted((name for name in fields if name in request.POST), key=lambda name: len(request.POST[name])):
        values[name] = request.POST[name][: min(VALUE_MAX, left)]
        left -= len(values[name])
    kept: KeptForm = {"form": form, "of": of, "values": values, "at": time.time(), "is_proved": False}
    request.session[KEY] = kept


def allow_restore(request: HttpRequest) -> None:
    """The owner of this session has just proved who they are."""
    if kept := request.session.get(KEY):
        request.session[KEY] = kept | {"is_proved": True}


def restore(request: HttpRequest, *, form: str, of: str) -> dict[str, Any]:
    """Return what was kept of this form, or `{}`. It stays kept until the form is sent or its time has passed."""
    kept: KeptForm | None = request.session.get(KEY)
    if kept is None:
        return {}
    if time.time() - kept["at"] > KEPT_SECONDS:
        del request.session[KEY]
        return {}
    if not kept["is_proved"] or (kept["form"], kept["of"]) != (form, of):
        return {}
    messages.warning(request, _("Rien n'est encore envoyé : relisez ce que vous aviez écrit, puis envoyez-le."))
    return kept["values"]


def forget_form(request: HttpRequest, *, form: str, of: str) -> None:
    """This form was sent in time."""
    kept: KeptForm | None = request.session.get(KEY)
    if kept is not None and (kept["form"], kept["of"]) == (form, of):
        del request.session[KEY]
