"""Makes a year of exchanges as rows, with statements that PostgreSQL runs by itself for tens of thousands of exchanges
at once.

The rows have the shapes of the product: the same columns, sealed values of their real length (random bytes, with the
head of a data key), random identifiers, times in the order of keys. Two things differ. No key opens the sealed values,
and the digests of the audit log lead from one line to the next without being those of its content (`verify_register`
says so).

`Shape` says how many of each thing an exchange has. The live part (who waits, who is answered) has one size whatever
the size of the year, so that two years differ only by what is stored. So do a unit, and what one agent has answered.
"""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from benchmarks.scale import ground
from benchmarks.site import VARIABLES

CHUNK = 25_000  # how many exchanges one statement of each kind makes
PER_AGENT = 1_250  # how many exchanges an agent has in a year: five a working day
PER_UNIT = 20  # how many agents a unit has
SECONDS_OF_LIVE = 40  # the time between the beginnings of two live exchanges


@dataclass(frozen=True, slots=True)
class Shape:
    """What an exchange has. messages: their number besides Pnav's first line. Of the other things, one exchange in so
    many has one.

    sealed_values: three in the product, 1,657 bytes each; fewer where the disk is small. active, waiting: exchanges
    that are under way now, and people who wait; on_duty: agents who are there.
    """

    messages: int = 12
    sealed_values: int = 3
    abandoned_every: int = 12
    sheet_every: int = 2
    note_every: int = 4
    fact_every: int = 3
    transmission_every: int = 33
    opening_every: int = 200
    feedback_every: int = 20
    active: int = 60
    waiting: int = 30
    on_duty: int = 20


# One row for each exchange of this chunk, with the times of its life. `agent` is an index into the list of agents; 0 is
# nobody.
PLAN = """
CREATE TEMPORARY TABLE plan ON COMMIT DROP AS
SELECT i AS id, gen_random_uuid() AS report, gen_random_uuid() AS public_id, gen_random_uuid() AS data_key,
       filed_at, filed_at + interval '20 s' AS opened_at,
       filed_at + wait * interval '1 s' AS assigned_at, filed_at + (wait + length) * interval '1 s' AS closed_at,
       CASE WHEN i > %(waits_from)s THEN 'waiting' WHEN i > %(live_from)s THEN 'active'
            WHEN i %% %(abandoned_every)s = 0 THEN 'abandoned' ELSE 'closed' END AS status,
       CASE WHEN i > %(waits_from)s OR (i <= %(live_from)s AND i %% %(abandoned_every)s = 0) THEN 0
            WHEN i > %(live_from)s THEN 1 + i %% %(on_duty)s
            ELSE 1 + (i / 7) %% cardinality(%(agents)s::bigint[]) END AS agent,
       CASE WHEN i %% 10 = 0 THEN 2 WHEN i %% 4 = 0 THEN 1 ELSE 0 END AS urgency,
       (ARRAY['police', 'gendarmerie'])[1 + i %% 2] AS force, (i %% 5 = 0) AS is_minor
FROM (
    SELECT i, 60 + random() * 600 AS wait, 900 + random() * 4800 AS length,
           CASE WHEN i > %(live_from)s THEN %(now)s - (%(exchanges)s - i) * %(live)s * interval '1 s'
                ELSE %(now)s - interval '2 days' - (%(live_from)s - i) * (interval '362 days' / %(exchanges)s)
           END AS filed_at
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS i
) AS drawn
"""

# Random bytes, cut out of a piece at any place. The piece is made once for many values, because making random bytes for
# each value took longer than writing it. A second function puts the head of a value that a data key sealed before them
# (`common.encryption` says what its parts are). Each parameter is used once, so that PostgreSQL inlines the expression.
NOISE_BYTES = 8_192
FUNCTIONS = """
CREATE OR REPLACE FUNCTION pg_temp.noise(length int) RETURNS bytea LANGUAGE sql VOLATILE AS $$
  SELECT substr(%(noise)s::bytea, 1 + (random() * 6000)::int, length)
$$;
CREATE OR REPLACE FUNCTION pg_temp.sealed(key uuid, length int) RETURNS bytea LANGUAGE sql VOLATILE AS $$
  SELECT '\\x02'::bytea || uuid_send(key) || substr(%(noise)s::bytea, 1 + (random() * 6000)::int, 28 + length)
$$
"""

