"""A line of the log tells what happened and where, and repeats nothing that somebody sent."""

import io
import json
import logging
import logging.config
import os
import re
import subprocess
import sys
from contextvars import Context

import psycopg
import pytest
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import DataError, IntegrityError, connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import resolve
from django.utils.log import log_response

from pnav import logs
from pnav.logs import Discreet, DiscreetJson
from tests.support.variables import VARIABLES

WORD = "MARQUE"


@pytest.fixture
def lines(monkeypatch):
    """Return what the console of a server would show with the settings of production, from INFO on."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Discreet(settings.LOGGING["formatters"]["text"]["format"]))
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [handler])
    monkeypatch.setattr(root, "level", logging.INFO)
    # pytest sends what these log elsewhere as well. Here it goes to the console, as on a server.
    for name in ("django", "django.request", "django.security", "django.server"):
        monkeypatch.setattr(logging.getLogger(name), "handlers", [])
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    return out.getvalue


def test_console_is_discreet():
    """The formatter is that of the settings, on the only handler."""
    formatters = {name: formatter["()"] for name, formatter in settings.LOGGING["formatters"].items()}
    assert formatters == {"text": "pnav.logs.Discreet", "json": "pnav.logs.DiscreetJson"}
    assert {handler["formatter"] for handler in settings.LOGGING["handlers"].values()} == {"text"}
    assert all("handlers" not in logger for logger in settings.LOGGING["loggers"].values())


def test_own_words_are_kept(lines):
    logging.getLogger("chat.queue").warning("lease ended %s", "1b4e28ba")
    assert lines().endswith("WARNING chat.queue lease ended 1b4e28ba\n")


def test_exception_tells_its_class_and_its_way_only(lines):
    try:
        try:
            raise ValueError(WORD)
        except ValueError as error:
            raise DataError(f"{WORD} is too long") from error
    except DataError:
        logging.getLogger("chat.queue").exception("could not")
    assert WORD not in lines()
    assert "django.db.utils.DataError" in lines() and "ValueError" in lines() and "test_logs.py:" in lines()


def test_group_of_exceptions_tells_each(lines):
    try:
        raise ExceptionGroup(WORD, [ValueError(WORD), ExceptionGroup(WORD, [KeyError(WORD)])])
    except ExceptionGroup:
        logging.getLogger("chat").exception("several")
    assert WORD not in lines() and "ValueError" in lines() and "KeyError" in lines()


def test_exceptions_that_came_from_each_other_end(lines):
    first, second = ValueError(WORD), KeyError(WORD)
    first.__cause__, second.__cause__ = second, first
    logging.getLogger("chat").error("around", exc_info=first)
    assert WORD not in lines() and lines().count("KeyError") == 1


def test_words_of_others_are_left_out(lines):
    logging.getLogger("asyncio").error(f"Task exception was never retrieved: {WORD}")
    logging.getLogger("daphne.server").error("Exception inside application: %s", WORD)
    assert WORD not in lines()
    assert "asyncio (test_logs:" in lines() and "« Exception inside application: %s »" in lines()


def test_failing_request_is_told_by_its_route(lines):
    request = RequestFactory().get(f"/orientation/{WORD}/?q={WORD}")
    request.resolver_match = resolve(request.path)
    log_response("%s: %s", "Internal Server Error", request.path, request=request, response=HttpResponse(status=500))
    assert WORD not in lines()
    assert "status=500 route=orientation/<slug:slug>/ « %s: %s »" in lines()


def test_what_a_handler_wrote_before_is_not_taken_over(lines):
    try:
        raise ValueError(WORD)
    except ValueError:
        record = logging.LogRecord("chat", logging.ERROR, __file__, 1, "failed", None, sys.exc_info())
    logging.Formatter().format(record)
    assert WORD in record.exc_text
    logging.getLogger().handle(record)
    assert WORD not in lines()


@pytest.mark.django_db
def test_host_that_is_not_ours_is_not_repeated(lines):
    assert Client().get("/", headers={"host": f"{WORD}.example"}).status_code == 400
    with pytest.raises(DisallowedHost, match=WORD.lower()):
        RequestFactory().get("/", headers={"host": f"{WORD}.example"}).get_host()
    assert WORD.lower() not in lines().lower()
    assert "django.security.DisallowedHost" in lines()


@pytest.mark.django_db
def test_row_that_a_driver_could_not_write_is_not_repeated(lines):
    """PostgreSQL's message contains the whole row, and the driver puts it into the exception."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE pages_helpnumber ADD CONSTRAINT broken CHECK (false) NOT VALID")
        try:
            with transaction.atomic():
                cursor.execute("UPDATE pages_helpnumber SET label = %s", [WORD])
        except IntegrityError as error:
            assert WORD in str(error), "the reason for all this"
            logging.getLogger("pnav").exception("failed")
    assert WORD not in lines() and "CheckViolation" in lines()


