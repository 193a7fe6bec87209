"""This module says of what kind a database error is, without any part of its message.

A driver's message holds hosts, users and, after a refused statement, the row itself. An operator still has to tell a
wrong password from a certificate or a full server. So `failure_of` reads the message, and returns only names of ours.
"""

import re
from typing import NamedTuple

import psycopg
from django.db import Error as DjangoError
from psycopg_pool import PoolTimeout

WRONG_PASSWORD = "wrong_password"  # noqa: S105  the name of a failure
NO_PASSWORD = "no_password"  # noqa: S105  the name of a failure
NOT_ALLOWED = "not_allowed"
NO_DATABASE = "no_database"
INVALID_DATABASE = "invalid_database"
TOO_MANY = "too_many_connections"
NOT_READY = "starting_or_stopping"
CERTIFICATE = "certificate"
NAME_NOT_FOUND = "name_not_found"
REFUSED = "refused"
TIMED_OUT = "timed_out"
READ_ONLY = "read_only"
START_UP_OPTION = "start_up_option"
CUT = "connection_cut"
POOL_EMPTY = "pool_timeout"
OTHER = "other"

# Categories of errors with a SQLSTATE. Source: PostgreSQL 18, appendix A, « PostgreSQL Error Codes ».
BY_STATE = {
    "28P01": WRONG_PASSWORD,
    "28000": NOT_ALLOWED,
    "3D000": NO_DATABASE,
    "53300": TOO_MANY,
    "57P01": NOT_READY,
    "57P02": NOT_READY,
    "57P03": NOT_READY,
    "25006": READ_ONLY,
    "57014": TIMED_OUT,
    "55P03": TIMED_OUT,
}

# All errors of pgbouncer itself have this state, so its English text is read to tell which one it is (tried with 1.24).
SAY_LITTLE = frozenset({"08P01"})

# libpq keeps no SQLSTATE of a connection that failed, so the text of the error is read. libpq, OpenSSL and psycopg
# write English; PostgreSQL writes the language of its lc_messages, of which English, French, German, Spanish and
# Italian are known here, by the translations of version 15. The first pattern that is found counts; its SQLSTATE is the
# one with which PostgreSQL's source raises that error.
BY_TEXT = [
    (
        WRONG_PASSWORD,
        "28P01",
        re.compile(
            r"(?i)password authentication failed|authentification par mot de passe échouée"
            r"|passwort-authentifizierung für benutzer|autentificación password falló"
            r"|autenticazione con password fallita"
        ),
    ),
    (NO_PASSWORD, "", re.compile(r"(?i)no password supplied")),
    (
        TOO_MANY,
        "53300",
        re.compile(
            r"(?i)too many (clients|connections)|connection slots are reserved"
            r"|trop de (clients|connexions)|emplacements de connexions? restants"
            r"|zu viele verbindungen|verbleibenden verbindungen sind|demasiad[oa]s (clientes|conexiones)"
            r"|conexiones restantes|troppi client|troppe connessioni|rimanenti slot di connessione"
        ),
    ),
    (
        NOT_READY,
        "57P03",
        re.compile(
            r"(?i)the database system is|le système de bases? de données|das datenbanksystem"
            r"|el sistema de bases? de datos|il (sistema di )?database (si sta|è in|non accetta)"
        ),
    ),
    (
        NO_DATABASE,
        "3D000",
        re.compile(
            r"(?i)database \"[^\"]{0,70}\" does not exist|la base de données .{0,70} n'existe pas"
            r"|datenbank »[^«]{0,70}« existiert nicht|no existe la base de datos"
            r"|il database \"[^\"]{0,70}\" non esiste"
        ),
    ),
    # A DROP DATABASE that did not come to its end, or a restore up to a time between its two steps (docs/restore.md).
    # The translations are those of version 17.
    (
        INVALID_DATABASE,
        "55000",
        re.compile(
            r"(?i)cannot connect to invalid database|mit ungültiger Datenbank »[^«]{0,70}« kann nicht verbunden"
            r"|conectar a la base de datos no válida"
        ),
    ),
    (
        CERTIFICATE,
        "",
        re.compile(
            r"(?i)certificate verify failed|root certificate file|server certificate for"
            r"|private key file|does not support SSL|SSL error|SSL SYSCALL|(sslv3|tlsv1|tlsv13) alert"
            r"|could not (load|read) (the )?certificate"
        ),
    ),
    (
        NOT_ALLOWED,
        "28000",
        re.compile(
            r"(?i)pg_hba\.conf|role \"[^\"]{0,70}\" does not exist|le rôle .{0,70} n'existe pas"
            r"|not permitted to log in|n'est pas autorisé à se connecter|certificate authentication"
            r"|authentification par (le )?certificat|valid client certificate|certificat client valide"
            r"|rolle »[^«]{0,70}« (existiert nicht|hat keine berechtigung)|zertifikatauthentifizierung"
            r"|gültiges client-zertifikat|no existe el rol|no se le permite conectarse"
            r"|autentificación por certificado|certificado de cliente|il ruolo \"[^\"]{0,70}\" non esiste"
            r"|non è consentito effettuare il login|autenticazione con certificato|certificato valido per il client"
        ),
    ),
    (START_UP_OPTION, "08P01", re.compile(r"(?i)unsupported startup parameter")),
    # From pgbouncer: no server connection was free in time; or it cannot reach PostgreSQL, and tries again by itself.
    (POOL_EMPTY, "08P01", re.compile(r"query_wait_timeout")),
    (NOT_READY, "08P01", re.compile(r"server login has been failing|server_login_retry|pgbouncer cannot connect")),
    (READ_ONLY, "", re.compile(r"(?i)session is read-only|server is in hot standby mode")),
    (NAME_NOT_FOUND, "", re.compile(r"(?i)failed to resolve host|could not translate host name")),
    (TIMED_OUT, "", re.compile(r"(?i)timeout expired|timed out")),
    (
        REFUSED,
        "",
        re.compile(r"(?i)Connection refused|No such file or directory|No route to host|Network is unreachable"),
    ),
    (
        CUT,
        "",
        re.compile(
            r"(?i)server closed the connection|connection (was )?closed|the connection is (closed|lost)"
            r"|reset by peer"
        ),
    ),
]
READ_AT_MOST = 2_000  # characters of a message that are read, because a failed statement may hold a long row