REPORTS = """
INSERT INTO reports_report (
    id, public_id, submission_id, filed_at, role, age_band, facts, platforms, since, expectations, triage_version,
    triage_answers_sealed, outcome, urgency, discreet, postal_code, municipality_id, reception_point_id, force,
    is_nearest, language, visit_generation, data_key, data_key_since)
SELECT id, report, gen_random_uuid(), filed_at, (ARRAY['victim', 'victim', 'witness', 'relative'])[1 + id %% 4],
       CASE WHEN is_minor THEN '15_17' ELSE 'adult' END, ARRAY['insults', 'image'], ARRAY['social'], 'week',
       ARRAY['talk'], 'scale', pg_temp.sealed(data_key, 180), 'chat', urgency, id %% 15 = 0, '31000',
       (%(municipalities)s::bigint[])[1 + id %% greatest(1, cardinality(%(municipalities)s::bigint[]))],
       (%(points)s::bigint[])[1 + id %% greatest(1, cardinality(%(points)s::bigint[]))],
       force, false, 'fr', 0, data_key, filed_at
FROM plan ORDER BY id
"""
CONVERSATIONS = """
INSERT INTO chat_conversation (
    id, public_id, report_id, status, urgency, weight, force, opened_at, queued_at, assigned_to_id, assigned_at,
    closed_at, closed_by, outcome, last_seq, characters, reporter_seen_at, reporter_read_seq, agent_read_seq, data_key)
SELECT id, public_id, id, status, urgency, CASE WHEN urgency = 2 THEN 2 ELSE 1 END, force, opened_at, opened_at,
       (%(agents)s::bigint[])[nullif(agent, 0)], CASE WHEN agent > 0 THEN assigned_at END,
       CASE WHEN status = 'closed' THEN closed_at END, CASE WHEN status = 'closed' THEN 'agent' ELSE '' END,
       CASE WHEN status = 'closed' THEN (ARRAY['advised', 'complaint', 'partners', 'other'])[1 + id %% 4] ELSE '' END,
       seqs, seqs * 140, CASE status WHEN 'closed' THEN closed_at WHEN 'abandoned' THEN assigned_at ELSE %(now)s END,
       seqs, seqs, data_key
FROM (SELECT *, CASE WHEN agent > 0 THEN 1 + %(messages)s ELSE 0 END AS seqs FROM plan) AS p ORDER BY id
"""
EVENTS = """
INSERT INTO chat_conversationevent (conversation_id, kind, at, by_id, detail)
SELECT p.id, kind, CASE kind WHEN 'opened' THEN opened_at WHEN 'closed' THEN closed_at
                             WHEN 'urgency' THEN assigned_at + interval '3 min' ELSE assigned_at END,
       CASE WHEN kind IN ('assigned', 'closed', 'urgency') THEN (%(users)s::bigint[])[agent] END, ''
FROM plan p CROSS JOIN LATERAL unnest(
    CASE status WHEN 'closed' THEN ARRAY['opened', 'assigned', 'closed'] WHEN 'active' THEN ARRAY['opened', 'assigned']
                WHEN 'abandoned' THEN ARRAY['opened', 'abandoned'] ELSE ARRAY['opened'] END
    || CASE WHEN agent > 0 AND p.id %% 10 = 0 THEN ARRAY['urgency'] ELSE ARRAY[]::text[] END
) WITH ORDINALITY AS told (kind, place) ORDER BY p.id, place
"""
# Pnav's line « … est là », and then messages of the person and the agent in turn until the exchange ends, or until now.
MESSAGES = """
INSERT INTO chat_message (conversation_id, seq, author, agent_id, client_id, sealed_body, sent_at)
SELECT id, seq, author, CASE WHEN author = 'agent' THEN (%(agents)s::bigint[])[agent] END,
       CASE WHEN author <> 'system' THEN gen_random_uuid() END,
       pg_temp.sealed(data_key, 20 + (random() * random() * 400)::int),
       least(assigned_at + (seq - 1) * ((closed_at - assigned_at) / (1 + %(messages)s)), %(now)s)
FROM (
    SELECT p.*, seq, CASE WHEN seq = 1 THEN 'system' WHEN seq %% 2 = 0 THEN 'reporter' ELSE 'agent' END AS author
    FROM plan p CROSS JOIN generate_series(1, 1 + %(messages)s) AS seq WHERE agent > 0
) AS m ORDER BY id, seq
"""
SEALED_VALUES = """
INSERT INTO reports_sealedvalue (report_id, field, version, sealed)
SELECT id, field, (random() * 2147483646)::int, pg_temp.noise(1657)
FROM plan CROSS JOIN unnest((ARRAY['connection', 'name', 'contact'])[1:%(sealed_values)s]) AS field ORDER BY id
"""
SHEETS = """
INSERT INTO chat_factsheet (conversation_id, version, present, absent, evidence, saved_at, saved_by_id, sealed_words)
SELECT id, 1, '{}', '{}', '{}', closed_at, (%(users)s::bigint[])[agent], pg_temp.sealed(data_key, 300)
FROM plan WHERE status = 'closed' AND id %% %(sheet_every)s = 0 ORDER BY id
"""
CLOSINGS = """
INSERT INTO chat_closing (conversation_id, points, at, sealed_words)
SELECT id, '{}', closed_at, pg_temp.sealed(data_key, 400) FROM plan WHERE status = 'closed' ORDER BY id
"""
NOTES = """
INSERT INTO chat_note (conversation_id, number, agent_id, sealed_body, written_at)
SELECT id, 1, (%(agents)s::bigint[])[agent], pg_temp.sealed(data_key, 160), assigned_at
FROM plan WHERE agent > 0 AND id %% %(note_every)s = 0 ORDER BY id
"""
FACTS = """
INSERT INTO chat_journalfact (conversation_id, public_id, number, noted_at, shown_at, read_at, sealed_words)
SELECT id, gen_random_uuid(), 1, assigned_at, assigned_at, assigned_at, pg_temp.sealed(data_key, 250)
FROM plan WHERE agent > 0 AND id %% %(fact_every)s = 0 ORDER BY id
"""
HANDLES = """
INSERT INTO chat_conversationhandle (conversation_id, agent_id, number, colour, word, given_at)
SELECT id, (%(agents)s::bigint[])[agent], 1 + id %% 9, 'bleu', 'renard', assigned_at
FROM plan WHERE agent > 0 ORDER BY id
"""
TRANSMISSIONS = """
INSERT INTO chat_transmission (
    public_id, conversation_id, point_id, state, basis, file_number, made_at, made_by_id, sent_at, sealed_words)
SELECT gen_random_uuid(), id, (%(points)s::bigint[])[1 + id %% greatest(1, cardinality(%(points)s::bigint[]))],
       'closed', 'agreed', 'PNAV-' || substr(code, 1, 4) || '-' || substr(code, 5, 4), assigned_at,
       (%(users)s::bigint[])[agent], closed_at, pg_temp.sealed(data_key, 600)
FROM (SELECT *, translate(lpad(to_hex(id), 8, '0'), '0', 'z') AS code FROM plan) AS p
WHERE status = 'closed' AND id %% %(transmission_every)s = 0 ORDER BY id
"""
OPENINGS = """
INSERT INTO reports_openingrequest (
    public_id, report_id, report_public_id, field, version, is_urgent, state, asked_by_id, asked_at, moved_at,
    sealed_grounds, recipient)
SELECT gen_random_uuid(), id, report, 'name', 1, false, 'shown', (%(users)s::bigint[])[agent], assigned_at, closed_at,
       pg_temp.sealed(data_key, 200), ''::bytea
FROM plan WHERE status = 'closed' AND id %% %(opening_every)s = 1 ORDER BY id
"""
STEPS = """
INSERT INTO reports_openingstep (request_id, act, at, by_id, part, number)
SELECT r.id, act, r.asked_at + place * interval '1 h',
       (%(users)s::bigint[])[1 + place %% cardinality(%(users)s::bigint[])], 'custodian', place
FROM plan p JOIN reports_openingrequest r ON r.report_id = p.id
CROSS JOIN unnest(ARRAY['ask', 'countersign', 'agree', 'take', 'answer', 'show']) WITH ORDINALITY AS told (act, place)
WHERE p.id %% %(opening_every)s = 1 ORDER BY r.id, place
"""
# One share for each exchange, which covers its messages.
PROOF_DAYS = """
INSERT INTO reports_proofday (day, size, register_first, register_last, statement, digest, closed_at)
SELECT day, count(*) * (1 + %(messages)s), 0, 0, 'scale', repeat('a', 64), (day + 1)::timestamptz
FROM (SELECT closed_at::date AS day FROM plan WHERE status = 'closed') AS p GROUP BY day
ON CONFLICT (day) DO UPDATE SET size = reports_proofday.size + excluded.size
"""
SHARES = """
INSERT INTO chat_itemshare (conversation_id, day_id, kind, first, first_seq, last_seq, sealed_words)
SELECT id, closed_at::date, 'message', (1 + %(messages)s) * id::int, 1, 1 + %(messages)s,
       pg_temp.sealed(data_key, 90 + 4 * %(messages)s)
FROM plan WHERE status = 'closed' ORDER BY id
"""
# A wrapped key names the key of the ring that wrapped it. Random bytes would name thousands of them, and `check_backup`
# reads the table for each.
KEYS = """
INSERT INTO data_keys_wrappedkey (id, wrapped, made_on)
SELECT data_key, %(ring)s::bytea || pg_temp.noise(79 - length(%(ring)s::bytea)), filed_at::date FROM plan ORDER BY id
"""
FEEDBACK = """
INSERT INTO pages_feedback (rating, page, place, sealed_text, created_at)
SELECT (ARRAY['yes', 'partly', 'no'])[1 + id %% 3], 'chat', gen_random_uuid(), pg_temp.sealed(data_key, 80),
       date_trunc('day', closed_at, 'Europe/Paris')
FROM plan WHERE id %% %(feedback_every)s = 0 ORDER BY id
"""
# Two lines for each exchange: a document, and a reading.
REGISTER = """
INSERT INTO reports_accessrecord (
    number, version, at, kind, account_id, role, subject, motive, detail, salt, previous, digest)
SELECT number, 1, filed_at, kind, (%(users)s::bigint[])[1 + number %% cardinality(%(users)s::bigint[])], 'agent',
       public_id::text, 'own_work', '', md5(number::text),
       CASE WHEN number = 1 THEN repeat('0', 64) ELSE encode(sha256(convert_to((number - 1)::text, 'UTF8')), 'hex') END,
       encode(sha256(convert_to(number::text, 'UTF8')), 'hex')
FROM (SELECT 2 * id - 2 + place AS number, kind, p.*
      FROM plan p CROSS JOIN (VALUES (1, 'paper'), (2, 'reading')) AS line (place, kind)) AS lines
ORDER BY number
"""

