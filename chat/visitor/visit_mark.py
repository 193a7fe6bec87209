"""A page of a visitor names whose exchange it shows, so that it does nothing to another one.

Somebody else may type their code in the same browser, in another tab. The page that stays open has the cookies of the
new visit from then on. The *mark* says of whom it is: a keyed hash, which tells nothing of the exchange. Forms and
scripts send it inside the token against forgery, and the frame of news has it in its address. A request without a mark
is answered as before: that of a page of the version before, or of a program.

A token of Django's is a random mask and the secret of the browser's cookie, which the mask hides. Here the mask is made
of a random part and of two hashes that depend on it. Any process takes such a token, and it looks as random as others.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import CSRF_ALLOWED_CHARS, CSRF_SECRET_LENGTH, CSRF_TOKEN_LENGTH, get_token
from django.utils.crypto import constant_time_compare, get_random_string, salted_hmac

from chat.access import SESSION_KEY as FOLLOW_UP_KEY
from reports.session import KEY as REPORT_KEY

IN_ADDRESS = "de"
RANDOM, HASHED = 14, 9  # characters of the mask: the random part, then the two hashes
DIGITS = 12  # of the mark in an address
_BASE = len(CSRF_ALLOWED_CHARS)


def _hash(*of: str) -> str:
    digest = salted_hmac("chat.visitor.visit_mark", "\n".join(of), algorithm="sha256").digest()
    return "".join([CSRF_ALLOWED_CHARS[byte % _BASE] for byte in digest[:HASHED]])


def _in_digits(whose: str) -> str:
    """Return the mark of an address: digits alone, because the address says nothing in discreet mode."""
    digest = salted_hmac("chat.visitor.visit_mark", f"address\n{whose}", algorithm="sha256").digest()
    return "".join([str(byte % 10) for byte in digest[:DIGITS]])


def _whose(session: Mapping[str, Any]) -> str:
    """Return the exchange of this visit, else the « Suites » that a code opened; "" without either."""
    report, followed = session.get(REPORT_KEY), session.get(FOLLOW_UP_KEY)
    return str(report or (f"suites {followed[0]}" if followed else ""))


def in_address(request: HttpRequest) -> str:
    """Return the mark for an address that a page of this visit asks for by itself; "" without an exchange."""
    whose = _whose(request.session)
    return _in_digits(whose) if whose else ""


def token_of(request: HttpRequest) -> str:
    """Return the token against forgery for a page of this visit, with its mark."""
    whose = _whose(getattr(request, "session", {}))
    if not whose:
        return get_token(request)
    start = get_random_string(RANDOM, CSRF_ALLOWED_CHARS)
    return _masked(get_token(request), start + _hash("marked", start) + _hash("whose", start, whose))


def renewed(request: HttpRequest, token: str) -> str:
    """Return a token of this browser's cookie with the mark of `token`, which was refused, or without one as it."""
    return _masked(get_token(request), token[:CSRF_SECRET_LENGTH]) if _is_marked(token) else get_token(request)


def _masked(token: str, mask: str) -> str:
    place = CSRF_ALLOWED_CHARS.index
    drawn = zip(token[:CSRF_SECRET_LENGTH], token[CSRF_SECRET_LENGTH:], mask, strict=True)
    # Django's mask is taken off, and this one is put on.
    return mask + "".join([CSRF_ALLOWED_CHARS[(place(c) - place(m) + place(ours)) % _BASE] for m, c, ours in drawn])


def _is_marked(token: str) -> bool:
    if len(token) != CSRF_TOKEN_LENGTH or not set(token).issubset(CSRF_ALLOWED_CHARS):
        return False
    start, tag = token[:RANDOM], token[RANDOM : RANDOM + HASHED]
    return constant_time_compare(tag, _hash("marked", start))


def is_of_another(request: HttpRequest, token: str = "") -> bool:
    """Return whether the page that sent this request shows another exchange than the one that this visit has now.

    token: what it sent against forgery. A visit that has no exchange any more is not compared: each view answers it.
    """
    address = request.GET.get(IN_ADDRESS, "")
    is_marked = _is_marked(token)
    whose = _whose(request.session) if address or is_marked else ""
    if not whose:
        return False
    if address and not constant_time_compare(address, _in_digits(whose)):
        return True
    start, mark = token[:RANDOM], token[RANDOM + HASHED : CSRF_SECRET_LENGTH]
    return is_marked and not constant_time_compare(mark, _hash("whose", start, whose))
