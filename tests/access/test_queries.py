"""Who may query a conversation, a message, a report or a row that belongs to one: `chat.access`, and the functions that
are listed here with a reason.

This is read from the source, so a query in a new function fails without ever having run.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("chat", "reports", "triage", "locations", "pnav", "common")
MODELS = {
    "Conversation", "Message", "ConversationEvent", "Report",
    "FactSheet", "JournalFact", "Capture", "CaptureDrawing", "ItemShare",
    "Proposal", "Emergency", "EmergencyStep", "Closing",
    "Transmission", "TransmissionStep", "FollowUp", "RemovalRequest",
    "Aside", "AsidePart", "AsideMessage", "ConversationHandle", "DangerMark", "Hold", "Note", "ReplyDraft", "OwnReply",
    "SealedValue", "OpeningRequest", "OpeningStep", "ErasureRequest", "Freeze", "Debrief",
}  # fmt: skip
TABLES = {
    "chat_conversation", "chat_message", "chat_note", "chat_asidemessage",
    "reports_report", "reports_sealedvalue", "reports_openingrequest",
}  # fmt: skip
MANAGERS = {"objects", "_default_manager", "_base_manager"}

# module: (reason, functions). Each function gets its object from a caller that has proved access before, or looks for
# nobody in particular. "*" is the whole module. A view, a form, a consumer or a template tag never belongs here.
ACTS = "an act: the caller has proven access and gives the row's own key, which is never shown to anybody"
EVERYBODY = "rows of all exchanges, by no id that comes from a request"
NAMED = {
    "chat/access.py": ("the ways to a conversation", {"*"}),
    "chat/conversations/actions.py": (
        ACTS,
        {"<module>", "_lock", "open_conversation", "post_message", "close_conversation"},
    ),
    "chat/casework/handles.py": (ACTS + "; or this agent's own", {"handle_of", "own_handles", "give_handles"}),
    "chat/casework/holds.py": (ACTS + "; or everybody's promises, for figures", {"promise_return", "running_holds"}),
    "chat/casework/reply_drafts.py": (
        "of a conversation that was just obtained; or " + EVERYBODY,
        {"keep_draft", "_forget", "read_draft", "delete_ended_drafts"},
    ),
    "chat/casework/colleague_questions.py": (ACTS, {"ask_colleagues", "answer_colleague"}),
    "chat/casework/replies.py": ("this agent's own, of whom the caller is sure", {"own_replies"}),
    "chat/casework/danger.py": (
        ACTS + "; of conversations that were just obtained",
        {"<module>", "is_told_in", "find_in", "keep_marks", "deal_with", "mark_line", "pending_numbers"},
    ),
    "chat/conversations/dormancy.py": (EVERYBODY, {"*"}),
    "chat/conversations/pauses.py": ("times of this agent's own; nothing said", {"_open_procedures", "_read_past"}),
    "chat/casework/lock.py": (ACTS, {"lock_assigned"}),
    "chat/casework/fact_sheet.py": (ACTS, {"sheet_of"}),
    "chat/journal/actions.py": (
        ACTS,
        {"note_fact", "change_fact", "_unread", "show_facts", "take_back", "mark_read"},
    ),
    "chat/proof_of_date/proofs.py": ("of a conversation that was just obtained, or a row that was", {"*"}),
    "chat/proof_of_date/sources.py": ("the worker's turn: " + EVERYBODY, {"*"}),
    "chat/captures/receiving.py": (ACTS + "; or what nobody went on sending, of everybody", {"*"}),
    "chat/captures/queries.py": ("the captures of a conversation that was just obtained", {"*"}),
    "chat/captures/opening.py": (ACTS, {"*"}),
    "chat/visitor/own_copy.py": ("of the exchange whose copy it is, which was just obtained", {"_item_of"}),
    "chat/captures/handouts.py": (ACTS + "; of a conversation that was just obtained", {"*"}),
    "chat/captures/drawing.py": ("the worker's turn: " + EVERYBODY, {"*"}),
    "chat/captures/scanning.py": ("the worker's turn: " + EVERYBODY, {"*"}),
    "chat/captures/store.py": ("names of files of reports that are about to go, and of those without a row", {"*"}),
    "chat/personal_copy/actions.py": (ACTS, {"set_by_code"}),
    "chat/personal_copy/parts.py": ("what a person takes along of the conversation that was just obtained", {"*"}),
    "chat/journal/queries.py": (
        "the journal of a conversation that was just obtained",
        {"_of", "shown_facts", "has_shown", "read_facts"},
    ),
    "chat/casework/proposals.py": (ACTS, {"proposals_of", "open_question", "is_too_late"}),
    "chat/casework/emergencies.py": (ACTS, {"open_one", "past_emergencies", "start", "tick_step", "tick_said"}),
    "chat/casework/closing.py": (ACTS, {"words_of", "points_of", "_has_written_since"}),
    "chat/casework/macros.py": (ACTS, {"propose"}),
    "chat/console/casework.py": ("which answer of the conversation that was just obtained is followed", {"_follow"}),
    "chat/referral/actions.py": (ACTS, {"*"}),
    "chat/referral/queries.py": ("of a conversation that was just obtained, or rows that were; or counts", {"*"}),
    "chat/referral/removal.py": (ACTS + "; or counts of everybody", {"*"}),
    "chat/conversations/follow_up_code.py": (ACTS + "; or ends codes by their own date", {"*"}),
    "chat/conversations/resume.py": (
        ACTS + "; a code is looked for by its slow hash",
        {
            "park_conversation",
            "revive_conversation",
            "resume_conversation",
            "_note_watched",
            "issue_code",
            "void_code",
            "end_code",
            "forget_expired_codes",
            "resume_by_digest",
        },
    ),
    "chat/conversations/departures.py": (
        ACTS + "; or those that a visit which ended has noted",
        {"<module>", "tell_departure"},
    ),
    "chat/retention/deletion.py": (EVERYBODY + "; or dates without content (Ending), or this reporter's own", {"*"}),
    "chat/retention/schedule.py": (EVERYBODY + "; or dates without content (Ending), or this reporter's own", {"*"}),
    "chat/retention/ending_without_agent.py": (
        "keys of those that a supervisor decides about, and no content",
        {"<module>"},
    ),
    "chat/retention/moving.py": (EVERYBODY + ": keys of rows, one after the other; nothing is shown", {"*"}),
    "chat/messages/conversation_keys.py": (ACTS + ": which key seals, not what was said", {"<module>"}),
    "chat/messages/writing.py": (ACTS, {"<module>"}),
    "chat/messages/reading.py": (ACTS + ", beside the agent's", {"<module>"}),
    "chat/conversations/dispatcher.py": (EVERYBODY, {"*"}),
    "chat/casework/waiting_danger.py": (
        EVERYBODY + ": numbers of messages are kept of it",
        {"mark_who_waits", "_waiting", "_left"},
    ),
    "chat/conversations/language_guess.py": (EVERYBODY + ": a language is kept of it", {"guess_languages", "_guess"}),
    "chat/conversations/closure_notice.py": (EVERYBODY, {"tell_who_waits"}),
    "pnav/pages/to_do.py": (EVERYBODY + ": two counts", {"_waiting"}),
    "chat/decisions/deciders.py": (
        "of which unit a report is, by its own key: a unit's key is all that is read",
        {"<module>", "decided", "with_unit", "_read_deciding"},
    ),
    "chat/wellbeing/debriefs.py": (
        "the ways to a request for a talk: the agent's own, or the psychologist's by `_require`",
        {"*"},
    ),
    "chat/conversations/position.py": (EVERYBODY, {"<module>"}),
    "chat/messages/transcript.py": (
        "the messages of a conversation that was just obtained, by its own key",
        {"_lines_statement"},
    ),
    "chat/visitor/page_state.py": ("of such a conversation too: dates, and whether something is there", {"<module>"}),
    "chat/casework/at_hand.py": (
        "whether there is anything of a conversation that was just obtained, or of this agent's own",
        {"<module>"},
    ),
    "chat/console/inbox.py": (
        EVERYBODY + ", or a conversation that was just obtained",
        {"_with_activity", "entry_of", "_left_dangers"},
    ),
    "chat/statistics/staffing/recorded.py": (EVERYBODY + ": counts", {"<module>"}),
    "chat/supervision/live_board.py": (EVERYBODY + ": numbers and times", {"_people", "_active"}),
    "chat/conversations/losses.py": (
        "what this agent was given and lost, by the history: keys and times",
        {"_lost", "<module>"},
    ),
    "chat/conversations/presence.py": (EVERYBODY + ": four counts of this agent's own", {"<module>"}),
    "chat/conversations/idle.py": (
        "of this agent's own: since when their people wait, whether they write or end elsewhere, and nothing said",
        {"_held", "_spoken_at", "_works_elsewhere"},
    ),
    "chat/conversations/waits.py": ("adds columns to conversations that were obtained before", {"with_waits"}),
    "chat/statistics/holds.py": (EVERYBODY + ": numbers", {"figures"}),
    "chat/models/conversation.py": (
        "a condition of conversations that were selected before: whether the person left",
        {"quick_exits"},
    ),
    "chat/models/notes.py": (
        "a condition of promises that were selected before: whether their agent wrote since",
        {"HoldQuerySet.unanswered"},
    ),
    "chat/transfer/queries.py": (
        "what this agent passed on: the key of who was given it next, by the history; of offers, whether words are"
        " marked, or a procedure is open",
        {"_passed_on", "offers_to_me"},
    ),
    "chat/statistics/history.py": (EVERYBODY + ": numbers", {"<module>"}),
    "chat/statistics/daily.py": (EVERYBODY + ": counts of a day, rounded before they are stored", {"<module>"}),
    "chat/transfer/actions.py": (
        ACTS + "; or the load and the conversations of an agent",
        {"lock_conversation", "lock_receiver", "_require_place_in_danger", "end_duty"},
    ),
    "chat/supervision/intervention.py": (
        ACTS + ", or that a supervisor may step into: whether a procedure is open, or words are marked",
        {"write", "cannot_wait", "running_conversations"},
    ),
    "chat/supervision/procedures.py": (
        EVERYBODY + ": what every supervisor sees; who may end one is asked of chat.access",
        {"open_procedures", "count_elsewhere", "find_procedure", "end_procedure"},
    ),
    "chat/supervision/left_marks.py": (
        EVERYBODY + ": what every supervisor sees; who may deal with one is asked of chat.access",
        {"left_marks", "count_elsewhere", "find_mark", "deal_with_left"},
    ),
    "chat/supervision/unread_referrals.py": (
        EVERYBODY + ": that no unit read a summary, for whom chat.access lets step in; no word of it is read",
        {"read_unread", "withdraw"},
    ),
    "chat/supervision/giving.py": (ACTS + "; or shows what the queue shows of somebody who waits", {"_waiting"}),
    "chat/conversations/lookalikes.py": (
        EVERYBODY + ": arrivals that said nothing, as a group; nothing is read of them",
        {"*"},
    ),
    "chat/referral/place.py": (ACTS, {"give_place"}),
    "chat/conversations/waiting_list.py": (EVERYBODY, {"<module>", "read_waiting"}),
    "chat/management/commands/rotate_keys.py": (EVERYBODY, {"*"}),
    "reports/actions.py": (
        ACTS + "; or makes a report, by the id of its own form in this visit's session",
        {"file_report", "_hold", "ask_freeze", "set_freeze", "lift_freeze", "ask_erasure", "answer_erasure"},
    ),
    "reports/session.py": (
        "the report of this visit, from the session alone",
        {"_own", "_report_statement", "current_request"},
    ),
    "reports/reporter_identity.py": ("seals for a report that was just filed or come to, and opens nothing", {"*"}),
    "reports/retention/deletion.py": (EVERYBODY, {"_old_openings"}),
    "reports/retention/key_erasure.py": (EVERYBODY + ": of what is being deleted", {"note", "carry_out"}),
    "reports/retention/key_copies.py": (EVERYBODY + ": which keys are named, for the operator's command", {"*"}),
    "reports/openings/actions.py": ("the ways to an opening: by `visible_to`, and acts that ask `_require`", {"*"}),
    "pnav/backup/check.py": (
        EVERYBODY + ": whether the newest capture opens, and nothing of it is shown",
        {"_captures"},
    ),
    "pnav/service_metrics.py": (EVERYBODY + ": counts", {"_queue"}),
    "pnav/accounts/management/commands/bench_sessions.py": ("a demonstration's own rows", {"*"}),
}
# From outside, rows are asked for by a public id, a client's id or a code. Only these functions may look for a row by
# one.
KEYS = {
    "public_id", "submission_id", "client_id", "resume_digest", "code_digest", "report__public_id",
    "conversation__public_id",
}  # fmt: skip
BY_KEY = {
    ("chat/access.py", "as_assigned_agent"), ("chat/access.py", "assigned_head"),
    ("chat/access.py", "as_party_to_aside"), ("chat/access.py", "own_reply"),
    ("chat/access.py", "as_receiving_unit"), ("chat/access.py", "follow_up_by_digest"),
    ("chat/referral/actions.py", "_of_conversation"),  # its conversation is locked already
    ("chat/access.py", "erasure_by_digest"),
    ("chat/access.py", "as_offered"), ("chat/access.py", "as_supervisor"), ("chat/access.py", "for_opening"),
    ("chat/supervision/intervention.py", "write"),
    ("chat/supervision/procedures.py", "find_procedure"),  # then `may_end`, of the reach of this supervisor
    ("chat/supervision/procedures.py", "end_procedure"),  # a lock; what is ended comes from find_procedure
    ("chat/supervision/procedures.py", "recused_from"),  # of what the board shows: whether they passed it on
    ("chat/supervision/left_marks.py", "find_mark"),  # then `may_end`, of the reach of this supervisor
    ("chat/supervision/left_marks.py", "deal_with_left"),  # a lock; what is dealt with comes from find_mark
    ("chat/supervision/unread_referrals.py", "withdraw"),  # then `_is_theirs`, of the reach of this supervisor
    ("chat/supervision/giving.py", "_waiting"),  # somebody who waits: what the queue shows of them to every agent
    ("chat/access.py", "joined_before"), ("chat/access.py", "left_by"), ("chat/access.py", "taken_after"),
    ("chat/conversations/resume.py", "resume_by_digest"), ("reports/session.py", "_own"),
    ("chat/retention/schedule.py", "ending_of"), ("reports/openings/actions.py", "find_request"),
    ("reports/actions.py", "file_report"),
    ("chat/wellbeing/debriefs.py", "_lock"),
    ("chat/conversations/departures.py", "tell_departure"),  # a report that the visit held, as its session says
    # A group of arrivals that said nothing, without anything that they said; any agent may ask for it.
    ("chat/conversations/lookalikes.py", "waiting_groups"), ("chat/conversations/lookalikes.py", "take_group"),
    ("chat/conversations/lookalikes.py", "close_group"),
    ("reports/openings/actions.py", "of_all"),  # a place in the audit log, whose readers may see all of it
    ("reports/openings/actions.py", "asked_elsewhere"),  # one of the asker's own, to say that it is not theirs any more
    ("chat/decisions/on_call.py", "end"),  # an on-call duty, of the units of the person who ends it
    # In the journal of this conversation.
    ("chat/journal/actions.py", "note_fact"), ("chat/journal/actions.py", "_unread"),
    ("chat/journal/actions.py", "_of"), ("chat/journal/queries.py", "_of"),
    # Captures of this conversation; or one that was set aside, for the supervisors who decide about it.
    ("chat/captures/receiving.py", "begin_capture"), ("chat/captures/receiving.py", "is_begun"),
    ("chat/captures/receiving.py", "_own"), ("chat/captures/receiving.py", "_fact_of"),
    ("chat/captures/receiving.py", "show_of_facts"), ("chat/captures/receiving.py", "take_back_of_facts"),
    ("chat/captures/receiving.py", "erase_capture"), ("chat/captures/receiving.py", "_of"),
    ("chat/captures/queries.py", "_unlocked_one"), ("chat/captures/queries.py", "own_captures"),
    ("chat/captures/handouts.py", "_begin"), ("chat/captures/handouts.py", "_announce"),
    ("chat/captures/handouts.py", "forget"), ("chat/captures/handouts.py", "one_of"),
    ("chat/captures/opening.py", "locked_one"),
    ("chat/referral/queries.py", "asked_at"),  # among the summaries of this conversation
    ("chat/casework/proposals.py", "_answers"),  # messages of the same conversation
    ("chat/casework/proposals.py", "open_question"),  # likewise
    ("chat/console/casework.py", "_follow"),  # likewise
}  # fmt: skip


def walk(tree: ast.AST, name: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Yield every node with the function that holds it, « Class.method » or « <module> »."""
    for node in ast.iter_child_nodes(tree):
        inner = name
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{name}.{node.name}" if name else node.name
        yield inner or "<module>", node
        yield from walk(node, inner)


