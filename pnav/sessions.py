"""Encrypts sessions at rest, so that a reader of the database can neither read a visit nor continue it.

The table is Django's own. Its primary key is a keyed hash of the cookie, so that the cookie cannot be derived from a
row. Its data is encrypted with the content keys and bound to that row, so that a copy under another key cannot be
decrypted. With SESSION_SEAL=cookie it is encrypted once more, with a key that follows from the cookie only. Then
nothing that is stored on a server can decrypt it, neither a backup nor the key ring (docs/adr/0103).
`settings.SESSION_ENGINE` names this module (docs/adr/0020).
"""

import base64
import logging
import os
from datetime import UTC, datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import connection, connections, router, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from common import encryption
from common.encryption import NONCE_BYTES, UnsealError
from common.sql import fetch_first_rows
from reports.audit import log as audit_log

logger = logging.getLogger(__name__)
LOAD = "SELECT session_data, expire_date FROM django_session WHERE session_key = %s AND expire_date > %s"
# The data of a row whose key was replaced. Nothing is written there any more.
REPLACED = ""
# An update, so that a row that was deleted by a sign-out elsewhere does not come back. The row of a replaced key is
# left to end soon.
PUT_OFF = "UPDATE django_session SET expire_date = %s WHERE session_key = %s AND session_data <> %s"
TAKE = "DELETE FROM django_session WHERE session_key = %s RETURNING session_data, expire_date > clock_timestamp()"
ON_ITS_WAY_SECONDS = 60  # how long the row of a replaced key stays, for requests that are under way with it
BEFORE = "sessions.before"  # in a session that was handed on: the key of the row that it had before
# The first byte of data that was encrypted with the cookie's key; `common.encryption` uses 1 and 2. The nonce, the
# ciphertext and its tag follow. The plain text is what the key ring encrypted.
COOKIE_VERSION = 3
# The key in the session of an account for the moment at which it ends however much it is used, in seconds since 1970.
ENDS_AT = "accounts.ends_at"


class RowKey(str):
    """It is the primary key of a session's row, made from its cookie.

    opening: the key that decrypts its data. It exists only in the memory of a process that serves this visit.
    """

    __slots__ = ("opening",)
    opening: bytes


def stored_key(session_key: str) -> RowKey:
    """Return the primary key of the session of this cookie: 40 characters, the width of Django's column.

    It is 240 bits of an HMAC-SHA-256 with SECRET_KEY, so changing SECRET_KEY ends every session. The key that decrypts
    the data is another HMAC of the same cookie, which has 165 random bits. Neither can be derived from the other.
    """
    digest = salted_hmac("pnav.sessions", session_key, algorithm="sha256").digest()
    row = RowKey(base64.urlsafe_b64encode(digest[:30]).decode())
    row.opening = salted_hmac("pnav.sessions.opening", session_key, algorithm="sha256").digest()
    return row


def is_sealed_by_cookie(session_data: str) -> bool:
    """Return whether this data of a row can only be decrypted with its cookie. Raises ValueError for data that is not
    ours."""
    return base64.b64decode(session_data)[:1] == bytes((COOKIE_VERSION,))


def _seal_once_more(sealed: bytes, row: RowKey) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return bytes((COOKIE_VERSION,)) + nonce + AESGCM(row.opening).encrypt(nonce, sealed, f"session:{row}".encode())


def _open_outer(sealed: bytes, row: str) -> bytes:
    """Decrypt the outer layer, if there is one, and return what the key ring encrypted.

    Raises UnsealError without the cookie's key, or with that of another cookie.
    """
    if sealed[:1] != bytes((COOKIE_VERSION,)):
        return sealed
    if not isinstance(row, RowKey):
        raise UnsealError("This session opens with its cookie alone.")
    try:
        return AESGCM(row.opening).decrypt(
            sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], f"session:{row}".encode()
        )
    except (InvalidTag, ValueError) as error:
        raise UnsealError("This session does not open with this cookie.") from error


def begin_shift(session: Any) -> None:
    """Make this the session of an account: it ends after a shift in any case, and earlier when it is idle."""
    session[ENDS_AT] = (timezone.now() + timedelta(hours=settings.STAFF_SESSION_HOURS)).timestamp()


def idle_end(ends_at: float) -> datetime:
    """Return when the session of an account ends if it is not used again. ends_at: see ENDS_AT."""
    idle = timezone.now() + timedelta(minutes=settings.STAFF_IDLE_MINUTES)
    return min(idle, datetime.fromtimestamp(ends_at, UTC))