def test_times_are_in_utc_and_say_so():
    record = logging.LogRecord("pnav.test", logging.INFO, __file__, 1, "event", None, None)
    record.created, record.msecs = 1_764_072_000.25, 250.0
    line = Discreet("%(asctime)s %(message)s").format(record)
    assert line == "2025-11-25T12:00:00.250Z event"


def test_pool_that_cannot_connect_says_why(lines):
    """psycopg_pool puts the driver's error into its line. An operator reads what kind it is, and no address."""
    said = (
        f'connection failed: connection to server at "{WORD}", port 5432 failed: FATAL:  password authentication failed'
    )
    logging.getLogger("psycopg.pool").warning("error connecting in %r: %s", WORD, psycopg.OperationalError(said))
    assert WORD not in lines()
    assert "« error connecting in %r: %s » OperationalError sqlstate=28P01 category=wrong_password" in lines()


def test_error_of_the_database_says_its_kind_beside_its_class(lines):
    try:
        raise psycopg.OperationalError(f"connection is bad: failed to resolve host '{WORD}'")
    except psycopg.OperationalError:
        logging.getLogger("django.request").exception("failed")
    assert WORD not in lines() and "psycopg.OperationalError sqlstate=- category=name_not_found" in lines()


def test_migrate_says_in_one_line_why_the_database_cannot_be_used(tmp_path):
    environment = {
        "DATABASE_URL": f"postgres://{WORD}:{WORD}@/pnav?host={tmp_path}",
        "REDIS_URL": "redis://localhost",
        "TESTING": "0",  # checks as in production, which also ask the database
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=settings.BASE_DIR, env={**os.environ, **VARIABLES, **environment},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1 and not done.stdout
    assert WORD not in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1 and "(OperationalError category=refused)" in done.stderr


def test_json_says_the_same_and_no_more(monkeypatch):
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(DiscreetJson())
    log = logging.getLogger("chat.tried")
    monkeypatch.setattr(log, "handlers", [handler])
    other = logging.getLogger("tried.elsewhere")
    monkeypatch.setattr(other, "handlers", [handler])
    try:
        raise ValueError(WORD)
    except ValueError:
        log.exception("lease ended %s", "1b4e28ba")
    other.error("%s is not known", WORD)
    ours, theirs = map(json.loads, out.getvalue().splitlines())
    assert WORD not in out.getvalue()
    assert ours["time"].endswith("Z") and (ours["level"], ours["logger"]) == ("ERROR", "chat.tried")
    assert ours["message"] == "lease ended 1b4e28ba" and ours["error"][0] == "builtins.ValueError"
    assert theirs["message"].startswith("« %s is not known »") and not {"error", "request"} & theirs.keys()


def test_lines_of_one_request_have_its_id_and_no_other_line_has(lines):
    def serve() -> str:
        drawn = logs.begin_request()
        logging.getLogger("chat").warning("during")
        return drawn

    first, second = (Context().run(serve) for _request in range(2))
    logging.getLogger("chat").warning("after")
    during, again, after = lines().splitlines()
    assert during.endswith(f"during request={first}") and again.endswith(f"during request={second}")
    assert first != second and re.fullmatch(r"[0-9a-f]{16}", first)
    assert after.endswith("after")
