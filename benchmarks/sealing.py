"""Measures what each exchange's own key costs a message that is written and read (issue 17: at most 2 %).

`python -m benchmarks.sealing` compares a hundred conversations that have a key each with a hundred that have none and
are sealed by the key ring. One thread writes batches of twenty messages as a web process does, and reads them as a
socket does, in either kind in turn. It counts the processor time of itself and of the server process of its connection.
No socket is used, so that two batches differ in nothing but the seal: `benchmarks.variants` compares whole processes,
whose rounds differ by a seventh from one to the next.

`python -m benchmarks.sealing --identities` does the same for connections that are recorded (`IDENTITY_KEYS`, ADR 0114).
"""

import argparse
import random
import time
import uuid
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg

from benchmarks.site import stage
from benchmarks.stillness import describe_machine
from benchmarks.variants import interval

CONVERSATIONS = 100
BATCH = 20
IDENTITY_ROUNDS = 1000  # a report keeps 500 connections; with more rounds, old ones would be deleted meanwhile
WORDS = ("il", "recommence", "tous", "les", "soirs", "et", "je", "ne", "sais", "plus", "quoi", "faire", "là")


def server_seconds(pid: int) -> float:
    """Return the processor time of a process, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def wal_bytes(connection: psycopg.Connection) -> float:
    row = connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8").fetchone()
    assert row is not None
    return float(row[0])


def compare(rounds: int, url: str) -> dict[str, list[tuple[float, float]]]:
    """Return, for each figure, a pair for each round: without a key of the exchange, and with one."""
    from django.test import override_settings

    from chat.messages.reading import Ask, read_messages
    from chat.messages.writing import Draft, Written
    from chat.models import Conversation
    from chat.realtime.sequence_cache import SequenceCache
    from common.sql import raw_connection
    from pnav.accounts.management.commands.bench_sessions import make_pairs

    kinds: list[list[tuple[int, str]]] = []
    for value in ("read", "write"):
        with override_settings(EXCHANGE_KEYS=value):
            made = {pair["conversation"] for pair in make_pairs(CONVERSATIONS)}
        rows = list(Conversation.objects.filter(public_id__in=made).values_list("pk", "public_id", "data_key"))
        assert all((key is not None) == (value == "write") for _pk, _public_id, key in rows)
        kinds.append([(pk, str(public_id)) for pk, public_id, _key in rows])
    server = raw_connection().info.backend_pid
    apart = psycopg.connect(url, autocommit=True)  # the statements of this connection are not counted
    write = SequenceCache()
    source = random.Random(1)
    last = {pk: 1 for kind in kinds for pk, _public_id in kind}

    def one_batch(kind: list[tuple[int, str]], words: list[str]) -> tuple[float, ...]:
        some = source.sample(kind, BATCH)
        posts = [
            (Draft(pk, public_id, "reporter", None, str(uuid.uuid4()), body, is_metered=False), last[pk])
            for (pk, public_id), body in zip(some, words, strict=True)
        ]
        asks = [Ask(pk, public_id, last[pk], with_state=False) for pk, public_id in some]
        wal, spent, mine = wal_bytes(apart), server_seconds(server), time.thread_time()
        answers = write(posts)
        between = time.thread_time()
        readings = read_messages(asks)
        reads, writes = time.thread_time() - between, between - mine
        spent = server_seconds(server) - spent
        for (pk, _public_id), answer, reading in zip(some, answers, readings, strict=True):
            assert isinstance(answer, Written) and reading is not None and reading.items
            last[pk] = answer.seq
        return writes, reads, spent, wal_bytes(apart) - wal

    figures = ("µs of the web process to write", "and to read", "µs of PostgreSQL", "bytes of WAL")
    measured: dict[str, list[tuple[float, float]]] = {figure: [] for figure in figures}
    for turn in range(-20, rounds):  # the first rounds warm up
        words = [" ".join(source.choices(WORDS, k=12)) for _each in range(BATCH)]
        order = (0, 1) if turn % 2 == 0 else (1, 0)
        results = {n: one_batch(kinds[n], words) for n in order}
        for place, figure in enumerate(figures):
            unit = 1 if figure == figures[-1] else 1e6
            pair = (results[0][place] * unit / BATCH, results[1][place] * unit / BATCH)
            if turn >= 0:
                measured[figure].append(pair)
    apart.close()
    return measured


KINDS = ("not looked for", "looked for, not used", "used")


def compare_identities(rounds: int, url: str) -> dict[str, list[tuple[float, ...]]]:
    """Return, for each figure, three values for each round, in the order of KINDS.

    These are connections that are recorded as before ADR 0114, without a look for the key of their exchange; with that
    look, as with IDENTITY_KEYS=read; and encrypted with it as well.
    """
    from django.test import override_settings
    from django.utils import timezone

    from common.client_address import Connection
    from common.sql import raw_connection
    from pnav.accounts.management.commands.bench_sessions import make_pairs
    from reports import reporter_identity
    from reports.models import Report

    kinds: list[list[uuid.UUID]] = []
    for is_keyed in (False, False, True):
        with override_settings(EXCHANGE_KEYS="write"):
            made = {pair["conversation"] for pair in make_pairs(CONVERSATIONS)}
        reports = Report.objects.filter(conversation__public_id__in=made, data_key__isnull=False)
        reports.update(identity_key_since=timezone.now() if is_keyed else None)
        kinds.append(list(reports.values_list("public_id", flat=True)))
        assert len(kinds[-1]) == CONVERSATIONS
    server = raw_connection().info.backend_pid
    apart = psycopg.connect(url, autocommit=True)  # the statements of this connection are not counted
    look = reporter_identity.fetch_rows
    source = random.Random(1)

    def without_look(statement: Any, values: Any) -> Any:
        return [] if statement is reporter_identity.KEYS else look(statement, values)

    def one_batch(kind: int) -> tuple[float, ...]:
        reports, now = source.sample(kinds[kind], BATCH), timezone.now()
        arrivals = [
            reporter_identity.Arrival(report, Connection("192.0.2.7", str(40_000 + n)), now)
            for n, report in enumerate(reports)
        ]
        with patch.object(reporter_identity, "fetch_rows", look if kind else without_look):
            wal, spent, mine = wal_bytes(apart), server_seconds(server), time.thread_time()
            late = reporter_identity.record(arrivals)
            mine = time.thread_time() - mine
        assert not late
        return mine, server_seconds(server) - spent, wal_bytes(apart) - wal

    figures = ("µs of the web process", "µs of PostgreSQL", "bytes of WAL")
    measured: dict[str, list[tuple[float, ...]]] = {figure: [] for figure in figures}
    for turn in range(-5, rounds):  # the first rounds warm up
        order = source.sample(range(3), 3)
        results = {kind: one_batch(kind) for kind in order}
        for place, figure in enumerate(figures):
            unit = 1 if figure == figures[-1] else 1e6
            if turn >= 0:
                measured[figure].append(tuple(results[kind][place] * unit / BATCH for kind in range(3)))
    apart.close()
    return measured


def tell_identities(measured: dict[str, list[tuple[float, ...]]]) -> None:
    """Print the medians of each kind, and the ratio of the last two to the first."""
    print(f"| a connection of {BATCH} recorded at once | {' | '.join(KINDS)} | ratios (95 %) |\n|" + "---|" * 5)
    for figure, rows in measured.items():
        medians = [f"{sorted(side)[len(rows) // 2]:.4g}" for side in zip(*rows, strict=True)]
        ratios = [interval([row[kind] / row[0] for row in rows if row[0]]) for kind in (1, 2)]
        told = ", ".join(f"{middle:.3f} ({low:.3f} to {high:.3f})" for middle, low, high in ratios)
        print(f"| {figure} | {' | '.join(medians)} | {told} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--identities", action="store_true", help="connections (IDENTITY_KEYS) in place of messages")
    options = parser.parse_args()
    print(describe_machine(), flush=True)
    with stage() as ground:
        if options.identities:
            tell_identities(compare_identities(min(options.rounds, IDENTITY_ROUNDS), ground.postgres.url))
            return
        measured = compare(options.rounds, ground.postgres.url)
    print("| a message, written and read | key ring | key of the exchange | ratio | 95 % |\n|" + "---|" * 5)
    for figure, pairs in measured.items():
        without, with_key = (sorted(side)[len(pairs) // 2] for side in zip(*pairs, strict=True))
        middle, low, high = interval([other / one for one, other in pairs if one])
        print(f"| {figure} | {without:.4g} | {with_key:.4g} | {middle:.3f} | {low:.3f} to {high:.3f} |")


if __name__ == "__main__":
    main()
