"""This module keeps what was typed in a form that could not be accepted until its sender proves again who they are.

The values are kept in the encrypted session, one form at a time, never in an address or a log. They are back in the
fields once the proof was given. Somebody who has stolen the cookie and gives no proof cannot read them.
"""

import time
from collections.abc import Collection
from typing import Any, TypedDict

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

KEY = "unsent"
KEPT_SECONDS = 30 * 60  # long enough to find one's passkey, or to be called away
VALUE_MAX = 5000  # characters of one field; no field of these forms accepts more
# Characters of all fields together. The longest form that can be accepted has 4,000 (`openings.forms.ReplyForm`).
# A character outside the Basic Multilingual Plane takes 16 bytes of the encrypted session, so a form takes 79 KiB at
# most.
FORM_MAX = 5000


class KeptForm(TypedDict):
    """It is a kept form. form: the name of its address. of: the public id in it. at: when, in seconds since 1970."""

    form: str
    of: str
    values: dict[str, str]
    at: float
    is_proved: bool


def keep_form(request: HttpRequest, *, form: str, of: str, fields: Collection[str]) -> None:
    """Keep what was sent in these fields, in place of what was kept before, and FORM_MAX characters of it at most.

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
    """Allow `restore` to return the kept form, because the owner of this session has just proved who they are."""
    if kept := request.session.get(KEY):
        request.session[KEY] = kept | {"is_proved": True}


def restore(request: HttpRequest, *, form: str, of: str) -> dict[str, Any]:
    """Return what was kept of this form, or `{}`. It is kept until the form is sent or KEPT_SECONDS are over."""
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
    """Drop what was kept of this form, because it was accepted."""
    kept: KeptForm | None = request.session.get(KEY)
    if kept is not None and (kept["form"], kept["of"]) == (form, of):
        del request.session[KEY]
