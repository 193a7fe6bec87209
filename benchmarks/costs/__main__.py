"""`python -m benchmarks.costs` drives every act with the worst input of its kind, prints its cost and judges it.

The exit code is 1 when an act crosses its budget or grows faster than its input. The run takes a few minutes, with a
PostgreSQL and a Valkey of its own. `--only part` chooses the acts whose name contains `part`; `--quick` tries three
kinds of text only.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from benchmarks.costs import document, inputs, table
from benchmarks.costs.inputs import Kind, Request
from benchmarks.costs.noise import Noise
from benchmarks.site import ROOT, Stage, stage

if TYPE_CHECKING:
    from benchmarks.costs.drive import Cost, Three, Verdict
    from benchmarks.costs.stored import Stored

GROWN = (100, 200, 400)  # how many rows there are of everything that a visit or an account may leave behind
FILING = "reports:create"  # done by a visit that has answered all questions and chosen a place
# An act is driven so often without input, and the best counts: what costs no more than this is not measured further.
BASE_TRIES = 3
LOOK_EVERY = 25  # the noise is measured again after this many acts
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
    "rows added + changed",
    "KiB stored",
    "keys",
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
    began, is_whole = time.monotonic(), True
    with stage() as ground:
        from benchmarks.costs import situation

        with situation.nothing_refused():
            run = Run(options.only, is_quick=options.quick)
            try:
                run.drive_all(ground)
            except KeyboardInterrupt:
                is_whole = False
                sys.stdout.write("Stopped before its end: what follows is what was driven until then.\n")
    broken = [one for one in run.verdicts if one.breaches]
    sys.stdout.write(_breaches(broken))
    text = _told(run.verdicts if options.all_rows else _worst(run.verdicts))
    sys.stdout.write(text)
    out = ROOT / "benchmarks" / "results"
    out.mkdir(exist_ok=True)
    unreached = "".join(f"- {label}\n" for label in run.not_reached())
    (out / "costs.md").write_text(
        f"{text}\nMay add rows by their line, and nothing that was sent made them:\n\n{unreached}"
    )
    acts = len({one.act for one in run.verdicts})
    seconds = time.monotonic() - began
    sys.stdout.write(
        f"This machine took {run.noise.told()} times as long as the one for which bounds of processor are set; they "
        "were multiplied by it.\n"
        f"Noise of this run: {run.noise.ms:.2f} ms, and {run.noise.share:.1%} of what an act costs; "
        f"{run.doubted} acts seemed to cross a bound of processor; {run.noisy} of them did not when driven again. "
        f"{run.again_in_world} were measured again in the largest world.\n"
        f"{len(run.not_reached())} acts may add rows by their line, and nothing that was sent made them: they stand in "
        f"{out.relative_to(ROOT)}/costs.md.\n"
        f"{acts} acts, {len(run.verdicts)} kinds of input, {len(broken)} breaches, {seconds:.0f} s\n"
    )
    return 1 if broken or not is_whole else 0


@dataclass(frozen=True)
class Act:
    """One act of one person.

    name: its name in the table. key: the session key of the person who acts, or none. is_grouped: whether it is a page
    of any class.
    """

    label: str
    name: str
    path: str
    method: str
    key: str
    line: table.Line
    is_grouped: bool = False

    @property
    def budget(self) -> table.Budget:
        return self.line.read if self.method == "GET" else self.line.write


class Run:
    """One run: the cast, who acts in it, and what was found."""

    def __init__(self, only: str, *, is_quick: bool) -> None:
        self.only = only
        self.is_quick = is_quick
        self.noise = Noise()
        self.verdicts: list[Verdict] = []
        self._again: dict[int, Callable[[], Three]] = {}  # how to repeat a verdict that is in doubt, by its place
        self._lines: dict[str, table.Line] = {}  # the lines of acts that change something, by label
        self._acts = self.noisy = self.again_in_world = 0

    @cached_property
    def filing(self) -> tuple[str, dict[str, str]]:
        """Return a visit that has only its report to send, and the form."""
        from benchmarks.costs import situation

        return situation.before_the_report()

    @property
    def doubted(self) -> int:
        return len(self._again)

    def not_reached(self) -> list[str]:
        """Return the acts that may add rows and added none with any input, so that what they store is not measured."""
        added: dict[str, int] = {}
        for one in self.verdicts:
            added[one.act] = max(added.get(one.act, 0), one.costs[-1].stored.rows)
        return [label for label, line in self._lines.items() if line.stores.rows and added.get(label) == 0]

    def drive_all(self, ground: Stage) -> None:
        from django.core.management import call_command
        from django.db import transaction

        from benchmarks.costs import handshakes
        from tests.access.people import create_cast
        from tests.access.test_routes import values_of

        with transaction.atomic():
            self.cast = create_cast()
            self._values = values_of(self.cast)
        call_command("import_locations", verbosity=0)
        acts = list(self._all_acts())
        for act in acts:
            self._look_at_noise()
            self._drive(act, self._kinds(act))
        for frame in table.FRAMES:
            self._look_at_noise()
            for act, kinds in self._frame(frame):
                self._drive(act, kinds)
        for upload in table.UPLOADS:
            for act, kinds in self._upload(upload):
                self._drive(act, kinds)
        for act, kinds in self._slices():
            self._drive(act, kinds)
        self._drive_doubtful_again()
        self._drive_in_a_growing_world([one for one in acts if one.method == "GET" or one.name in inputs.SEARCHES])
        self.verdicts += handshakes.drive_all(ground, self.cast, self.only)

    def _path(self, name: str) -> str:
        from tests.access.test_routes import DECISIONS, path_of

        return path_of(name, self._values, DECISIONS[name])

    def _all_acts(self) -> Iterator[Act]:
        from benchmarks.costs import situation
        from tests.access.test_routes import ADDRESSES, DECISIONS

        for name in ADDRESSES:
            route, line = DECISIONS[name], table.line_of(name)
            assert line is not None, f"{name} has no line in benchmarks/costs/table.py"
            for method in ("GET", "POST"):
                if method in route.methods and self.only in f"{method} {name}":
                    key = self.filing[0] if name == FILING else self.cast.keys.get(situation.who(route), "")
                    is_grouped = name not in table.ROUTES
                    yield Act(f"{method} {name}", name, self._path(name), method, key, line, is_grouped)

    def _kinds(self, act: Act) -> list[Kind]:
        """Return the kinds of input of an act.

        The pages that all classes of the admin share get few kinds, because they are Django's, and each class has five.
        """
        rights = self._right_forms(act.name) if act.method == "POST" else [{}]
        found: list[Kind] = []
        for number, right in enumerate(rights):
            found += inputs.typed(act.method, right, is_first=number == 0)
        found += inputs.shaped(act.method, str(self.cast.conversation.public_id))
        if self.is_quick or act.is_grouped:
            found = [one for one in found if one.name == "a right form" or one.name.split(" ")[0] in QUICK]
        return found

    def _right_forms(self, name: str) -> list[dict[str, str]]:
        """Return forms that this address accepts: what is typed in them goes further than what is refused at once."""
        from tests.access.test_routes import BY_KEY

        if name == FILING:
            return [self.filing[1]]
        known = [data for method, data in BY_KEY.get(name, []) if method == "POST" and data]
        return [{key: str(value) for key, value in data.items()} for data in known] or [inputs.RIGHT.get(name, {})]

    def _frame(self, frame: str) -> Iterator[tuple[Act, list[Kind]]]:
        """Yield the same frame as the person and as the agent send it."""
        from tests.access.frames import CLIENT_ID
        from tests.access.frames import FRAMES as FIELDS
        from tests.access.people import ASSIGNED, REPORTER

        sent = {**FIELDS[frame], "conversation": str(self.cast.conversation.public_id)}
        if "client_id" in sent:
            sent["client_id"] = CLIENT_ID
        for name, person in (("chat:frames", REPORTER), ("console:frames", ASSIGNED)):
            label = f"frame {frame} ({name.partition(':')[0]})"
            if self.only in label:
                act = Act(label, name, self._path(name), "POST", self.cast.keys[person], table.FRAMES[frame])
                kinds = inputs.frames(frame, sent)
                yield act, [one for one in kinds if not self.is_quick or one.name.split(" ")[0] in (*QUICK, "deep")]

    def _upload(self, name: str) -> Iterator[tuple[Act, list[Kind]]]:
        """Yield the forms of ours that take a file: `tests/costs/` finds all of them."""
        from benchmarks.costs import situation
        from chat.models import Unit
        from tests.access.people import ADMINISTRATOR, REPORTER

        label = f"upload {name}"
        if self.only in label and name == "capture":
            situation.answer_before_captures(self.cast)
            path = self._path("chat:captures")
            act = Act(label, "chat:captures", path, "POST", self.cast.keys[REPORTER], table.UPLOADS[name])
            yield act, list(inputs.captures())
        elif self.only in label:
            unit = Unit.objects.create(name="Brigade des mesures", force="police")
            address = "admin:accounts_user_import"
            key = self.cast.keys[ADMINISTRATOR]
            act = Act(label, address, self._path(address), "POST", key, table.UPLOADS[name])
            yield act, list(inputs.sheets(unit.name))

    def _slices(self) -> Iterator[tuple[Act, list[Kind]]]:
        """Yield a file as the script of the page sends it."""
        from benchmarks.costs import situation
        from tests.access.people import REPORTER

        label, name = "slices of a file", "chat:captures_upload"
        if self.only in label:
            situation.answer_before_captures(self.cast)
            keys = situation.begin_files(self.cast, inputs.SLICES)
            act = Act(label, name, self._path(name), "POST", self.cast.keys[REPORTER], table.ROUTES[name])
            yield act, list(inputs.slices(keys))

    def _drive(self, act: Act, kinds: list[Kind]) -> None:
        """Send each kind of input, then measure the memory of those that took most, answered most, and sent most."""
        from benchmarks.costs import drive

        nothing = Request(form={}) if act.method == "POST" else Request()
        drive.send(act.path, act.method, act.key, nothing)  # this reads what a process reads only once
        tried = [drive.once(act.path, act.method, act.key, nothing)[0] for _time in range(BASE_TRIES)]
        base = min(tried, key=lambda cost: cost.ms)
        known: dict[tuple[int, frozenset[str]], Stored] | None = {} if act.method == "GET" else None
        begin = len(self.verdicts)
        if act.method == "POST":
            self._lines[act.label] = act.line
        for kind in kinds:
            verdict = drive.drive(
                act.label, act.path, act.method, act.key, kind, act.budget,
                stores=act.line.stores, noise=self.noise, is_weighed=False, base=base, known=known,
            )  # fmt: skip
            if verdict.doubts:
                self._again[len(self.verdicts)] = partial(drive.patiently, act.path, act.method, act.key, kind.requests)
            self.verdicts.append(verdict)
        mine = range(begin, len(self.verdicts))
        heaviest = {
            max(mine, key=lambda place: self.verdicts[place].costs[-1].ms),
            max(mine, key=lambda place: self.verdicts[place].costs[-1].answer_bytes),
            max(mine, key=lambda place: inputs.length(kinds[place - begin].requests[-1])),
        }
        for place in heaviest:
            worst = self.verdicts[place].costs[-1]
            worst.kib = drive.peak_kib(act.path, act.method, act.key, kinds[place - begin].requests[-1])
            if worst.kib > act.budget.kib:
                self.verdicts[place].breaches.append(f"{worst.kib} KiB, and {act.budget.kib} at most")

    def _look_at_noise(self) -> None:
        """Measure the noise before the first act and now and then, because a machine is not always equally still."""
        from benchmarks.costs import drive
        from tests.access.people import ASSIGNED

        if self._acts % LOOK_EVERY == 0:
            cheap, dear = (self._path("pages:robots"), ""), (self._path("console:home"), self.cast.keys[ASSIGNED])
            drive.look_at_noise(self.noise, cheap=cheap, dear=dear)
        self._acts += 1

    def _drive_doubtful_again(self) -> None:
        """Repeat each breach of processor time: it counts when it is found again, by the noise that is known then."""
        from benchmarks.costs import drive

        for place, measure in self._again.items():
            verdict = self.verdicts[place]
            self.noise.look_at_slowness()
            again = drive.judge(verdict.act, verdict.kind, measure(), verdict.budget, noise=self.noise)
            verdict.unless_found_again(again)
            self.noisy += not verdict.doubts

    def _drive_in_a_growing_world(self, acts: Sequence[Act]) -> None:
        """Measure what each page and search costs when there is more and more of everything, at each size, then judge
        it.
        """
        from benchmarks.costs import drive, situation

        before = 0
        measured: dict[str, list[Cost]] = {}
        for size in GROWN:
            situation.grow(self.cast, size - before)
            before = size
            for number, act in enumerate(acts):
                if number % LOOK_EVERY == 0:
                    self.noise.look_at_slowness()
                cost = drive.steadily(act.path, act.method, act.key, _alone(act), noise=self.noise)
                if size == GROWN[-1]:
                    cost.kib = drive.peak_kib(act.path, act.method, act.key, _alone(act))
                # The three worlds are minutes apart. A machine that is slower in the last one has not grown.
                measured.setdefault(act.label, []).append(replace(cost, ms=cost.ms / self.noise.slowness))
        still = replace(self.noise, slowness=1.0)
        for act in acts:
            first, second, third = measured[act.label]
            verdict = drive.judge(act.label, "a growing world", (first, second, third), act.budget, noise=still)
            if verdict.doubts:
                verdict.unless_found_again(self._in_the_largest_world(act, (first, second, third), still))
                self.again_in_world += 1
            self.verdicts.append(verdict)

    def _in_the_largest_world(self, act: Act, costs: "Three", still: Noise) -> "Verdict":
        """Return the verdict of an act that is in doubt with its last cost measured once more: nothing shrinks a world
        again, so the first two stay as they are.
        """
        from benchmarks.costs import drive

        self.noise.look_at_slowness()
        again = drive.steadily(act.path, act.method, act.key, _alone(act), noise=self.noise)
        first, second, third = costs
        least = replace(third, ms=min(third.ms, again.ms / self.noise.slowness))
        return drive.judge(act.label, "a growing world", (first, second, least), act.budget, noise=still)


def _alone(act: Act) -> Request:
    """Return what is sent in a growing world: the word of a search, and nothing to a page."""
    return Request(form=inputs.RIGHT[act.name]) if act.method == "POST" else Request()


def _breaches(broken: Sequence["Verdict"]) -> str:
    """Return a line for each breach of an act, with the kinds of input that show it."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for one in broken:
        for breach in one.breaches:
            kinds.setdefault((one.act, breach), []).append(one.kind)
    lines = []
    for (act, breach), shown in kinds.items():
        others = f" and {len(shown) - 1} others" if len(shown) > 1 else ""
        lines.append(f"BREACH {act} [{shown[0]}{others}]: {breach}\n")
    return "".join(lines)


def _worst(verdicts: Sequence["Verdict"]) -> list["Verdict"]:
    """Return, for each act, the kind of input that costs most, and each that crosses a bound."""
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
            one.act, one.kind, *("–" if cost.is_between else f"{cost.ms:.1f}" for cost in one.costs),
            f"{drive.ratio(one.costs):.2f}",
            str(last.statements), str(last.rows), str(last.kib or "–"), str(last.answer_bytes),
            f"{last.stored.rows} + {last.stored.changed}", str(-(-last.stored.size // 1024)), str(last.stored.keys),
            f"{one.budget.ms:.0f}",
        ]  # fmt: skip
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
