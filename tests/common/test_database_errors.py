"""An operator reads what kind of failure a database error is, and nothing of its text."""

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.db.utils import InternalError
from psycopg_pool import ConnectionPool, PoolTimeout

from common import database_errors
from common.database_errors import describe_error, failure_of
from pnav.demo.services import free_port
from tests.support import pooler

HOST = "MARQUE.invalid"


def parameters(**changes: object) -> dict[str, object]:
    """Return the parameters of the tests' own server, with something in them that is wrong."""
    ours = {
        name: connection.settings_dict[upper] for name, upper in (("host", "HOST"), ("port", "PORT"), ("user", "USER"))
    }
    ours["host"] = ours["host"] or connection.settings_dict["OPTIONS"].get("host")
    known = {name: value for name, value in ours.items() if value}
    return {**known, "dbname": "postgres", "connect_timeout": 5, **changes}


@pooler.needs_own_connection
@pytest.mark.parametrize(
    ("changes", "category", "state"),
    [
        ({"dbname": "MARQUE"}, "no_database", "3D000"),
        ({"user": "MARQUE"}, "not_allowed", "28000"),
        ({"host": "/nowhere/MARQUE"}, "refused", ""),
        ({"host": "127.0.0.1", "port": "closed"}, "refused", ""),
        ({"host": HOST}, "name_not_found", ""),
    ],
)  # fmt: skip
@pytest.mark.django_db
def test_connection_that_really_fails_says_its_kind(changes, category, state):
    if changes.get("port") == "closed":
        changes = {**changes, "port": free_port()}
    with pytest.raises(psycopg.OperationalError) as failed:
        psycopg.connect(**parameters(**changes)).close()
    failure = failure_of(failed.value)
    assert (failure.category, failure.sqlstate) == (category, state), failed.value
    assert "MARQUE" not in describe_error(failed.value) and "127" not in describe_error(failed.value)


@pytest.mark.parametrize(
    ("said", "category", "state"),
    [
        ('FATAL:  password authentication failed for user "a"', "wrong_password", "28P01"),
        ("FATAL:  authentification par mot de passe échouée pour l'utilisateur « a »", "wrong_password", "28P01"),
        ("fe_sendauth: no password supplied", "no_password", ""),
        ("FATAL:  sorry, too many clients already", "too_many_connections", "53300"),
        ("FATAL:  désolé, trop de clients sont déjà connectés", "too_many_connections", "53300"),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
         "too_many_connections", "53300"),
        ("FATAL:  the database system is starting up", "starting_or_stopping", "57P03"),
        ("FATAL:  le système de bases de données est en cours de restauration", "starting_or_stopping", "57P03"),
        ("SSL error: certificate verify failed", "certificate", ""),
        ('FATAL:  no pg_hba.conf entry for host "::1", user "a", database "b", no encryption', "not_allowed", "28000"),
        ("FATAL:  aucune entrée dans pg_hba.conf pour l'hôte « ::1 »", "not_allowed", "28000"),
        ("FATAL:  unsupported startup parameter: options", "start_up_option", "08P01"),
        ('FATAL:  cannot connect to invalid database "a"', "invalid_database", "55000"),
        ("FATAL:  mit ungültiger Datenbank »a« kann nicht verbunden werden", "invalid_database", "55000"),
        ("session is read-only", "read_only", ""),
        ("connection timeout expired", "timed_out", ""),
        ("server closed the connection unexpectedly", "connection_cut", ""),
        ("something that nobody ever read", "other", ""),
    ],
)  # fmt: skip
def test_text_of_a_failed_connection(said, category, state):
    failure = failure_of(psycopg.OperationalError(f'connection to server at "h", port 5432 failed: {said}'))
    assert (failure.category, failure.sqlstate) == (category, state)


