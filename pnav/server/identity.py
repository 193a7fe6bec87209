"""Finds who holds a cookie, for many at once: the session, the account and its second factor, in at most two queries;
now and then a third one puts off the end of the sessions of those who answer, whose open console is use.

What the sockets ask at the handshake, and again while they live. A visit whose rows did not change since is not opened
again: most answers are « nothing changed ».
"""

from datetime import datetime
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

# All that decides whether an account may go on: `_Account.print`, `_is_signed_in`.
SESSIONS = """
SELECT session_key, session_data, expire_date FROM django_session
WHERE session_key = ANY(%s::text[]) AND expire_date > statement_timestamp()
"""
# A row that was deleted meanwhile stays away.
PUT_OFF = """
UPDATE django_session s SET expire_date = used.until
FROM (SELECT unnest(%s::text[]) AS key, unnest(%s::timestamptz[]) AS until) AS used
WHERE s.session_key = used.key RETURNING s.session_key
"""
ACCOUNTS = """
SELECT u.id, u.password, u.role, u.is_active, u.password_is_temporary, u.session_generation, f.pks, f.kinds
FROM accounts_user u LEFT JOIN LATERAL (
    SELECT array_agg(id) AS pks, array_agg(type::text) AS kinds FROM mfa_authenticator WHERE user_id = u.id
) AS f ON true
WHERE u.id = ANY(%s::bigint[])
"""
# The same, where the operator believes a provider's second factor: links count as factors, below zero.
ACCOUNTS_AND_LINKS = """
SELECT u.id, u.password, u.role, u.is_active, u.password_is_temporary, u.session_generation, f.pks, f.kinds
FROM accounts_user u LEFT JOIN LATERAL (
    SELECT array_agg(own.id) AS pks, array_agg(own.type) AS kinds FROM (
        SELECT id, type::text FROM mfa_authenticator WHERE user_id = u.id
        UNION ALL SELECT -id, 'openid' FROM socialaccount_socialaccount WHERE user_id = u.id AND provider = %s
    ) AS own
) AS f ON true
WHERE u.id = ANY(%s::bigint[])
"""
UNMETERED = "unmetered"  # written by the command that makes sessions for load generators, on a demonstration


class _Account(NamedTuple):
    """A row of ACCOUNTS. Of thousands that are asked again and have not changed no `User` is made."""

    id: int
    password: str
    role: str
    is_active: bool
    password_is_temporary: bool
    session_generation: int
    factor_pks: list[int] | None
    factor_kinds: list[str] | None

    @property
    def factors(self) -> dict[int, str]:
        """The second factors of the account: kind by key."""
        return dict(zip(self.factor_pks or (), self.factor_kinds or (), strict=True))

    @property
    def print(self) -> int:
        """Changes with anything that decides whether this account may go on."""
        return hash((*self[1:6], *sorted(self.factor_pks or ())))

    @property
    def user(self) -> User:
        """The account as a `User`, of which these columns alone are there."""
        return User(
            id=self.id,
            password=self.password,
            role=self.role,
            is_active=self.is_active,
            password_is_temporary=self.password_is_temporary,
            session_generation=self.session_generation,
        )


def identify_passes(passes: list[Pass]) -> list[Identity | bool | None]:
    """Return for each pass the identity if it is new or changed, True if not, None if the session has ended."""
    keys = {pass_.session_key for pass_ in passes}
    read = fetch_rows(SESSIONS, [array_text(keys)])
    rows = {key: data for key, data, _end in read}
    prints = {key: hash(data) for key, data in rows.items()}
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
        asked = array_text(set(user_ids.values()))
        found = (
            fetch_rows(ACCOUNTS_AND_LINKS, [settings.OPENID_PROVIDER, asked])
            if settings.OPENID_SECOND_FACTOR
            else fetch_rows(ACCOUNTS, [asked])
        )
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
    _put_off(passes, answers, {key: end for key, _data, end in read})
    return answers


def _put_off(passes: list[Pass], answers: list[Identity | bool | None], row_ends: dict[str, datetime]) -> None:
    """Whose console is open uses their session: move its end, for all of them at once, every few minutes."""
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
    """What `django.contrib.auth.get_user` asks of a session, then the second factor."""
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return False
    proof = session.get(HASH_SESSION_KEY, "")
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    if not any(constant_time_compare(proof, expected) for expected in hashes):
        return False
    return standing_with(user, session, factors) is Standing.COMPLETE
