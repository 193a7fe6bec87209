# ruff: noqa: S608  (the statements are made of constants of this module; everything else is a parameter)
"""This module finds who holds each of many session cookies at once: the session, the account and its second factor.

This takes at most two queries. Now and then a third one prolongs the sessions of agents, because an open console counts
as use of a session.

WebSockets ask this at the handshake, and again while they are open. Most later answers are « nothing changed »:
PostgreSQL compares the hashes of the rows (the *prints*) in one query and returns only those that differ
(docs/adr/0102).
"""

from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils.crypto import constant_time_compare

from chat import access
from chat.realtime.authentication import Identity, Pass
from common.sql import array_text, fetch_rows
from pnav.accounts.models import User
from pnav.accounts.second_factor import Standing, standing_with
from pnav.sessions import ENDS_AT, SessionStore, idle_end, is_worth_putting_off
from reports.session import GENERATION
from reports.session import KEY as REPORT

SESSION_PRINT = "hashtextextended(s.session_data, 0)"
# This hash changes with anything that decides whether the account may go on.
ACCOUNT_PRINT = """hash_record_extended(ROW(
    u.password, u.role, u.is_active, u.password_is_temporary, u.session_generation, f.pks), 0)"""
SESSIONS = f"""
SELECT s.session_key, s.session_data, s.expire_date, {SESSION_PRINT} FROM django_session s
WHERE s.session_key = ANY(%s::text[]) AND s.expire_date > statement_timestamp()
"""
# A session that was deleted meanwhile is not created again.
PUT_OFF = """
UPDATE django_session s SET expire_date = used.until
FROM (SELECT unnest(%s::text[]) AS key, unnest(%s::timestamptz[]) AS until) AS used
WHERE s.session_key = used.key RETURNING s.session_key
"""
FACTORS = """
    SELECT array_agg(id ORDER BY id) AS pks, array_agg(type::text ORDER BY id) AS kinds
    FROM mfa_authenticator WHERE user_id = u.id
"""
# The same where the operator trusts the second factor of an OpenID provider: links to it count as factors, with
# negative keys.
FACTORS_AND_LINKS = """
    SELECT array_agg(own.id ORDER BY own.id) AS pks, array_agg(own.type ORDER BY own.id) AS kinds FROM (
        SELECT id, type::text FROM mfa_authenticator WHERE user_id = u.id
        UNION ALL SELECT -id, 'openid' FROM socialaccount_socialaccount WHERE user_id = u.id AND provider = %(provider)s
    ) AS own
"""
# `factors` is one of the two queries above, and `print` is ACCOUNT_PRINT.
ACCOUNTS = """
SELECT u.id, u.password, u.role, u.is_active, u.password_is_temporary, u.session_generation, f.pks, f.kinds, {print}
FROM accounts_user u LEFT JOIN LATERAL ({factors}) AS f ON true WHERE u.id = ANY(%(ids)s::bigint[])
"""
# Returns the sessions that have ended, whose rows have changed, or whose end should be moved (`is_worth_putting_off`).
# LATERAL with LIMIT makes PostgreSQL find each session and each account by its index. With plain joins it read all
# accounts for every sixty checks, and of 250 checks some 20 ms were spent on a worse plan.
CHANGED = """
SELECT was.n
FROM unnest(%(n)s::int[], %(keys)s::text[], %(sessions)s::bigint[], %(users)s::bigint[], %(accounts)s::bigint[],
            %(ends)s::float8[]) AS was(n, key, session_print, user_id, account_print, ends_at)
LEFT JOIN LATERAL (
    SELECT {session_print} AS print, s.expire_date FROM django_session s
    WHERE s.session_key = was.key AND s.expire_date > statement_timestamp() LIMIT 1
) AS now_session ON true
LEFT JOIN LATERAL (
    SELECT {print} AS print FROM accounts_user u LEFT JOIN LATERAL ({factors}) AS f ON true
    WHERE u.id = was.user_id LIMIT 1
) AS now_account ON true
WHERE now_session.print IS NULL OR now_session.print <> was.session_print
   OR now_account.print IS DISTINCT FROM was.account_print
   OR (was.ends_at IS NOT NULL AND now_session.expire_date < least(
        statement_timestamp() + %(idle)s * interval '1 min', to_timestamp(was.ends_at)
      ) - %(idle)s * interval '15 s')
"""
UNMETERED = "unmetered"  # set by the command that makes sessions for load generators, in a demonstration only


class _Account(NamedTuple):
    """It is a row of ACCOUNTS."""

    id: int
    password: str
    role: str
    is_active: bool
    password_is_temporary: bool
    session_generation: int
    factor_pks: list[int] | None
    factor_kinds: list[str] | None
    print: int

    @property
    def factors(self) -> dict[int, str]:
        """Return the kinds of the account's second factors, by their keys."""
        return dict(zip(self.factor_pks or (), self.factor_kinds or (), strict=True))

    @property
    def user(self) -> User:
        """Return the account as a `User` with only the columns of this row."""
        return User(
            id=self.id,
            password=self.password,
            role=self.role,
            is_active=self.is_active,
            password_is_temporary=self.password_is_temporary,
            session_generation=self.session_generation,
        )