# What to check, in French, for people who run a command.
HINTS = {
    WRONG_PASSWORD: "le mot de passe est refusé. Voir DATABASE_PASSWORD (ou _FILE) et DATABASE_URL.",
    NO_PASSWORD: "le serveur demande un mot de passe, et aucun n'est donné. Voir DATABASE_PASSWORD (ou _FILE).",
    NOT_ALLOWED: "ce rôle ne peut pas entrer de cette façon. Voir pg_hba.conf, le rôle et son certificat.",
    NO_DATABASE: "la base nommée par DATABASE_URL n'existe pas.",
    INVALID_DATABASE: "la base est à moitié supprimée. Restaurée ? Reprenez à un moment plus ancien (docs/restore.md).",
    TOO_MANY: "toutes les connexions sont prises. Voir max_connections, DATABASE_POOL_SIZE et CHAT_THREADS.",
    NOT_READY: "PostgreSQL démarre ou s'arrête. Essayez de nouveau dans un instant.",
    CERTIFICATE: "le certificat n'est pas accepté. Voir sslmode, sslrootcert, sslcert et sslkey, et leurs dates.",
    NAME_NOT_FOUND: "le nom de l'hôte de DATABASE_URL est inconnu.",
    REFUSED: "rien ne répond à l'adresse de DATABASE_URL. PostgreSQL tourne-t-il, à cet hôte et ce port ?",
    TIMED_OUT: "PostgreSQL n'a pas répondu à temps.",
    READ_ONLY: "le serveur n'accepte aucune écriture : une réplique, ou un ancien primaire.",
    START_UP_OPTION: "un intermédiaire (pgbouncer) refuse une option de départ. Voir DATABASE_POOLER.",
    CUT: "la connexion a été coupée par le serveur ou par le réseau.",
    POOL_EMPTY: "aucune connexion n'a pu être obtenue à temps ; les lignes psycopg.pool disent pourquoi.",
    OTHER: "la raison n'est pas de celles que ce programme reconnaît. Le journal de PostgreSQL la dit.",
}


class Failure(NamedTuple):
    """It is the kind of a database error.

    error_class: name of the driver's class. sqlstate: five characters, or "". category: one of the names above.
    """

    error_class: str
    sqlstate: str
    category: str

    def __str__(self) -> str:
        """Write it for the log: « OperationalError sqlstate=28P01 category=wrong_password »."""
        state = f" sqlstate={self.sqlstate}" if self.sqlstate else ""
        return f"{self.error_class}{state} category={self.category}"


def failure_of(error: BaseException) -> Failure | None:
    """Return the kind of a database error, Django's or the driver's; None for any other error.

    At most READ_AT_MOST characters of its message are read.
    """
    found: BaseException | None = error
    if isinstance(error, DjangoError):
        found = error.__cause__ if isinstance(error.__cause__, psycopg.Error) else error
    if isinstance(found, PoolTimeout):
        return Failure(type(found).__name__, "", POOL_EMPTY)
    if not isinstance(found, psycopg.Error | DjangoError):
        return None
    state = getattr(found, "sqlstate", None) or ""
    name = type(found).__name__
    if state and state not in SAY_LITTLE:
        return Failure(name, state, BY_STATE.get(state, OTHER))
    text = str(found)[:READ_AT_MOST]
    for category, assumed, pattern in BY_TEXT:
        if pattern.search(text):
            return Failure(name, state or assumed, category)
    return Failure(name, state, OTHER)


def describe_error(error: BaseException) -> str:
    """Describe an error for the log: its class and, for a database error, SQLSTATE and category. Never its message."""
    failure = failure_of(error)
    return type(error).__name__ if failure is None else str(failure)