# From postgres-15.mo, with a name filled in: German, Spanish, Italian.
ELSEWHERE = {
    "wrong_password": [
        "Passwort-Authentifizierung für Benutzer »a« fehlgeschlagen",
        "la autentificación password falló para el usuario «a»",
        'autenticazione con password fallita per l\'utente "a"',
    ],
    "too_many_connections": [
        "tut mir leid, schon zu viele Verbindungen",
        "die verbleibenden Verbindungen sind für Superuser auf Nicht-Replikationsverbindungen reserviert",
        "lo siento, ya tenemos demasiados clientes",
        "las conexiones restantes están reservadas a superusuarios y no de replicación",
        "spiacente, troppi client già connessi",
        'troppe connessioni per il ruolo "a"',
        "i rimanenti slot di connessione sono riservati a connessioni di superutenti non di replica",
    ],
    "starting_or_stopping": [
        "das Datenbanksystem startet",
        "das Datenbanksystem nimmt noch keine Verbindungen an",
        "el sistema de base de datos está apagándose",
        "el sistema de bases de datos aún no está aceptando conexiones",
        "il database si sta avviando",
        "il database è in modalità di ripristino",
        "il sistema di database non accetta ancora connessioni",
    ],
    "no_database": [
        "Datenbank »b« existiert nicht",
        "no existe la base de datos «b»",
        'il database "b" non esiste',
    ],
    "not_allowed": [
        "Rolle »a« existiert nicht",
        "Rolle »a« hat keine Berechtigung zum Einloggen",
        "Zertifikatauthentifizierung für Benutzer »a« fehlgeschlagen",
        "Verbindung erfordert ein gültiges Client-Zertifikat",
        "kein pg_hba.conf-Eintrag für Host »::1«, Benutzer »a«, Datenbank »b«, keine Verschlüsselung",
        "no existe el rol «a»",
        "al rol «a» no se le permite conectarse",
        "la conexión requiere un certificado de cliente válido",
        'il ruolo "a" non esiste',
        'al ruolo "a" non è consentito effettuare il login',
        "la connessione richiede un certificato valido per il client",
        "la connexion requiert un certificat client valide",
    ],
}


def test_server_that_speaks_another_language_is_understood():
    found = {
        category: {failure_of(psycopg.OperationalError(f"failed: FATAL:  {said}")).category for said in every}
        for category, every in ELSEWHERE.items()
    }
    assert found == {category: {category} for category in ELSEWHERE}


@pytest.mark.parametrize(
    ("said", "category"),
    [
        ("unsupported startup parameter in options: statement_timeout", "start_up_option"),
        ("query_wait_timeout", "pool_timeout"),
        ("server login has been failing, cached error: connect failed (server_login_retry)", "starting_or_stopping"),
        ("MARQUE", "other"),
    ],
)
def test_what_pgbouncer_says_by_itself_is_told_apart(said, category):
    """All of these have one state. They were seen with 1.24."""
    assert failure_of(psycopg.errors.ProtocolViolation(said)) == ("ProtocolViolation", "08P01", category)


def test_every_category_has_its_hint():
    names = {value for name, value in vars(database_errors).items() if name.isupper() and isinstance(value, str)}
    assert set(database_errors.HINTS) == names


@pytest.mark.django_db
def test_write_on_a_read_only_connection_says_so():
    with pytest.raises(InternalError) as failed, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")
        cursor.execute("CREATE TABLE marque ()")
    assert describe_error(failed.value) == "ReadOnlySqlTransaction sqlstate=25006 category=read_only"


def test_pool_that_has_nothing_to_lend_says_so():
    pool = ConnectionPool("host=/nowhere/MARQUE", min_size=1, max_size=1, reconnect_timeout=0.1, open=False)
    with pool, pytest.raises(PoolTimeout) as failed:
        pool.getconn(timeout=0.2)
    assert describe_error(failed.value) == "PoolTimeout category=pool_timeout"
    wrapped = OperationalError("wrapped")
    wrapped.__cause__ = failed.value
    assert describe_error(wrapped) == describe_error(failed.value)


def test_other_errors_are_told_by_their_class():
    assert failure_of(ValueError("MARQUE")) is None
    assert describe_error(ValueError("MARQUE")) == "ValueError"
