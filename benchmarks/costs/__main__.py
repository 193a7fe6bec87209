"""`python -m benchmarks.costs`: drive every act with the worst input of its kind, print what it costs, judge it.

Ends with 1 when an act crosses its budget or grows faster than its input. PostgreSQL and Valkey are its own; a few
minutes. `--only part` keeps to acts whose name holds it; `--quick` to three kinds of text.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.costs import document, inputs, table
from benchmarks.costs.inputs import Request
from benchmarks.site import ROOT, stage

if TYPE_CHECKING:
    from benchmarks.costs.drive import Verdict

GROWN = (100, 200, 400)  # of everything that a visit or an account may leave behind
QUICK = ("latin", "emoji", "bidi", "fields", "cookies")
HEADS = (
    "act",
    "worst input",
    "ms at n",
    "2n",
    "4n",
    "growth",
    "statements",
    "rows",
    "KiB",
    "answer, bytes",
    "ms at most",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="part of an act's name")
    parser.add_argument("--quick", action="store_true", help="a few kinds of input in place of all")
    parser.add_argument("--all-rows", action="store_true", help="print each kind of input, and not the worst alone")
    parser.add_argument("--document", action="store_true", help="write the table into docs/costs.md, and nothing else")
    options = parser.parse_args()
    if options.document:
        document.write()
        return 0
    began = time.monotonic()
    with stage():
        from benchmarks.costs import situation

        with situation.nothing_refused():
            verdicts = []
            for one in _drive_all(options.only, is_quick=options.quick):
                verdicts.append(one)
                if one.breaches:
                    sys.stdout.write(f"BREACH {one.act} [{one.kind}]: {'; '.join(one.breaches)}\n")
                    sys.stdout.flush()
    broken = [one for one in verdicts if one.breaches]
    text = _told(verdicts if options.all_rows else _worst(verdicts))
    sys.stdout.write(text)
    out = ROOT / "benchmarks" / "results"
    out.mkdir(exist_ok=True)
    (out / "costs.md").write_text(text)
    acts = len({one.act for one in verdicts})
    seconds = time.monotonic() - began
    sys.stdout.write(f"{acts} acts, {len(verdicts)} kinds of input, {len(broken)} breaches, {seconds:.0f} s\n")
    return 1 if broken else 0


def _drive_all(only: str, *, is_quick: bool) -> Iterator["Verdict"]:
    from django.core.management import call_command
    from django.db import transaction

    from benchmarks.costs import drive, situation
    from tests.access.frames import CLIENT_ID
    from tests.access.frames import FRAMES as FIELDS
    from tests.access.people import ASSIGNED, REPORTER, create_cast
    from tests.access.test_routes import ADDRESSES, DECISIONS, path_of, values_of

    with transaction.atomic():
        cast = create_cast()
        values = values_of(cast)
    call_command("import_locations", verbosity=0)
    acts = []
    for name in ADDRESSES:
        route, line = DECISIONS[name], table.line_of(name)
        assert line is not None, f"{name} has no line in benchmarks/costs/table.py"
        for method in ("GET", "POST"):
            act = f"{method} {name}"
            if method in route.methods and only in act:
                budget = line.read if method == "GET" else line.write
                acts.append(
                    (act, name, path_of(name, values, route), method, cast.keys.get(situation.who(route), ""), budget)
                )
    for act, name, path, method, key, budget in acts:
        is_grouped = name not in table.ROUTES
        for right in _right_forms(name) if method == "POST" else [{}]:
            for kind in [*inputs.typed(method, right), *inputs.shaped(method)]:
                if (not is_quick and not is_grouped) or kind.name.split(" ")[0] in QUICK:
                    yield drive.drive(act, path, method, key, kind, budget)
    for name, person in (("chat:frames", REPORTER), ("console:frames", ASSIGNED)):
        path = path_of(name, values, DECISIONS[name])
        for frame, fields in FIELDS.items():
            act = f"frame {frame} ({name.partition(':')[0]})"
            sent = {**fields, "conversation": str(cast.conversation.public_id)}
            if "client_id" in sent:
                sent["client_id"] = CLIENT_ID
            for kind in inputs.frames(frame, sent) if only in act else ():
                if not is_quick or kind.name.split(" ")[0] in (*QUICK, "deep"):
                    yield drive.drive(act, path, "POST", cast.keys[person], kind, table.FRAMES[frame].write)
    yield from _in_a_growing_world(cast, [one for one in acts if one[3] == "GET"])


def _right_forms(name: str) -> list[dict[str, str]]:
    """Forms that this address takes for right: what is typed in them goes further than what is refused at once."""
    from tests.access.test_routes import BY_KEY

    known = [
        {key: str(value) for key, value in data.items()} for method, data in BY_KEY.get(name, []) if method == "POST"
    ]
    return known or [inputs.RIGHT.get(name, {})]


def _in_a_growing_world(cast: Any, acts: Sequence[tuple[Any, ...]]) -> Iterator["Verdict"]:
    """What each page costs when there is more and more of everything: it is measured at each size, then judged."""
    from benchmarks.costs import drive, situation

    before, measured = 0, {}
    for size in GROWN:
        situation.grow(cast, size - before)
        before = size
        for act, _name, path, method, key, _budget in acts:
            costs = measured.setdefault(act, [])
            drive.send(path, method, key, Request())  # what is read once for all
            costs.append(drive.cost_of(path, method, key, Request(), tries=3, is_weighed=size == GROWN[-1]))
    for act, _name, _path, _method, _key, budget in acts:
        first, second, third = measured[act]
        yield drive.judge(act, "a growing world", (first, second, third), budget)


def _worst(verdicts: Sequence["Verdict"]) -> list["Verdict"]:
    """Of each act, the kind of input that costs most; and each that crosses a bound."""
    worst: dict[str, Verdict] = {}
    for one in verdicts:
        if one.act not in worst or one.costs[-1].ms > worst[one.act].costs[-1].ms:
            worst[one.act] = one
    return [one for one in verdicts if one.breaches or worst[one.act] is one]


def _told(verdicts: Sequence["Verdict"]) -> str:
    from benchmarks.costs import drive

    rows = ["| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
    for one in verdicts:
        last = one.costs[-1]
        cells = [
            one.act, one.kind, *(f"{cost.ms:.1f}" for cost in one.costs), f"{drive.ratio(one.costs):.2f}",
            str(last.statements), str(last.rows), str(last.kib), str(last.answer_bytes), f"{one.budget.ms:.0f}",
        ]  # fmt: skip
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
