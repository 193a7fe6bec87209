"""Describes a base backup, and decides which objects of a store are kept. Pure."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

FORMAT = "pnav-base-1"
CONTENT, KEYS = "content", "keys"  # the names of the two servers, each backed up by itself
NAMED = "%Y%m%dT%H%M%SZ"
_SEGMENT = re.compile(r"([0-9A-F]{8})([0-9A-F]{16})(?:\.partial-(\d{13}))?")
# A base backup that began this long ago and has no manifest was interrupted. Its parts are of no use.
UNFINISHED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Manifest:
    """It is one complete base backup.

    id: when it began, as in the name of its folder. name: whose it is, CONTENT or KEYS. started_at, ended_at: by the
    server's clock; only a point in time after the end can be restored from it. system: identifier of the cluster;
    timeline, start_segment: the first WAL that it needs. sizes: those of its parts before encryption. counts: rows by
    table; head: « number:digest » of the audit log; proof_day: the last closed day of the proof of date with its
    digest. These are as they were at the start; the server of the keys has only counts.
    """

    id: str
    name: str
    release: str
    server_version: str
    system: str
    timeline: str
    start_segment: str
    started_at: datetime
    ended_at: datetime
    sizes: list[int]
    counts: dict[str, int] = field(default_factory=dict)
    head: str = ""
    proof_day: str = ""

    @property
    def size(self) -> int:
        """Return how many bytes the base has before encryption, which is what a restore writes."""
        return sum(self.sizes)

    def as_json(self) -> str:
        """Return the manifest as the text that is encrypted and stored."""
        values = {"format": FORMAT} | asdict(self)
        values["started_at"], values["ended_at"] = self.started_at.isoformat(), self.ended_at.isoformat()
        return json.dumps(values, indent=1, sort_keys=True)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a manifest. Raises ValueError for anything else."""
        try:
            values: dict[str, Any] = json.loads(text)
            if values.pop("format") != FORMAT:
                raise ValueError("another format")
            for name in ("started_at", "ended_at"):
                values[name] = datetime.fromisoformat(values[name])
            return cls(**values)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("not a manifest") from error


def told_bytes(count: int) -> str:
    """Return a number of bytes in French, in Mo or, from a thousand on, in Go."""
    size, unit = (count / 1e9, "Go") if count >= 1e9 else (count / 1e6, "Mo")
    return f"{size:.1f} {unit}".replace(".", ",")


def folder_name(at: datetime) -> str:
    """Return the name of the folder of a base backup that began at this instant, in UTC."""
    return at.astimezone(UTC).strftime(NAMED)


def begun_at(folder: str) -> datetime | None:
    """Return when the base backup in this folder began; None for a folder of another name."""
    try:
        return datetime.strptime(folder, NAMED).replace(tzinfo=UTC)
    except ValueError:
        return None


def choose_base(manifests: Collection[Manifest], at: datetime | None) -> Manifest | None:
    """Return the newest base backup that ended before `at`, or the newest at all. None when there is none."""
    fit = [one for one in manifests if at is None or one.ended_at <= at]
    return max(fit, key=lambda one: one.ended_at, default=None)


def segment_place(name: str) -> str | None:
    """Return the position of this file in the WAL, whatever its timeline, for comparison.

    None for what is no segment.
    """
    found = _SEGMENT.fullmatch(name)
    return found[2] if found else None


def is_partial(name: str) -> bool:
    """Return whether an object is a part of a segment that was not complete yet."""
    return ".partial-" in name


def complete_name(name: str) -> str:
    """Return the name of the segment of which this is a part, or which it is."""
    return name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Bases:
    """These are the base backups of a store.

    whole: the manifests, by folder. unfinished: folders without a manifest, of backups that are being taken or were
    interrupted. closed: folders with a manifest that cannot be read, because it was sealed with a key that is not given
    or comes from a newer version. Such a backup may be as good as any other.
    """

    whole: Mapping[str, Manifest]
    unfinished: Collection[str] = ()
    closed: Collection[str] = ()

    def told(self, of_whole: Callable[[Manifest], str]) -> list[tuple[str, str]]:
        """Return each folder in order, with what is said of it in French. of_whole: what to say of a complete one."""
        said = {folder: of_whole(one) for folder, one in self.whole.items()}
        said |= dict.fromkeys(self.unfinished, "inachevée")
        said |= dict.fromkeys(self.closed, "ne s'ouvre pas avec ces clés, ou vient d'une version plus récente")
        return sorted(said.items())


@dataclass(frozen=True, slots=True)
class Due:
    """It is what has to be deleted.

    replaced: parts of segments, by name, with the object that holds more of the same segment. Each can be deleted if
    that object opens. is_last_too_old: the newest base backup is older than its age, and stays all the same.
    """

    bases: list[str]
    wal: list[str]
    replaced: dict[str, str] = field(default_factory=dict)
    is_last_too_old: bool = False


def find_due(bases: Bases, wal: Sequence[str], *, now: datetime, days: int, being_taken: Collection[str] = ()) -> Due:
    """Return old base backups, those that were interrupted, and the WAL that no remaining base backup needs.

    now: the server's time, as in the names and the manifests. being_taken: the folders of base backups that are being
    taken, however long ago they began.
    The newest complete backup is never deleted, because nothing could be restored then: `is_last_too_old` says that the
    age told to people is exceeded. One that is closed goes by the age that its name tells, if a newer one is complete.
    Until then the WAL from before the oldest complete one stays, because where a closed one begins is not known.
    Histories of timelines stay, which are some bytes each.
    """
    newest = choose_base(bases.whole.values(), None)
    border = now - timedelta(days=days)
    gone = [folder for folder, one in bases.whole.items() if one.ended_at < border]
    is_last_too_old = newest is not None and newest.id in gone
    if is_last_too_old and newest is not None:
        gone.remove(newest.id)
    interrupted = [folder for folder in bases.unfinished if folder not in being_taken]
    gone += [folder for folder in interrupted if _begun_before(folder, now - UNFINISHED)]
    if newest is not None:
        # It had ended a day after it began.
        gone += [one for one in bases.closed if _begun_before(one, min(border - UNFINISHED, newest.started_at))]
    kept = [one for one in bases.whole.values() if one.id not in gone]
    first = min((one.start_segment[8:] for one in kept), default=None)
    oldest = min((one.started_at for one in kept), default=now)
    if any(one not in gone and _begun_before(one, oldest) for one in bases.closed):
        first = None
    newest_part: dict[str, str] = {}
    for name in wal:
        if is_partial(name):
            newest_part[complete_name(name)] = max(name, newest_part.get(complete_name(name), ""))
    there = set(wal)
    gone_wal, replaced = [], {}
    for name in wal:
        place = segment_place(name)
        if place is None:
            continue
        segment = complete_name(name)
        if first is not None and place < first:
            gone_wal.append(name)
        elif is_partial(name) and (by := segment if segment in there else newest_part[segment]) != name:
            replaced[name] = by
    return Due(sorted(gone), gone_wal, replaced, is_last_too_old)


def _begun_before(folder: str, at: datetime) -> bool:
    begun = begun_at(folder)
    return begun is not None and begun < at
