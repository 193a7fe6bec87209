"""The store of captures in a real server that speaks S3: what is stored, erased and swept there."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import storages

from chat.captures import receiving, store
from chat.models import Capture
from common import clock
from common.encryption import UnsealError
from common.sealed_files.chunks import CHUNK_BYTES
from pnav.backup import configuration as backup_configuration
from pnav.backup.store import Conflict, Missing
from tests.factories import captures as make_captures
from tests.factories import chat as make

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
MARK = b"MARQUE-de-capture"
LONG = make_captures.png(more=2 * CHUNK_BYTES) + MARK
KEYS = {"access_key": "essai", "secret_key": "essai", "region_name": "eu-west-3"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Give the address of a server of our own, on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


@pytest.fixture
def bucket(settings: Any, server: str, folder: object) -> Any:
    """Give the bucket in which this test's captures lie, empty."""
    options = {"bucket_name": "captures", "endpoint_url": server, "file_overwrite": True, "default_acl": None, **KEYS}
    settings.STORAGES = settings.STORAGES | {
        "captures": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    }
    storages.backends  # noqa: B018  read before, they would be those of the folder
    del storages.backends
    storages._storages.clear()
    held = store.storage().bucket  # type: ignore[attr-defined]
    held.create(CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    yield held
    held.objects.all().delete()
    held.delete()


def keys(bucket: Any) -> list[str]:
    return sorted(one.key for one in bucket.objects.all())


def opened(capture: Capture) -> bytes:
    sealer = receiving.sealer_of(capture)
    return b"".join(store.read_file(sealer, capture.store_id, store.ORIGINAL, capture.tokens))


def test_capture_lies_there_sealed_and_comes_back(bucket):
    capture = make_captures.received(make.waiting(), LONG, "NOM.png")
    assert opened(capture) == LONG and len(keys(bucket)) == 3
    for one in bucket.objects.all():
        assert MARK not in one.get()["Body"].read() and "NOM" not in one.key


def test_what_was_altered_or_moved_there_is_noticed(bucket):
    capture = make_captures.received(make.waiting(), LONG)
    first, second, _last = keys(bucket)
    content = bucket.Object(first).get()["Body"].read()
    bucket.Object(second).put(Body=content)
    with pytest.raises(UnsealError):
        opened(capture)
    bucket.Object(second).delete()
    with pytest.raises(store.StoreAway):
        opened(capture)


def test_erased_after_commit_nothing_stays(bucket, django_capture_on_commit_callbacks):
    conversation = make.waiting()
    capture, kept = (make_captures.received(conversation, LONG) for _each in range(2))
    with django_capture_on_commit_callbacks(execute=True):
        receiving.erase_capture(conversation_id=conversation.pk, public_id=capture.public_id)
    assert len(keys(bucket)) == 3 and opened(kept) == LONG
    with django_capture_on_commit_callbacks(execute=True):
        # Erasing it again changes nothing.
        receiving.erase_capture(conversation_id=conversation.pk, public_id=capture.public_id)


def test_sweep_erases_what_no_row_names(bucket, monkeypatch):
    conversation = make.waiting()
    kept, gone = (make_captures.received(conversation, LONG) for _each in range(2))
    Capture.objects.filter(pk=gone.pk).delete()
    monkeypatch.setattr(store, "ORPHAN_AFTER", timedelta(seconds=-60))
    now = clock.now()
    runs = range(store.SHARDS // store.SHARDS_A_RUN)
    assert sum(store.sweep(now + timedelta(hours=hour)) for hour in runs) == 3
    assert opened(kept) == LONG and len(keys(bucket)) == 3


def test_server_that_is_away_acknowledges_nothing(bucket, monkeypatch):
    conversation = make.waiting()
    capture = make_captures.begun(conversation, LONG)
    monkeypatch.setattr(store.storage(), "bucket_name", "nowhere")
    monkeypatch.setattr(store.storage(), "_bucket", None)
    with pytest.raises(store.StoreAway):
        make_captures.send(conversation, capture.public_id, LONG, 0)
    capture.refresh_from_db()
    assert capture.received == 0


def test_backups_lie_in_a_bucket_too(bucket, server):
    """The store of `deploy/backup` (docs/adr/0092) is in the same server."""
    own = {"BACKUP_S3_BUCKET": "captures", "BACKUP_S3_PREFIX": "content", "BACKUP_S3_ENDPOINT": server}
    own |= {"BACKUP_S3_REGION": "eu-west-3", "BACKUP_S3_ACCESS_KEY": "essai", "BACKUP_S3_SECRET_KEY": "essai"}
    backups = backup_configuration.read_store(own | {"BACKUP_KEYS": "b1:" + "A" * 43 + "="})
    assert backups.files("wal") == [] and backups.put("wal/1", MARK * 1000) > 0
    assert backups.put("wal/1", MARK * 1000) == 0 and backups.put("base/a/manifest", b"{}") > 0
    assert (backups.get("wal/1"), backups.files("wal"), backups.folders("base")) == (MARK * 1000, ["1"], ["a"])
    with pytest.raises(Conflict):
        backups.put("wal/1", b"another")
    assert keys(bucket) == ["content/base/a/manifest", "content/wal/1"]
    assert MARK not in bucket.Object("content/wal/1").get()["Body"].read()
    backups.delete("wal/1")
    with pytest.raises(Missing):
        backups.get("wal/1")
