import os
import stat
from pathlib import Path

import psycopg
import pytest
import redis

from pnav.demo.code import totp_code
from pnav.demo.services import Postgres, ServiceError, Valkey
from tests.support import once


@pytest.fixture
def postgres(tmp_path):
    service = Postgres(tmp_path / "state", durable=False)
    try:
        yield service
    finally:
        service.stop()
        if service.as_root:
            import shutil

            shutil.rmtree(service.home, ignore_errors=True)


def test_postgres_keeps_its_data_between_starts(postgres):
    postgres.start()
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    postgres.stop()
    postgres.start()
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_postgres_second_server_on_the_same_data_is_refused(postgres, tmp_path):
    once.give_cluster(postgres)
    postgres.start()
    with pytest.raises(ServiceError, match=r"PostgreSQL tourne déjà sur .* « make run » est-il ouvert ailleurs"):
        Postgres(tmp_path / "state", durable=False).start()


def test_postgres_killed_starts_again(postgres):
    once.give_cluster(postgres)
    postgres.start()
    postgres.process.kill()
    postgres.process.wait()
    postgres.start()
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_postgres_opens_no_folder_of_the_user(postgres, tmp_path):
    """The wheel's own layer made a home traversable (700 to 755)."""
    tmp_path.chmod(0o700)
    parents = {folder: stat.S_IMODE(folder.stat().st_mode) for folder in (tmp_path, *tmp_path.parents)}
    postgres.start()
    assert parents == {folder: stat.S_IMODE(folder.stat().st_mode) for folder in parents}
    listening = psycopg.connect(postgres.url).execute("SHOW listen_addresses").fetchone()
    assert listening == ("",)


def test_valkey_answers_on_a_socket_of_its_own(tmp_path):
    with Valkey(tmp_path) as valkey:
        path = Path(valkey.url.removeprefix("unix://"))
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        client = redis.Redis.from_url(valkey.url)
        assert client.config_get("port")["port"] == "0"
        client.close()
        pid = valkey.process.pid
        valkey.kill()
        valkey.start()
        assert valkey.process.pid != pid
    assert not path.exists()
    assert not Path(f"/proc/{pid}").exists() or os.name != "posix"


def test_totp_of_rfc_6238():
    # Appendix B, SHA-1, last six of the eight digits: at 59 s 94287082, at 1111111109 s 07081804.
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert (totp_code(secret, 59), totp_code(secret, 1111111109)) == ("287082", "081804")