STATEMENTS = (
    REPORTS, CONVERSATIONS, EVENTS, MESSAGES, SEALED_VALUES, SHEETS, CLOSINGS, NOTES, FACTS, HANDLES, TRANSMISSIONS,
    OPENINGS, STEPS, PROOF_DAYS, SHARES, KEYS, FEEDBACK, REGISTER,
)  # fmt: skip
# Tables whose keys were given, and not taken from their sequence.
WITH_KEYS = ("reports_report", "chat_conversation")
# Tables that grow with the year: they are filled without indexes, which are then made of all rows at once.
GROWING = (
    "reports_report", "chat_conversation", "chat_conversationevent", "chat_message", "reports_sealedvalue",
    "chat_factsheet", "chat_closing", "chat_note", "chat_journalfact", "chat_conversationhandle", "chat_transmission",
    "reports_openingrequest", "reports_openingstep", "chat_itemshare", "data_keys_wrappedkey", "pages_feedback",
    "reports_accessrecord",
)  # fmt: skip
ALWAYS = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'reports_accessrecord'::regclass AND tgenabled = 'A'"
# Nothing is written to an index that is not « ready ». REINDEX builds it, and marks it as ready.
WITHOUT_INDEXES = """
UPDATE pg_index SET indisready = false, indisvalid = false WHERE indrelid = ANY (%s::text[]::regclass[])
"""
# The last row that the tree of the newest day has seen: live exchanges have messages after it, as on any day.
MARKS = """
UPDATE reports_proofday SET
  register_first = 1, register_last = (SELECT max(number) FROM reports_accessrecord),
  marks = jsonb_build_object(
    'message', jsonb_build_object('to', (
        SELECT coalesce(min(id) - 1, 0) FROM chat_message WHERE conversation_id > %(live_from)s
    ), 'left', '[]'::jsonb),
    'fact', jsonb_build_object('until', %(until)s::text, 'left', '[]'::jsonb),
    'capture', jsonb_build_object('until', %(until)s::text, 'left', '[]'::jsonb)
  ) WHERE day = (SELECT max(day) FROM reports_proofday)
"""


