"""Nobody's IP address is kept: not in the database, not in the cache, not in the logs."""

import ipaddress
import re

import pytest
import redis
from django.apps import apps
from django.conf import settings as project
from django.db import connection

from tests.accounts.cast import PASSWORD, make_user, sign_in

ADDRESS = "198.51.100.23"  # documentation range, RFC 5737


@pytest.mark.django_db
def test_sign_in_leaves_no_address_in_the_cache(client, settings, caplog):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    client.defaults.update(REMOTE_ADDR="203.0.113.7", HTTP_X_FORWARDED_FOR=ADDRESS)
    make_user("camille", totp=True)
    client.post("/compte/login/", {"login": "camille", "password": "faux"})
    client.post("/compte/login/", {"login": "quelqu-un", "password": PASSWORD})
    sign_in(client, "camille")
    server = redis.Redis.from_url(project.REDIS_URL)
    prefix = settings.CACHES["default"]["KEY_PREFIX"]
    keys = [key for key in server.keys("*") if prefix.encode() in key]
    assert any(b"login_failed" in key for key in keys)  # the limits did count
    assert any(b"networks:account-failures" in key for key in keys)
    for key in keys:
        value = server.get(key) or b""
        for secret in (ADDRESS.encode(), b"203.0.113.7", b"quelqu-un"):
            assert secret not in key and secret not in value, key
        assert not holds_address(key.decode(errors="replace")), key
    server.close()
    assert ADDRESS not in caplog.text


def holds_address(text: str) -> bool:
    for word in re.findall(r"[0-9a-fA-F:.]{3,}", text):
        for part in {word, word.strip(":.")}:
            try:
                ipaddress.ip_address(part)
            except ValueError:
                continue
            # "::" and the like consist of separators of a key.
            if any(character.isalnum() for character in part) and (part.count(".") == 3 or part.count(":") > 1):
                return True
    return False


def test_holds_address_knows_one_when_it_sees_one():
    assert holds_address("allauth:rl:login:30/60/ip:ip:198.51.100.23")
    assert holds_address("x 2001:db8::1 y")
    assert not holds_address("pnav:1:allauth:rl:allauth.account:login:30/60/ip:ip:3f786850e387550fdab836ed7e6dc881")


# Other words contain « ip » too: recipient, description, municipality…
ADDRESS_NAMES = re.compile(r"(^|_)(ip|ips|ipv4|ipv6|inet|remote_addr|client_ip|user_agent|fingerprint)($|_)")


@pytest.mark.django_db
def test_no_column_is_made_for_an_address():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, udt_name FROM information_schema.columns WHERE table_schema = 'public'"
        )
        columns = cursor.fetchall()
    assert len(columns) > 50
    kept = [
        f"{table}.{column} {kind}"
        for table, column, kind in columns
        if kind in {"inet", "cidr", "macaddr"} or ADDRESS_NAMES.search(column)
    ]
    assert kept == []


def test_no_app_that_lists_sessions_with_their_addresses():
    assert not apps.is_installed("allauth.usersessions")


@pytest.mark.django_db
def test_sign_in_leaves_no_address_in_any_table(client):
    """Every text of every table is searched after a sign-in through the proxy."""
    client.defaults.update(REMOTE_ADDR=ADDRESS, HTTP_X_FORWARDED_FOR=ADDRESS)
    make_user("camille", totp=True)
    sign_in(client, "camille")
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            query = f'SELECT count(*) FROM "{table}" AS line WHERE line::text LIKE %s'  # noqa: S608  our own tables
            cursor.execute(query, [f"%{ADDRESS}%"])
            assert cursor.fetchone()[0] == 0, table
