"""The table of costs: for each address, frame, socket and upload, the most that one act may cost, and what bounds it.

A new address or frame has no line here, and `tests/costs/` says so: choose a budget, name its bounds, write the line.

A bound is the name of something in the code, `module:NAME`, so that one which no longer exists fails a test. What holds
for every act is in ALWAYS. A budget is what the drive (`python -m benchmarks.costs`) holds each act to.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Budget:
    """The most that one act may cost a web process and its database.

    ms: processor time in its thread, with the worst input, on the two cores of the bench (docs/costs.md says which).
    The slow hash of a password or a code is not part of it, because the number of hashes is bounded. rows: rows that
    all its statements together fetch or change. kib: Python memory at the worst moment, including the answer.
    """

    ms: float
    statements: int
    rows: int
    kib: int


@dataclass(frozen=True)
class Stores:
    """The most that one act may leave behind.

    rows: rows that are added in PostgreSQL. changed: other rows that are written again. kib: the size of the values in
    both, and in Valkey. keys: keys in Valkey, each of which expires.
    """

    rows: int = 0
    changed: int = 0
    kib: int = 0
    keys: int = 0


NOTHING = Stores()
# A session that begins, or that keeps a choice. For staff: the last use of the session, and the lease of the reader.
VISIT = Stores(rows=1, changed=1, kib=4)
USED = Stores(changed=2, kib=4, keys=2)
# Also a handle for each exchange that the agent sees for the first time, and the marks of danger in it.
HANDLED = Stores(rows=20, changed=12, kib=4, keys=2)
RECORDED = Stores(rows=1, changed=3, kib=4, keys=2)  # what an act with a line of the audit log stores
# A text of 4,000 signs of four bytes, sealed, with what belongs to it.
TEXT_KIB = 24
COUNTERS_KIB = 100
# A form that waits in the sealed session until a proof of work was given (`KEPT_FORM`), and the session itself.
KEPT_KIB = 88
# The report, its four sealed values, its exchange and first lines, and two strings of counters that all visitors share.
FILED = Stores(rows=12, changed=2, kib=2 * COUNTERS_KIB + TEXT_KIB, keys=8)
SEEN = Stores(changed=3, kib=4, keys=2)  # what is stored of how far somebody has read, and that they are present
SAID = Stores(rows=1, changed=4, kib=TEXT_KIB, keys=2)  # what a message stores
# A draft is kept in the session as sealed JSON: 20,000 emoji.
DRAFT_KIB = 340
# One object of the admin and its line of the audit log, as large as a request may be.
OBJECT = Stores(rows=4, changed=4, kib=1024, keys=2)
# Without a script, what is ticked beside a form goes along: the report is written, and two of its sealed values.
TICKED = 3
# Five hundred accounts, each with its agent, its line of the audit log and its line of Django's log.
SHEET = Stores(rows=2_500, changed=4, kib=640, keys=2)
# No anonymous act takes more than 20 ms for 4,000 characters, and no client more than 8 MiB: these are goals of the
# service.
VISITOR = Budget(ms=20, statements=40, rows=400, kib=8 * 1024)
# The file with the months of twenty years, which a process makes once an hour, however many people ask. One year takes
# some 5 ms.
OPEN_DATA = Budget(ms=60, statements=40, rows=22_000, kib=8 * 1024)
# A person who asks for the whole of their thread, at most WHOLE_THREADS times in ten minutes: half a million bytes.
WHOLE = Budget(ms=150, statements=40, rows=2_100, kib=8 * 1024)
# 15 MB in 62 chunks, each with its statements and its object in the store. The limits of the page and of the exchange's
# bytes allow at most ten in a minute.
CAPTURE_FORM = Budget(ms=400, statements=320, rows=400, kib=8 * 1024)
# A person who shows all their facts at once (`definitions.FACTS_MOST`), with one statement.
JOURNAL = Budget(ms=20, statements=40, rows=600, kib=8 * 1024)
# A person who takes a copy of the whole exchange, at most COPIES times in an hour: everything in it is read once, its
# messages and facts twice, and child processes draw the papers. It is in a spool, and a piece of it in memory
# (docs/adr/0149, tests/chat/personal_copy/test_memory.py).
COPY = Budget(ms=600, statements=140, rows=16_000, kib=8 * 1024)
# A socket that asks for the whole thread as often as `readings` allows (`chat.rules.message_limits`: 6,300 messages). A
# frame holds PAGE of them, and is sent in a turn of its own.
WHOLE_BY_SOCKET = Budget(ms=20, statements=120, rows=6_500, kib=8 * 1024)
# The console and the pages of staff: people who have signed in, and whose every act bears their name.
STAFF = Budget(ms=120, statements=120, rows=1_500, kib=8 * 1024)
# The whole screen with an open conversation: part of a thread of messages of 4,000 bytes, a hundred notes, and lists.
# The facts of the journal, 500 at most, are read with what was shown and read of them.
SCREEN = replace(STAFF, ms=200, rows=2_000)
# Figures over many days, short papers and tables: they are drawn from sums, or in a child process with limits of its
# own.
HEAVY = Budget(ms=400, statements=120, rows=12_000, kib=8 * 1024)
# The documents of a whole exchange, as COPY is, and the register of openings.
DOCUMENT = replace(HEAVY, statements=160, rows=16_000)
# The admin, for administrators only: lists of at most 200 rows, and forms of one object.
ADMIN = Budget(ms=400, statements=200, rows=3_000, kib=8 * 1024)

# Five hundred accounts at once, each with its agent, its line of the audit log and its first password (whose hash is
# counted apart). Only administrators do this, some times a year.
ACCOUNTS = Budget(ms=2_500, statements=200, rows=6_000, kib=8 * 1024)

# What an act leaves behind when its line does not say it.
BY_BUDGET = {STAFF: USED, HEAVY: RECORDED, DOCUMENT: RECORDED, ADMIN: OBJECT}

# What bounds every act.
ALWAYS = (
    "pnav.server.body_limits:BODY_MAX_BYTES",
    "pnav.server.body_limits:ADMIN_BODY_MAX_BYTES",
    "pnav.settings:DATA_UPLOAD_MAX_NUMBER_FIELDS",
    "pnav.settings:DATA_UPLOAD_MAX_NUMBER_FILES",
    "pnav.settings:DATABASES",  # statement_timeout, lock_timeout
    "pnav.settings:PAGE_THREADS",
)


@dataclass(frozen=True)
class Line:
    """The budget of one act by its method, the names of what bounds it, and what it may leave behind."""

    read: Budget
    write: Budget
    bounds: tuple[str, ...]
    stores: Stores = NOTHING


def _lines(
    budget: Budget, names: Iterable[str], *bounds: str, write: Budget | None = None, stores: Stores | None = None
) -> dict[str, Line]:
    """Return the same line for all of these names. stores: what they may leave behind; by default that of BY_BUDGET."""
    line = Line(budget, write or budget, bounds, stores or BY_BUDGET.get(budget, NOTHING))
    return dict.fromkeys(names, line)


BODY, PIECE, PIECE_BYTES = (
    "chat.messages.protocol:MAX_BODY",
    "chat.messages.transcript:PIECE_MESSAGES",
    "chat.messages.transcript:PIECE_BYTES",
)
FRAME, PAGE, PAGE_BYTES = (
    "chat.messages.protocol:MAX_FRAME_BYTES",
    "chat.messages.protocol:PAGE",
    "chat.messages.protocol:PAGE_BYTES",
)
FORM_RATE, FRAME_RATE = "chat.rules.message_limits:UNANSWERED", "chat.visitor.conversation:FRAMES"
EXCHANGE, OF_ITS_AGENT = (
    "chat.rules.message_limits:REPORTER",
    "chat.rules.message_limits:AGENT",
)  # everything that one exchange holds
NOTE, SUMMARY = "chat.casework.forms:NOTE_MAX", "chat.rules.referral:SUMMARY_MAX"
PROPOSALS = "chat.casework.proposals:SHOWN"
GROUNDS = "reports.openings.forms:TEXT_MAX"
KEPT_FORM = "common.kept_forms:FORM_MAX"
RECORDED_PAGES = "reports.audit.recorded_pages:PAGES"
ROWS = "pnav.accounts.admin_site.lookups:SEARCH_MAX_LENGTH"

ROUTES: dict[str, Line] = {
    # Pages for everybody: texts that administrators wrote, each of a bounded length.
    **_lines(
        VISITOR,
        (
            "pages:law",
            "pages:removal",
            "pages:numbers",
            "pages:minors",
            "pages:minors_simple",
            "pages:professionals",
            "pages:accessibility",
            "pages:legal",
            "pages:privacy",
            "pages:figures",
            "pages:figures_schema",
            "pages:robots",
            "pages:sitemap",
            "pages:card",
            "pages:favicon",
            "pages:touch_icon",
            "pages:touch_icon_precomposed",
            "pages:feedback_thanks",
            "pages:components",
            "security_txt",
        ),
        "pnav.pages.markup:MAX_LENGTH",
    ),
    **_lines(VISITOR, ("pages:quit",), "pnav.pages.quick_exit:AT_MOST", "pnav.pages.quick_exit:PATIENCE_SECONDS"),
    **_lines(
        VISITOR,
        ("pages:feedback",),
        "pnav.pages.models:FEEDBACK_MAX_LENGTH",
        "common.service_settings.definitions:OPINIONS_OF_VISIT",
        "common.service_settings.definitions:OPINIONS_OF_NETWORK",
        # The counters of networks are one string of 48 KiB a window, which all visitors share
        # (`common.network_limits`).
        stores=Stores(rows=1, kib=COUNTERS_KIB + TEXT_KIB, keys=4),
    ),
    **_lines(
        OPEN_DATA, ("pages:figures_csv",), "pnav.pages.open_data:MONTHS_AT_MOST", "pnav.pages.figures:FILE_SECONDS"
    ),
    # The removal kit: what is typed makes two texts on the page, and nothing is kept.
    **_lines(
        VISITOR,
        ("pages:removal_request",),
        "pnav.pages.removal.forms:LINE",
        "pnav.pages.removal.forms:TEXT",
        "pnav.pages.removal.forms:FROM_FACTS",
        "chat.journal.queries:PIECE",
    ),
    **_lines(VISITOR, ("pages:display_settings",), "pnav.pages.forms:DisplaySettingsForm"),
    # The home page, the orientation and the place. The last answer, or the place, files the report, once for each
    # visit.
    **_lines(VISITOR, ("pages:home",), "pnav.pages.markup:MAX_LENGTH", "locations.lookup:MAX_TYPED", stores=VISIT),
    **_lines(
        VISITOR,
        ("triage:start", "triage:restart", "triage:current_result", "triage:result"),
        "triage.questionnaire.document:MOST_QUESTIONS",
        "triage.questionnaire.document:MOST_OPTIONS",
        stores=VISIT,
    ),
    **_lines(
        VISITOR,
        ("triage:open_door", "triage:question"),
        "triage.questionnaire.document:MOST_QUESTIONS",
        "common.service_settings.definitions:REPORTS_MOST",
        stores=FILED,
    ),
    **_lines(
        VISITOR,
        ("locations:search", "locations:choose"),
        "locations.lookup:MAX_TYPED",
        "locations.lookup:MAX_SUGGESTIONS",
        "common.service_settings.definitions:REPORTS_MOST",
        stores=FILED,
    ),
    **_lines(
        VISITOR,
        ("locations:suggestions", "locations:results"),
        "locations.lookup:MAX_TYPED",
        "locations.lookup:MAX_SUGGESTIONS",
        stores=VISIT,
    ),
    **_lines(
        VISITOR,
        (
            "locations:chosen",
            "locations:remove",
            "locations:remove_interlocutor",
            "locations:my_contacts",
        ),
        "locations.lookup:MAX_TYPED",
        "locations.lookup:NEAREST_SHOWN",
        stores=VISIT,
    ),
    # The visitor's exchange.
    **_lines(
        VISITOR,
        ("reports:create", "reports:effort"),
        "reports.seal.sealing:TEXT_MAX_BYTES",
        "common.service_settings.definitions:REPORTS_MOST",
        "common.service_settings.definitions:RAID",
        stores=FILED,
    ),
    **_lines(VISITOR, ("chat:conversation",), PIECE, PIECE_BYTES, stores=Stores(changed=3, kib=4)),
    **_lines(
        WHOLE,
        ("chat:messages",),
        PIECE,
        PIECE_BYTES,
        "chat.messages.transcript:WHOLE_MESSAGES",
        "chat.messages.transcript:WHOLE_BYTES",
        "chat.visitor.conversation:WHOLE_THREADS",
        stores=Stores(changed=1, kib=4, keys=1),
    ),
    **_lines(
        VISITOR, ("chat:message",), BODY, FORM_RATE, EXCHANGE, PIECE_BYTES, stores=Stores(1, 4 + TICKED, TEXT_KIB, 2)
    ),
    **_lines(
        VISITOR,
        ("chat:draft",),
        "chat.visitor.draft_session:KEPT_MAX",
        "chat.visitor.draft:SAVES",
        stores=Stores(rows=1, changed=1 + TICKED, kib=DRAFT_KIB + TEXT_KIB, keys=1),
    ),
    **_lines(
        COPY,
        ("chat:copy",),
        "chat.visitor.own_copy:COPIES",
        "chat.visitor.own_copy:NETWORK_COPIES",
        "chat.personal_copy.archive:BYTES_AT_MOST",
        "chat.personal_copy.archive:LONG_BYTES_AT_MOST",
        "chat.personal_copy.lock:PIECE_BYTES",
        "chat.personal_copy.lock:ROUNDS",
        "chat.rules.message_limits:REPORTER",
        "common.service_settings.definitions:FACTS_MOST",
        "common.offload.pool:MEMORY",
        "common.offload.pool:CPU_SECONDS",
        "common.offload.pool:AT_ONCE",
        "common.offload.background_jobs:AT_MOST",
        # A copy has a line in the audit log. When it is late, Redis holds it too (`background_jobs.KEPT_BYTES`).
        stores=Stores(rows=1, changed=1, kib=COUNTERS_KIB, keys=4),
    ),
    **_lines(VISITOR, ("chat:copy_look",), "common.offload.background_jobs:AT_MOST"),
    **_lines(
        VISITOR,
        ("chat:copy_later", "chat:copy_checker", "chat:copy_schema", "chat:exchange_schema"),
        "chat.personal_copy.archive:STATIC",
        stores=Stores(changed=4, kib=4),
    ),
    **_lines(
        JOURNAL,
        ("chat:facts",),
        "chat.journal.facts:WHAT_MAX",
        "chat.journal.queries:PIECE",
        "chat.visitor.facts:ACTS",
        "chat.visitor.fact_draft:KEPT_MAX",
        "common.service_settings.definitions:FACTS_MOST",
        stores=Stores(rows=1, changed=510, kib=DRAFT_KIB + TEXT_KIB, keys=2),
    ),
    # A picture of what an agent handed over: it is read and opened whole, like a capture.
    **_lines(
        VISITOR,
        ("chat:capture_drawing",),
        "common.service_settings.definitions:HANDOUTS_MOST",
        "common.offload.drawing:PAGES_MOST",
        "common.offload.drawing:DRAWN_MOST",
    ),
    # One item of an exchange, and the chunk of its day.
    **_lines(VISITOR, ("chat:copy_proof",), "chat.visitor.own_copy:PROOFS", "reports.proof_of_date.days:CHUNK"),
    # A file as a plain form is read from the request's sealed body, one chunk in memory at a time.
    **_lines(
        CAPTURE_FORM,
        ("chat:captures",),
        "chat.visitor.captures:ACTS",
        "common.service_settings.definitions:CAPTURES_MOST",
        "common.service_settings.definitions:CAPTURE_SIZE",
        "pnav.server.body_limits:CAPTURE_BODY_MAX_BYTES",
        stores=Stores(rows=1, changed=70, kib=TEXT_KIB, keys=2),
    ),
    **_lines(
        VISITOR,
        ("chat:captures_upload",),
        "chat.visitor.captures:SLICES",
        "chat.visitor.captures:FILES",
        "chat.visitor.captures:HEAD_MOST",
        "pnav.server.page_handler:SLICES_AT_ONCE",
        "pnav.server.page_handler:SLICES_WAITING",
        "common.sealed_files.chunks:CHUNK_BYTES",
        "common.service_settings.definitions:CAPTURES_SIZE",
        stores=Stores(rows=1, changed=3, kib=8, keys=2),
    ),
    **_lines(
        VISITOR,
        ("chat:report",),
        "reports.seal.sealing:TEXT_MAX_BYTES",
        "chat.visitor.report:SAVES",
        "chat.visitor.draft_session:KEPT_MAX",
        stores=Stores(rows=1, changed=6, kib=DRAFT_KIB + TEXT_KIB, keys=2),
    ),
    # One line in the thread, at most PLACES an hour.
    **_lines(
        VISITOR,
        ("chat:place",),
        "chat.visitor.place:PLACES",
        "locations.lookup:NEAREST_SHOWN",
        stores=Stores(rows=1, changed=5, kib=4, keys=1),
    ),
    **_lines(VISITOR, ("chat:news",), PIECE, PIECE_BYTES, BODY, FORM_RATE, stores=SAID),
    **_lines(VISITOR, ("chat:frames",), FRAME, FRAME_RATE, EXCHANGE, PAGE, PAGE_BYTES, stores=SAID),
    **_lines(
        VISITOR,
        ("chat:code", "chat:code_annul", "chat:resume"),
        "chat.rules.resume_words:MAX_TYPED",
        "common.service_settings.definitions:CODES_MOST",
        "common.service_settings.definitions:TRIES_MOST",
        stores=Stores(rows=1, changed=3 + TICKED, kib=DRAFT_KIB + COUNTERS_KIB, keys=8),
    ),
    **_lines(VISITOR, ("chat:handover",), "chat.rules.transfer:SUMMARY_MAX", stores=Stores(2, 4, TEXT_KIB)),
    # The line of the end, the line of the history, the code that becomes one of « Suites », and the words to look at.
    **_lines(VISITOR, ("chat:end", "chat:answers"), "chat.casework.proposals:AT_MOST", stores=Stores(4, 4, 4)),
    **_lines(
        VISITOR,
        ("chat:follow_up", "chat:follow_up_meeting", "chat:follow_up_code"),
        "chat.referral.queries:SHOWN",
        "chat.rules.referral:OTHER_MAX",
        stores=Stores(2, 4, TEXT_KIB, 2),
    ),
    **_lines(
        VISITOR,
        ("chat:follow_up_removal", "chat:follow_up_removal_answer"),
        "chat.rules.removal:REQUESTS_MOST",
        "chat.referral.queries:SHOWN",
        stores=Stores(2, 4, 4),
    ),
    **_lines(VISITOR, ("chat:slip",), PROPOSALS),
    **_lines(VISITOR, ("chat:receipt",), "chat.visitor.own_copy:RECEIPTS", stores=Stores(1, 1, 1, 2)),
    **_lines(
        HEAVY,
        ("chat:slip_paper", "chat:receipt_paper"),
        PROPOSALS,
        "common.offload.pool:MEMORY",
        "common.offload.pool:CPU_SECONDS",
        "common.offload.pool:AT_ONCE",
        "common.offload.background_jobs:AT_MOST",
    ),
    **_lines(
        VISITOR,
        ("chat:keeping", "chat:erasure", "chat:erasure_by_words"),
        "reports.audit.for_the_person:AT_MOST",
        stores=Stores(2, 3, 4, 2),
    ),
    # The console.
    **_lines(
        STAFF,
        (
            "console:home",
            "console:presence",
            "console:availability",
            "console:phone",
            "console:idle_pause",
            "console:losses_read",
        ),
        "common.service_settings.definitions:CAPACITY_MOST",
        "chat.console.inbox:ENDED_AT_MOST",
        stores=HANDLED,
    ),
    # What the person has shown is counted as read once, with one statement and one row for each fact.
    **_lines(
        SCREEN,
        ("console:conversation",),
        BODY,
        OF_ITS_AGENT,
        PIECE,
        PIECE_BYTES,
        PROPOSALS,
        "common.service_settings.definitions:FACTS_MOST",
        stores=Stores(rows=10, changed=510, kib=TEXT_KIB, keys=2),
    ),
    # The dates of facts are sealed, so putting them in order opens all of them.
    **_lines(
        STAFF,
        ("console:facts",),
        "common.service_settings.definitions:FACTS_MOST",
        "chat.journal.panel:A_PAGE",
        stores=Stores(changed=510, kib=TEXT_KIB, keys=2),
    ),
    **_lines(
        STAFF,
        (
            "console:captures",
            "console:capture_drawing",
            "console:capture_lock",
            "console:set_aside",
            "console:set_aside_end",
        ),
        "chat.captures.opening:LISTED_MOST",
        "common.service_settings.definitions:CAPTURES_MOST",
        "common.offload.drawing:PAGES_MOST",
        "common.offload.drawing:DRAWN_MOST",
        stores=Stores(rows=1, changed=60, kib=8, keys=2),
    ),
    # The same file, sent by an agent as a form, and the line of the thread that says so.
    **_lines(
        CAPTURE_FORM,
        ("console:hand_over",),
        "chat.console.captures:HANDED",
        "chat.captures.handouts:TITLE_MAX",
        "common.service_settings.definitions:HANDOUTS_MOST",
        "common.service_settings.definitions:CAPTURE_SIZE",
        "pnav.server.body_limits:CAPTURE_BODY_MAX_BYTES",
        stores=Stores(rows=2, changed=70, kib=TEXT_KIB, keys=2),
    ),
    **_lines(STAFF, ("console:messages", "console:watched_messages"), PIECE, PIECE_BYTES),
    **_lines(
        STAFF,
        (
            "console:close",
            "console:weight",
            "console:urgency",
            "console:danger_dealt",
            "console:hold",
            "console:note",
            "console:sheet",
        ),
        NOTE,
        PIECE_BYTES,
        "chat.casework.notes:NOTES_AT_MOST",
        "chat.casework.holds:HOLDS_AT_MOST",
        "chat.casework.urgency:URGENCY_CHANGES_AT_MOST",
        "chat.casework.danger:MARKS_AT_MOST",
        "chat.console.history:HISTORY_SHOWN",
        stores=Stores(4, 4, TEXT_KIB, 2),
    ),
    **_lines(
        STAFF,
        ("console:draft",),
        "chat.casework.reply_drafts:KEPT_MAX",
        "chat.console.notes:SAVES",
        stores=Stores(rows=1, changed=2, kib=88, keys=1),
    ),
    **_lines(
        STAFF,
        ("console:pause", "console:care", "console:debrief"),
        "chat.wellbeing.debriefs:MAX_WORDS",
        stores=Stores(1, 4, TEXT_KIB, 2),
    ),
    **_lines(
        STAFF,
        ("console:ask", "console:aside"),
        NOTE,
        PIECE_BYTES,
        "chat.casework.colleague_questions:ASIDES_AT_MOST",
        "chat.casework.colleague_questions:MESSAGES_AT_MOST",
        stores=Stores(1, 4, TEXT_KIB, 2),
    ),
    **_lines(
        STAFF,
        ("console:replies", "console:reply"),
        "chat.casework.replies:OWN_AT_MOST",
        stores=Stores(1, 4, TEXT_KIB, 2),
    ),
    **_lines(
        STAFF,
        ("console:transfer", "console:withdraw", "console:handovers", "console:answer", "console:end_duty"),
        "chat.rules.transfer:SUMMARY_MAX",
        "chat.rules.transfer:NOTE_MAX",
        "common.service_settings.definitions:CAPACITY_MOST",
        stores=Stores(2, 4, TEXT_KIB, 2),
    ),
    **_lines(
        STAFF,
        ("console:watched", "console:join", "console:leave", "console:whisper", "console:reassign"),
        "chat.rules.transfer:NOTE_MAX",
        "chat.supervision.intervention:WHISPERS_AT_MOST",
        PIECE,
        PIECE_BYTES,
        stores=Stores(4, 4, TEXT_KIB, 2),
    ),
    **_lines(
        STAFF,
        ("console:ask_opening",),
        GROUNDS,
        "reports.openings.actions:AT_MOST",
        "reports.openings.actions:URGENT_AT_MOST",
        KEPT_FORM,
        stores=Stores(4, 4, KEPT_KIB, 2),
    ),
    **_lines(STAFF, ("console:propose",), PROPOSALS, BODY, stores=Stores(4, 4, TEXT_KIB, 2)),
    **_lines(STAFF, ("console:macro",), BODY, "chat.casework.macros:OFFERED_AT_MOST", stores=Stores(8, 8, TEXT_KIB, 2)),
    **_lines(STAFF, ("console:emergency",), "chat.rules.emergency:CHECKLISTS", stores=Stores(4, 4, TEXT_KIB, 2)),
    **_lines(
        DOCUMENT,
        ("console:paper",),
        "chat.documents.transcript_pdf:MESSAGES_AT_MOST",
        "chat.documents.transcript_pdf:LINES_AT_MOST",
        "common.offload.pool:MEMORY",
        "common.offload.pool:CPU_SECONDS",
        "common.offload.pool:AT_ONCE",
        "common.offload.background_jobs:AT_MOST",
    ),
    **_lines(
        STAFF,
        ("console:transmit", "console:transmissions"),
        SUMMARY,
        "chat.referral.queries:A_PAGE",
        "chat.console.referral_panel:TYPED_AT_MOST",
        "common.service_settings.definitions:FACTS_MOST",
        stores=Stores(4, 4, TEXT_KIB, 2),
    ),
    **_lines(
        STAFF,
        ("console:on_call", "console:on_call_end"),
        "chat.models.on_call:OnCall",
        stores=Stores(2, 4, TEXT_KIB, 2),
    ),
    **_lines(
        STAFF,
        ("console:pause_agent",),
        "chat.rules.lifecycle:PauseOrder",
        stores=Stores(2, 4, TEXT_KIB, 2),
    ),
    # The line in the thread, three of the history, a word to the agent, the handle, the line of the register.
    **_lines(STAFF, ("console:give_waiting",), "chat.rules.transfer:NOTE_MAX", stores=Stores(8, 6, TEXT_KIB, 2)),
    # A line of the history; the procedure, or the mark, is changed.
    **_lines(
        STAFF,
        ("console:end_procedure", "console:left_mark"),
        "chat.supervision.procedures:SHOWN",
        "chat.supervision.left_marks:SHOWN",
        stores=Stores(1, 4, TEXT_KIB, 2),
    ),
    # The step, its line in the thread and of the history; the summary and the follow-up code are changed.
    **_lines(
        STAFF,
        ("console:unread_referrals",),
        "chat.supervision.unread_referrals:SHOWN",
        "chat.referral.queries:COUNTED",
        stores=Stores(4, 4, TEXT_KIB, 2),
    ),
    **_lines(
        DOCUMENT,
        ("unit:dossier",),
        "chat.unit.dossier:DOSSIERS",
        "chat.personal_copy.archive:BYTES_AT_MOST",
        "common.offload.pool:MEMORY",
        "common.offload.pool:CPU_SECONDS",
        "common.offload.pool:AT_ONCE",
        "common.offload.background_jobs:AT_MOST",
        "common.service_settings.definitions:FACTS_MOST",
        "reports.proof_of_date.days:CHUNK",
        # Two lines of the audit log: what was read, and what was given.
        stores=Stores(rows=2, changed=3, kib=4, keys=2),
    ),
    **_lines(STAFF, ("console:receipt", "unit:receipt"), "chat.personal_copy.receipts_page:CHECKS", stores=RECORDED),
    **_lines(STAFF, ("console:help",), "common.service_settings.definitions:CAPACITY_MOST"),
    **_lines(STAFF, ("console:own_search",), "chat.console.casework:FOUND_AT_MOST", RECORDED_PAGES, stores=RECORDED),
    **_lines(
        STAFF,
        ("console:word_search",),
        "chat.casework.word_search:MESSAGES_AT_MOST",
        "chat.casework.word_search:BYTES_AT_MOST",
        "chat.casework.word_search:SECONDS_AT_MOST",
        "chat.casework.word_search:TRIES",
        # The line of the audit log, and the handle of an exchange that was given meanwhile.
        stores=Stores(rows=2, changed=3, kib=4, keys=2),
    ),
    **_lines(
        STAFF,
        ("console:endings", "console:freeze", "console:freeze_decision", "console:erasure"),
        "chat.retention.schedule:SHOWN",
        "chat.console.forms:FREEZE_AT_MOST",
        KEPT_FORM,
        stores=Stores(1, 4, KEPT_KIB, 2),
    ),
    **_lines(
        STAFF,
        ("console:lookalikes", "console:lookalikes_take", "console:lookalikes_close"),
        "chat.conversations.lookalikes:AT_ONCE",
        "chat.conversations.lookalikes:SHOWN",
        stores=Stores(120, 120, TEXT_KIB, 2),
    ),
    **_lines(STAFF, ("console:board_layout",), "chat.arranging.board_parts:Part", stores=Stores(0, 3, 4, 2)),
    **_lines(STAFF, ("console:history_layout",), "chat.arranging.history_parts:Part", stores=Stores(0, 3, 4, 2)),
    **_lines(STAFF, ("console:dossier_layout",), "chat.arranging.dossier_parts:Part", stores=Stores(0, 3, 4, 2)),
    # An order that does not exist is answered by the whole screen.
    **_lines(SCREEN, ("console:list_order",), "chat.arranging.list_order:Order", PIECE_BYTES, stores=HANDLED),
    **_lines(
        HEAVY,
        ("console:board",),
        "chat.supervision.live_board:LIMITS",
        "chat.supervision.board_charts:KEPT_SECONDS",
        "chat.supervision.board_charts:PLACES_SHOWN",
        "chat.captures.opening:LISTED_MOST",
    ),
    **_lines(
        HEAVY,
        ("console:staffing", "console:staffing_csv"),
        "chat.statistics.kept:MAKE_SECONDS",
        "chat.statistics.kept:OWN_AT_MOST",
        "chat.statistics.charts:POINTS_AT_MOST",
        "chat.statistics.charts:ROWS_AT_MOST",
        RECORDED_PAGES,
        # A week for a target that somebody chose, counted and cached in the same way, and a line of the audit log.
        stores=Stores(rows=2, changed=3, kib=88, keys=2),
    ),
    **_lines(
        HEAVY,
        ("console:history", "console:history_csv"),
        "chat.statistics.kept:MAKE_SECONDS",
        "chat.statistics.kept:OWN_AT_MOST",
        "chat.console.forms:LONGEST_PERIOD",
        "chat.statistics.charts:POINTS_AT_MOST",
        "chat.statistics.charts:ROWS_AT_MOST",
        RECORDED_PAGES,
        stores=Stores(rows=1, changed=2, kib=88, keys=2),  # a period that somebody chose, which is counted and cached
    ),
    **_lines(STAFF, ("console:frames",), FRAME, OF_ITS_AGENT, PAGE, PAGE_BYTES, stores=SAID),
    # The psychologist, the units, and disclosures of the seal.
    **_lines(STAFF, ("listening:index", "listening:answer"), "chat.wellbeing.debriefs:MAX_WORDS"),
    **_lines(
        STAFF,
        (
            "unit:index",
            "unit:detail",
            "unit:open",
            "unit:meeting",
            "unit:close",
            "unit:captures",
            "unit:capture_drawing",
            "unit:capture_lock",
        ),
        "chat.referral.queries:A_PAGE",
        "chat.rules.referral:PLACE_MAX",
        "chat.rules.referral:REASON_MAX",
        "common.service_settings.definitions:FACTS_MOST",
        "chat.journal.panel:SHOWN",
        "chat.referral.readers:READERS_MOST",
        RECORDED_PAGES,
        stores=Stores(4, 4, TEXT_KIB, 2),
    ),
    # The facts that went with a summary: all of them are opened to be put in order, and one page of them is drawn.
    **_lines(
        STAFF,
        ("unit:facts",),
        "common.service_settings.definitions:FACTS_MOST",
        "chat.journal.panel:A_PAGE",
        RECORDED_PAGES,
        stores=RECORDED,
    ),
    # It is sent in pieces after the page. Before that, it costs a line of the audit log.
    **_lines(
        STAFF,
        ("unit:capture_original",),
        "chat.unit.captures:ORIGINALS",
        "common.sealed_files.chunks:CHUNK_BYTES",
        "common.service_settings.definitions:CAPTURE_SIZE",
        stores=RECORDED,
    ),
    **_lines(
        STAFF,
        (
            "openings:index",
            "openings:detail",
            "openings:countersign",
            "openings:agree",
            "openings:refuse",
            "openings:claim",
            "openings:hand_over",
            "openings:withdraw",
            "openings:envelope",
            "openings:answer",
            "openings:shown_here",
            "openings:confirm",
            "openings:show",
            "openings:review",
        ),
        GROUNDS,
        "common.service_settings.definitions:SETTINGS",
        KEPT_FORM,
        RECORDED_PAGES,
        stores=Stores(2, 4, KEPT_KIB, 2),
    ),
    **_lines(
        DOCUMENT,
        ("openings:register", "openings:register_csv", "openings:register_pdf"),
        "reports.openings.register_pdf:ROWS_AT_MOST",
        "common.offload.pool:MEMORY",
        "common.offload.pool:CPU_SECONDS",
        "common.offload.pool:AT_ONCE",
        "common.offload.background_jobs:AT_MOST",
        RECORDED_PAGES,
    ),
    # Signing in, and one's own account. The hash of a password is bounded in number, and counted apart.
    **_lines(
        VISITOR,
        (
            "account_login",
            "account_inactive",
            "account_session",
            "account_logout",
            "openid_login",
            "openid_callback",
            "mfa_authenticate",
            "mfa_login_webauthn",
        ),
        "pnav.accounts.forms:TYPED_MAX",
        "pnav.settings:ACCOUNT_RATE_LIMITS",
        stores=Stores(rows=2, changed=4, kib=3 * COUNTERS_KIB + 4, keys=8),
    ),
    **_lines(
        STAFF,
        (
            "account_home",
            "account_reauthenticate",
            "account_end_other_sessions",
            "account_change_password",
            "mfa_index",
            "mfa_reauthenticate",
            "mfa_activate_totp",
            "mfa_deactivate_totp",
            "mfa_view_recovery_codes",
            "mfa_generate_recovery_codes",
            "mfa_list_webauthn",
            "mfa_add_webauthn",
            "mfa_reauthenticate_webauthn",
            "mfa_edit_webauthn",
            "mfa_remove_webauthn",
        ),
        "pnav.accounts.forms:TYPED_MAX",
        "pnav.settings:ACCOUNT_RATE_LIMITS",
        # While a proof is asked for, allauth keeps the whole form in the session as JSON, as long as a request may be.
        stores=Stores(rows=2, changed=4, kib=1024, keys=8),
    ),
    # The admin's own pages. Those of its classes are in ADMIN_CLASS.
    **_lines(
        ADMIN,
        (
            "admin:index",
            "admin:login",
            "admin:logout",
            "admin:password_change",
            "admin:password_change_done",
            "admin:autocomplete",
            "admin:jsi18n",
            "admin:app_list",
            "admin:auth_user_password_change",
            "admin:reports_houserule_changes",
            "admin:pages_contentblock_to_translate",
            "admin:admin/(?P<url>.*)$",
        ),
        ROWS,
        "reports.service_settings_admin:HISTORY_SHOWN",
        "pnav.pages.to_translate:SHOWN",
    ),
    **_lines(
        ACCOUNTS,
        ("admin:accounts_user_import", "admin:accounts_user_export"),
        "pnav.accounts.admin_site.bulk:MOST_LINES",
        "pnav.accounts.admin_site.bulk:MOST_BYTES",
        "pnav.accounts.admin_site.spreadsheets:MOST_UNPACKED",
        stores=SHEET,
    ),
    **_lines(
        ADMIN,
        (
            "admin:triage_questionnaireversion_part",
            "admin:triage_questionnaireversion_document",
            "admin:triage_questionnaireversion_preview",
            "admin:triage_questionnaireversion_differences",
            "admin:triage_questionnaireversion_publish",
        ),
        "triage.admin:DOCUMENT_MAX_LENGTH",
        "triage.questionnaire.document:MOST_QUESTIONS",
        "triage.questionnaire.document:MOST_DECISIONS",
        "common.offload.pool:MEMORY",
        "common.offload.pool:CPU_SECONDS",
        "common.offload.pool:AT_ONCE",
        stores=OBJECT,
    ),
    **_lines(
        ADMIN,
        ("admin:accounts_pendingchange_decide",),
        "pnav.settings:DATA_UPLOAD_MAX_MEMORY_SIZE",
        stores=OBJECT,
    ),
    # Pages for the operator.
    **_lines(VISITOR, ("health_live", "health_ready", "metrics"), "pnav.settings:PAGE_THREADS"),
}

# Every page of every class of the admin (list, history, form, addition, deletion).
ADMIN_CLASS = Line(
    ADMIN,
    ADMIN,
    (ROWS, "pnav.accounts.admin_site.lookups:SEARCH_MAX_WORDS", "django.contrib.admin:ModelAdmin.list_max_show_all"),
    stores=OBJECT,
)

# The types of frames of docs/protocol.md, over a socket or over HTTP.
_SOCKET = (FRAME, "pnav.settings:FRAMES_AT_ONCE", "pnav.settings:FRAMES_A_SECOND")
FRAMES: dict[str, Line] = {
    "sync": Line(VISITOR, VISITOR, (*_SOCKET, PAGE, PAGE_BYTES), SEEN),
    "post": Line(VISITOR, VISITOR, (*_SOCKET, BODY, EXCHANGE, OF_ITS_AGENT), SAID),
    "typing": Line(VISITOR, VISITOR, _SOCKET, SEEN),
    "read": Line(VISITOR, VISITOR, _SOCKET, SEEN),
    "beat": Line(VISITOR, VISITOR, (*_SOCKET, PAGE, PAGE_BYTES), SEEN),
}

# Handshakes, by the address of the socket.
SOCKETS: dict[str, Line] = {
    "ws/conversation/": Line(
        WHOLE_BY_SOCKET,
        WHOLE_BY_SOCKET,
        (
            "chat.realtime.connection:SOCKETS_A_SESSION",
            "chat.realtime.connection:OPENINGS_AT_ONCE",
            "pnav.server.http_channel:PIECES_AT_MOST",
            "pnav.server.serving:STEPS_AT_MOST",
            "chat.realtime.connection:SOCKETS_A_NETWORK",
            "pnav.server.lines:WAITING_BYTES",
            "pnav.pages.quick_exit:LATE_AT_MOST",
            PAGE,
            PAGE_BYTES,
        ),
        Stores(rows=1, changed=2, kib=4),  # the sender's address, until it is sealed
    ),
    "ws/console/": Line(
        STAFF,
        STAFF,
        (
            "chat.realtime.connection:SOCKETS_A_SESSION",
            "chat.realtime.connection:OPENINGS_AT_ONCE",
            "pnav.server.http_channel:PIECES_AT_MOST",
            "pnav.server.serving:STEPS_AT_MOST",
            "pnav.server.lines:WAITING_BYTES",
            "pnav.pages.quick_exit:LATE_AT_MOST",
            PAGE,
            PAGE_BYTES,
        ),
        USED,
    ),
    "": Line(
        VISITOR, VISITOR, ("chat.realtime.routing:refuse_connection",)
    ),  # any other address, which is refused before the socket is accepted
}

# Files that may be sent, by the name of their field.
UPLOADS: dict[str, Line] = {
    "sheet": Line(
        ACCOUNTS,
        ACCOUNTS,
        (
            "pnav.accounts.admin_site.bulk:MOST_BYTES",
            "pnav.accounts.admin_site.bulk:MOST_LINES",
            "pnav.accounts.admin_site.spreadsheets:MOST_UNPACKED",
        ),
        SHEET,
    ),
    "capture": Line(
        CAPTURE_FORM,
        CAPTURE_FORM,
        (
            "pnav.server.body_limits:CAPTURE_BODY_MAX_BYTES",
            "pnav.server.http_channel:LONG_AT_MOST",
            "pnav.server.http_channel:LONG_EACH",
            "common.service_settings.definitions:CAPTURE_SIZE",
            "common.sealed_files.spool:IN_MEMORY",
        ),
        Stores(rows=1, changed=70, kib=TEXT_KIB, keys=2),  # what it leaves in the store, 15 MB, is in no table
    ),
}


# The five pages that Django gives each class, and the older address of an object, which redirects to its page.
OF_A_CLASS = re.compile(r"admin:\w+_(changelist|history|change|add|delete)|admin:admin/\w+/\w+/<path:object_id>/")


def line_of(name: str) -> Line | None:
    """Return the line of an address by its name, or None when it has none. The pages of a class of the admin share one
    line.
    """
    return ROUTES.get(name) or (ADMIN_CLASS if OF_A_CLASS.fullmatch(name) else None)