def add_staff(exchanges: int, shape: Shape) -> tuple[list[int], list[int]]:
    """Return the agents of such a year, in units of PER_UNIT whose first agent is a supervisor: their keys, and those
    of their accounts.

    The first `on_duty` of them are there now.
    """
    from django.utils import timezone

    from chat.models import Agent, Unit
    from chat.rules.lifecycle import Availability
    from pnav.accounts.models import Role, User

    count = max(shape.on_duty, exchanges // PER_AGENT)
    forces = ("police", "gendarmerie")
    units = Unit.objects.bulk_create(
        Unit(name=f"Unité {number}", force=forces[number % 2]) for number in range(-(-count // PER_UNIT))
    )
    users = User.objects.bulk_create(
        User(
            username=f"scale-{number}",
            password="!",
            role=Role.SUPERVISOR if number % PER_UNIT == 0 else Role.AGENT,
        )
        for number in range(count)
    )
    now = timezone.now()
    agents = Agent.objects.bulk_create(
        Agent(
            user=user,
            unit=units[number // PER_UNIT],
            public_name=f"Camille {number}",
            capacity=4,
            availability=Availability.AVAILABLE if number < shape.on_duty else Availability.AWAY,
            seen_at=now if number < shape.on_duty else None,
        )
        for number, user in enumerate(users)
    )
    return [agent.pk for agent in agents], [user.pk for user in users]


def make_year(url: str, exchanges: int, shape: Shape) -> None:
    """Fill the database at this address, close its days, and say how large it is. In a process of its own."""
    ground.use(url, "redis://127.0.0.1:1/0")
    began = time.monotonic()
    fill(exchanges, shape, ground.say)
    from django.db import connection
    from django.utils import timezone

    from chat.statistics import daily

    closed = daily.close_due(timezone.now(), limit=400)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
        (size,) = cursor.fetchone()
    ground.say(f"{exchanges:,} exchanges, {len(closed)} days closed, {size}, {time.monotonic() - began:.0f} s")


def fill(exchanges: int, shape: Shape, say: Callable[[str], None]) -> None:
    """Fill the database of this process with this many exchanges, of which the last ones are live.

    One transaction: PostgreSQL keeps no log of what is written into tables that the same one emptied, and all of it
    is there or nothing. Raises `ground.NotOurs`, before anything is written, for a database that is not this
    benchmark's own.
    """
    from django.core.management import call_command
    from django.db import connection, transaction

    ground.require_own(connection)
    call_command("import_locations", verbosity=0)
    with transaction.atomic():
        agents, users = add_staff(exchanges, shape)
    with transaction.atomic(), connection.cursor() as cursor:
        # The foreign keys are right by construction (a test checks them), so they are not checked row by row. The
        # triggers of the audit log do not look at each line either.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(ALWAYS)
        triggers = [name for (name,) in cursor.fetchall()]
        cursor.execute("ALTER TABLE reports_accessrecord DISABLE TRIGGER USER")
        cursor.execute(f"TRUNCATE {', '.join(GROWING)} CASCADE")
        cursor.execute(WITHOUT_INDEXES, [list(GROWING)])
        for first in range(1, exchanges + 1, CHUNK):
            last = min(first + CHUNK - 1, exchanges)
            add_exchanges(cursor, first, last, exchanges, shape, agents, users)
            say(f"{last:,} of {exchanges:,} exchanges")
        for table in GROWING:
            cursor.execute(f"REINDEX TABLE {table}")
            say(f"indexes of {table}")
        for name in triggers:
            cursor.execute(f"ALTER TABLE reports_accessrecord ENABLE ALWAYS TRIGGER {name}")
        follow_keys(cursor)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    mark_trees(exchanges, shape)


def mark_trees(exchanges: int, shape: Shape) -> None:
    """Record what the newest day's tree has seen."""
    from django.db import connection
    from django.utils import timezone

    values = {
        "live_from": exchanges - shape.active - shape.waiting,
        "until": (timezone.now() - timedelta(days=1)).isoformat(),
    }
    with connection.cursor() as cursor:
        cursor.execute(MARKS, values)


def follow_keys(cursor: Any) -> None:
    """Let the next row of a table take the key after those that were given."""
    for table in WITH_KEYS:
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")  # noqa: S608


def add_exchanges(
    cursor: Any, first: int, last: int, exchanges: int, shape: Shape, agents: list[int], users: list[int]
) -> None:
    """Add exchanges `first` to `last` of a year with this many exchanges, in the transaction of this cursor."""
    from django.utils import timezone

    from common import encryption
    from locations.models import Municipality, ReceptionPoint

    ring = VARIABLES["CONTENT_KEYS"].partition(":")[0].encode()
    values = {
        **asdict(shape),
        "first": first,
        "last": last,
        "exchanges": exchanges,
        "live_from": exchanges - shape.active - shape.waiting,
        "waits_from": exchanges - shape.waiting,
        "live": SECONDS_OF_LIVE,
        "now": timezone.now(),
        "agents": agents,
        "users": users,
        "ring": bytes((encryption.VERSION, len(ring))) + ring,
        "municipalities": list(Municipality.objects.order_by("pk").values_list("pk", flat=True)[:1000]),
        "points": list(ReceptionPoint.objects.order_by("pk").values_list("pk", flat=True)[:1000]),
    }
    cursor.execute(FUNCTIONS, {"noise": os.urandom(NOISE_BYTES)})
    cursor.execute("DROP TABLE IF EXISTS pg_temp.plan")
    cursor.execute(PLAN, values)
    for statement in STATEMENTS:
        cursor.execute(statement, values)


def refresh() -> None:
    """Bring people who wait or are answered, and those who answer, to the present: they were seen at this moment."""
    from django.utils import timezone

    from chat.models import Agent, Conversation
    from chat.rules.lifecycle import OPEN, Availability

    now = timezone.now()
    Conversation.objects.filter(status__in=OPEN).update(reporter_seen_at=now)
    Agent.objects.filter(availability=Availability.AVAILABLE).update(seen_at=now)