@cache
def _statements(*, with_links: bool) -> tuple[str, str]:
    """Return the statements ACCOUNTS and CHANGED, with the kinds of second factors that this service trusts."""
    parts = {
        "factors": FACTORS_AND_LINKS if with_links else FACTORS,
        "print": ACCOUNT_PRINT,
        "session_print": SESSION_PRINT,
    }
    return ACCOUNTS.format(**parts), CHANGED.format(**parts)


def _fetch_with_factors(which: int, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of one of the two statements of `_statements`. which: its index."""
    with_links = settings.OPENID_SECOND_FACTOR
    if with_links:
        values["provider"] = settings.OPENID_PROVIDER
    return fetch_rows(_statements(with_links=with_links)[which], values)


def _find_changed(passes: list[Pass]) -> set[int]:
    """Return the indices of the passes that have changed since they were read, and of those that were never read.

    One query for all that were read.
    """
    known = [(n, one) for n, one in enumerate(passes) if one.session_print is not None]
    changed = set(range(len(passes))) - {n for n, _one in known}
    if known:
        values = {
            "n": array_text([n for n, _one in known]),
            "keys": array_text([one.session_key for _n, one in known]),
            "sessions": array_text([one.session_print for _n, one in known]),
            "users": array_text([one.user_id for _n, one in known]),
            "accounts": array_text([one.account_print for _n, one in known]),
            "ends": array_text([one.ends_at for _n, one in known]),
            "idle": float(settings.STAFF_IDLE_MINUTES),
        }
        changed.update(n for (n,) in _fetch_with_factors(1, values))
    return changed


def identify_passes(passes: list[Pass]) -> list[Identity | bool | None]:
    """Return for each pass the identity if it is new or changed, True if not, None if the session has ended."""
    changed = sorted(_find_changed(passes))
    answers: list[Identity | bool | None] = [True] * len(passes)
    if changed:
        for n, answer in zip(changed, _read_passes([passes[n] for n in changed]), strict=True):
            answers[n] = answer
    return answers


def _read_passes(passes: list[Pass]) -> list[Identity | bool | None]:
    """Read the sessions and accounts of these passes, and return answers as `identify_passes` does."""
    keys = {pass_.session_key for pass_ in passes}
    read = fetch_rows(SESSIONS, [array_text(keys)])
    rows = {key: data for key, data, _end, _print in read}
    prints = {key: print_ for key, _data, _end, print_ in read}
    opened: dict[str, dict[str, Any]] = {}

    def session_of(key: str) -> dict[str, Any]:
        if key not in opened:
            opened[key] = SessionStore().unseal(SimpleNamespace(session_key=key, session_data=rows[key]))  # type: ignore[arg-type]
        return opened[key]

    user_ids: dict[str, int] = {}
    for pass_ in passes:
        key = pass_.session_key
        if key not in rows or key in user_ids:
            continue
        if pass_.session_print == prints[key]:
            user_id: Any = pass_.user_id
        else:
            user_id = session_of(key).get(SESSION_KEY)
        if user_id is not None:
            user_ids[key] = int(user_id)
    accounts: dict[int, _Account] = {}
    if user_ids:
        found = _fetch_with_factors(0, {"ids": array_text(set(user_ids.values()))})
        accounts = {row[0]: _Account(*row) for row in found}

    def answer(pass_: Pass) -> Identity | bool | None:
        key = pass_.session_key
        if key not in rows:
            return None
        user_id = user_ids.get(key)
        account = accounts.get(user_id) if user_id is not None else None
        account_print = account.print if account is not None else None
        if pass_.session_print == prints[key] and pass_.account_print == account_print:
            return True
        session = session_of(key)
        user = account.user if account is not None else None
        is_complete = account is not None and user is not None and _is_signed_in(user, session, account.factors)
        may_answer = user is not None and is_complete and access.may_answer(user)
        return Identity(
            pass_=Pass(key, prints[key], user_id, account_print, session.get(ENDS_AT) if may_answer else None),
            report=session.get(REPORT),
            generation=session.get(GENERATION, 0),
            user_id=user_id if is_complete else None,
            may_answer=may_answer,
            is_unmetered=settings.DEMO and bool(session.get(UNMETERED)),
        )

    answers = [answer(pass_) for pass_ in passes]
    _put_off(passes, answers, {key: end for key, _data, end, _print in read})
    return answers


def _put_off(passes: list[Pass], answers: list[Identity | bool | None], row_ends: dict[str, datetime]) -> None:
    """Move the end of the sessions of agents whose console is open, all in one statement, every few minutes."""
    used: dict[str, datetime] = {}
    for asked, given in zip(passes, answers, strict=True):
        pass_ = given.pass_ if isinstance(given, Identity) else asked
        if given is None or pass_.ends_at is None:
            continue
        wanted = idle_end(pass_.ends_at)
        if is_worth_putting_off(row_ends[pass_.session_key], wanted):
            used[pass_.session_key] = wanted
    if used:
        fetch_rows(PUT_OFF, [list(used), list(used.values())])


def _is_signed_in(user: User, session: dict[str, Any], factors: dict[int, str]) -> bool:
    """Return whether the session passes the checks of `django.contrib.auth.get_user`, and has its second factor."""
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return False
    proof = session.get(HASH_SESSION_KEY, "")
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    if not any(constant_time_compare(proof, expected) for expected in hashes):
        return False
    return standing_with(user, session, factors) is Standing.COMPLETE