def looks_for(node: ast.AST) -> bool:
    """Return whether this is a query of one of the tables: by a model's manager, a shortcut, or SQL."""
    match node:
        case ast.Attribute(value=ast.Name(id=model), attr=manager) if manager in MANAGERS:
            return model in MODELS
        case ast.Call(func=ast.Name(id=shortcut), args=[ast.Name(id=model), *_]) if shortcut.startswith("get_"):
            return model in MODELS
        case ast.Constant(value=str(text)):
            return is_sql(text)
        case ast.JoinedStr(values=parts):  # a statement whose words stand on both sides of an inserted value
            return is_sql(" ".join(str(part.value) for part in parts if isinstance(part, ast.Constant)))
    return False


def is_sql(text: str) -> bool:
    """Return whether this asks one of the tables."""
    words = text.split()
    is_asking = any(verb in words for verb in ("SELECT", "UPDATE", "DELETE", "INSERT"))
    return is_asking and any(table in text for table in TABLES)


def by_key(node: ast.AST) -> bool:
    """Return whether this is a filter by something that comes from outside."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"get", "filter", "exclude", "get_or_create", "update_or_create", "aget", "afilter"}
        and any(keyword.arg and keyword.arg.split("__in")[0] in KEYS for keyword in node.keywords)
    )


def is_named(module: str, function: str) -> bool:
    _reason, functions = NAMED.get(module, ("", set()))
    return "*" in functions or function in functions


def faults(module: str, source: str) -> list[str]:
    found = []
    for function, node in walk(ast.parse(source)):
        line = getattr(node, "lineno", 0)
        if looks_for(node) and not is_named(module, function):
            found.append(f"{module}:{line} {function} queries a conversation, a message or a report: ask chat.access")
        if by_key(node) and (module, function) not in BY_KEY:
            found.append(f"{module}:{line} {function} looks for a row by what came from outside: ask chat.access")
    return found


def modules() -> list[Path]:
    return [
        path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))
        if "migrations" not in path.parts and "demo" not in path.parts
    ]  # fmt: skip


def test_nobody_else_looks_for_a_conversation(tried):
    paths = modules()
    found = [fault for path in paths for fault in faults(str(path.relative_to(ROOT)), path.read_text())]
    assert not found, "\n".join(found)
    tried("modules read for queries outside chat.access", len(paths))


def test_names_of_exceptions_exist():
    """An exception that nothing needs any more would let something else through."""
    for module, (_reason, functions) in NAMED.items():
        nodes = list(walk(ast.parse((ROOT / module).read_text())))
        using = {function for function, node in nodes if looks_for(node)}
        assert functions == {"*"} or functions == using, module
    for module, function in BY_KEY:
        nodes = walk(ast.parse((ROOT / module).read_text()))
        assert any(by_key(node) for name, node in nodes if name == function), (module, function)


@pytest.mark.parametrize(
    "source",
    [
        "def export(request, key):\n    return Conversation.objects.get(pk=key)",
        "def export(request, key):\n    return get_object_or_404(Message, pk=key)",
        "class View:\n    def get(self, key):\n        return Report._default_manager.all()",
        "def export(agent, key):\n    return agent.conversations.get(public_id=key)",
        "def export(agent, keys):\n    return agent.conversations.filter(public_id__in=keys)",
        "SQL = 'SELECT sealed_body FROM chat_message WHERE id = %s'",
        "SQL = f'SELECT {columns} FROM chat_message WHERE id = %s'",
    ],
)
def test_a_new_query_is_found(source):
    assert faults("chat/export.py", source)


def test_what_is_no_query_is_not_found():
    assert not faults("chat/export.py", "def f(conversation):\n    return conversation.messages.filter(seq__gt=3)")