def is_worth_putting_off(row_end: datetime, wanted: datetime) -> bool:
    """Return whether the end of a row is to be moved: not at each request, but once a quarter of the idle time has
    passed."""
    return wanted - row_end > timedelta(minutes=settings.STAFF_IDLE_MINUTES) / 4


class SessionStore(db.SessionStore):
    """These are Django's database sessions, encrypted. Everything outside this class handles the value of the cookie
    only.

    A visit ends a day after its last change. The session of an account (`begin_shift`) ends when it is idle, and after
    a shift in any case; `put_off` says that it is used (docs/adr/0034).
    """

    row_end: datetime | None = None  # the end that the row had when it was read

    def seal(self, data: dict[str, Any], row: RowKey) -> str:
        """Encrypt the data of a session for its row, as it is stored: in base64."""
        text = self.serializer().dumps(data).decode("latin-1")
        sealed = encryption.seal(text, context=f"session:{row}")
        if settings.SESSION_SEAL == "cookie":
            sealed = _seal_once_more(sealed, row)
        return base64.b64encode(sealed).decode()

    def unseal(self, row: AbstractBaseSession) -> dict[str, Any]:
        """Decrypt the data of a row. A row that cannot be decrypted is an empty session, as a forged one is for Django.

        row: its `session_key` must come from `stored_key`. The text from the database does not decrypt data that was
        encrypted with the cookie's key.
        """
        if row.session_data == REPLACED:
            return {}
        try:
            sealed = _open_outer(base64.b64decode(row.session_data), row.session_key)
            text = encryption.unseal(sealed, context=f"session:{row.session_key}")
        except (encryption.UnsealError, ValueError):
            logger.warning("session_does_not_open")
            return {}
        return self.serializer().loads(text.encode("latin-1"))

    def load(self) -> dict[str, Any]:
        """Read the data of this session; {} when it has ended or cannot be decrypted. One statement."""
        rows = []
        if self.session_key is not None:
            stored = stored_key(self.session_key)
            rows = fetch_first_rows(LOAD, [str(stored), timezone.now()])
        if not rows:
            self._session_key = None
            return {}
        [(session_data, self.row_end)] = rows
        return self.unseal(self.model(session_key=stored, session_data=session_data))

    async def aload(self) -> dict[str, Any]:
        row = None
        if self.session_key is not None:
            stored = stored_key(self.session_key)
            row = await self.model.objects.filter(session_key=stored, expire_date__gt=timezone.now()).afirst()
        if row is None:
            self._session_key = None
            return {}
        row.session_key = stored  # the RowKey, which has the key that decrypts
        return self.unseal(row)

    def exists(self, session_key: str) -> bool:
        """Return whether the session of this cookie runs. One that has ended does not, even before its row is
        deleted."""
        return self.model.objects.filter(session_key=stored_key(session_key), expire_date__gt=timezone.now()).exists()

    async def aexists(self, session_key: str) -> bool:
        return await self.model.objects.filter(
            session_key=stored_key(session_key), expire_date__gt=timezone.now()
        ).aexists()

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row = stored_key(self._get_or_create_session_key())  # type: ignore[attr-defined]
        return self.model(session_key=row, session_data=self.seal(data, row), expire_date=self.get_expiry_date())

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row = stored_key(await self._aget_or_create_session_key())  # type: ignore[attr-defined]
        expire_date = await self.aget_expiry_date()
        return self.model(session_key=row, session_data=self.seal(data, row), expire_date=expire_date)

    def save(self, must_create: bool = False) -> None:
        """Save. Raises UpdateError when the row is gone, also for a key that was replaced meanwhile.

        Without it a request that had read the session before would write all of it back under the old key, for which a
        thief of that key might wait. An error of the database is raised as it is: Django's own store makes it an
        UpdateError too, so that the person would read that their visit is over, and the operator nothing.
        """
        if must_create or self.session_key is None:
            super().save(must_create)
            return
        row = self.create_model_instance(self._get_session())  # type: ignore[attr-defined]
        kept = self.model.objects.filter(session_key=row.session_key).exclude(session_data=REPLACED)
        with transaction.atomic(using=router.db_for_write(self.model, instance=row)):
            count = kept.update(session_data=row.session_data, expire_date=row.expire_date)
        if not count:
            raise UpdateError

    async def asave(self, must_create: bool = False) -> None:
        await sync_to_async(self.save)(must_create)

    def delete(self, session_key: str | None = None) -> None:
        session_key = session_key or self.session_key
        if session_key is not None:
            self.model.objects.filter(session_key=stored_key(session_key)).delete()

    @classmethod
    def take(cls, session_key: str) -> dict[str, Any]:
        """Delete the session of this cookie and return its data; {} when none runs. One statement."""
        row = stored_key(session_key)
        with connections[router.db_for_write(cls.get_model_class())].cursor() as cursor:
            cursor.execute(TAKE, [row])
            found = cursor.fetchone()
        if found is None or not found[1]:
            return {}
        return cls().unseal(cls.get_model_class()(session_key=row, session_data=found[0]))

    async def adelete(self, session_key: str | None = None) -> None:
        session_key = session_key or self.session_key
        if session_key is not None:
            await self.model.objects.filter(session_key=stored_key(session_key)).adelete()

    def replace_key(self) -> None:
        """Give the session a new key after its owner has proven who they are. The old key is worthless from then on.

        An empty row, which nobody writes to (`save`), stays under the old key for ON_ITS_WAY_SECONDS. A request that is
        under way with the old key is answered as that of nobody. Without the row, the browser would be told to delete
        its cookie, which is the new one by then.
        """
        before = self._take_new_key()
        if before is None:
            return
        until = timezone.now() + timedelta(seconds=ON_ITS_WAY_SECONDS)
        row = self.model(session_key=stored_key(before), session_data=REPLACED, expire_date=until)
        # Two requests of a double press may be here at once.
        self.model.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["session_key"], update_fields=["session_data", "expire_date"]
        )

    def hand_on(self) -> None:
        """Give the session a new key, because it is given a right that whoever knows the old key must not get.

        The session goes on under the old key as well, as it was and until its own end. The answer with the new cookie
        may be lost on its way, or overtaken by the answer to a second press: then the old one is all that the browser
        has. Nobody gains by it, because whoever knows the old key knew it before. The quick exit and the end of the
        visit end both (`BEFORE`). The session of an account gets another key at once.
        """
        if ENDS_AT in self:
            self.replace_key()
            return
        self._delete_before()  # the cookie of this one has arrived
        before = self._take_new_key()
        if before is not None:
            self[BEFORE] = str(stored_key(before))

    def flush(self) -> None:
        """End the session, also under the key from which it was handed on."""
        self._delete_before()
        super().flush()

    def _delete_before(self) -> None:
        """Delete the row that this session had before it was handed on, if it was."""
        if (before := self.get(BEFORE)) is not None:
            self.model.objects.filter(session_key=before).delete()

    def _take_new_key(self) -> str | None:
        """Save what the session holds under a new key, with which it goes on, and return the key of before."""
        before, data = self.session_key, self._get_session()  # type: ignore[attr-defined]
        self.create()
        self._session_cache = data
        return before

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """Return when the session ends. For an account that is when it is idle or the shift ends, whatever a library
        has set.
        """
        ends_at = self.get(ENDS_AT)
        return super().get_expiry_date(**kwargs) if ends_at is None else idle_end(ends_at)

    async def aget_expiry_date(self, **kwargs: Any) -> datetime:
        ends_at = await self.aget(ENDS_AT)
        return await super().aget_expiry_date(**kwargs) if ends_at is None else idle_end(ends_at)

    def put_off(self) -> None:
        """Move the end of an account's session because it is used, by one statement every few minutes.

        Nothing happens for a visit.
        """
        ends_at = self.get(ENDS_AT)
        if ends_at is None or self.row_end is None or self.session_key is None:
            return
        wanted = idle_end(ends_at)
        if is_worth_putting_off(self.row_end, wanted):
            with connection.cursor() as cursor:
                cursor.execute(PUT_OFF, [wanted, stored_key(self.session_key), REPLACED])
            self.row_end = wanted

    def get_expire_at_browser_close(self) -> bool:
        """Return True: the cookie never outlives the browser, whatever end the row has on the server."""
        return True

    async def aget_expire_at_browser_close(self) -> bool:
        return True

    @classmethod
    def clear_expired(cls) -> None:
        """Delete the sessions whose end has passed, for `clearsessions`. The audit log records how many."""
        with transaction.atomic():
            count = cls.get_model_class().objects.filter(expire_date__lt=timezone.now()).delete()[0]
            audit_log.record_removal(sessions=count)

    @classmethod
    async def aclear_expired(cls) -> None:
        await sync_to_async(cls.clear_expired)()
