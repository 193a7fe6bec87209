"""Describes a base backup, and decides which objects of a store are kept. Pure."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

FORMAT = "pnav-base-1"
NAMED = "%Y%m%dT%H%M%SZ"
_SEGMENT = re.compile(r"([0-9A-F]{8})([0-9A-F]{16})(?:\.partial-(\d{13}))?")
# A base backup that began this long ago and has no manifest was interrupted. Its parts are of no use.
UNFINISHED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Manifest:
    """It is one complete base backup.

    id: when it began, as in the name of its folder. started_at, ended_at: by the server's clock; only a point in time
    after the end can be restored from it. system: identifier of the cluster; timeline, start_segment: the first WAL
    that it needs. sizes: those of its parts before encryption. counts: rows by table; head: « number:digest » of the
    audit log; proof_day: the last closed day of the proof of date with its digest. These are as they were at the start;
    the server of the keys has only counts.
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
class Due:
    """It is what has to be deleted. is_last_too_old: the newest base backup is older than its age, and stays all the
    same.
    """

    bases: list[str]
    wal: list[str]
    is_last_too_old: bool = False


def find_due(manifests: Mapping[str, Manifest | None], wal: Sequence[str], *, now: datetime, days: int) -> Due:
    """Return old base backups, those that were interrupted, and the WAL that no remaining base backup needs.

    manifests: by folder; None where there is no manifest. The newest complete backup is never deleted, because nothing
    could be restored then: `is_last_too_old` says that the age told to people is exceeded. Parts of segments are
    deleted once the segment, or a newer part of it, is there. Histories of timelines stay, which are some bytes each.
    """
    whole = [one for one in manifests.values() if one is not None]
    newest = choose_base(whole, None)
    border = now - timedelta(days=days)
    gone = [folder for folder, one in manifests.items() if one is not None and one.ended_at < border]
    is_last_too_old = newest is not None and newest.id in gone
    if is_last_too_old and newest is not None:
        gone.remove(newest.id)
    for folder, one in manifests.items():
        at = begun_at(folder)
        if one is None and at is not None and at < now - UNFINISHED:
            gone.append(folder)
    kept = [one for one in whole if one.id not in gone]
    first = min((one.start_segment[8:] for one in kept), default=None)
    newest_part: dict[str, str] = {}
    for name in wal:
        if is_partial(name):
            newest_part[complete_name(name)] = max(name, newest_part.get(complete_name(name), ""))
    there = set(wal)
    gone_wal = []
    for name in wal:
        place = segment_place(name)
        if place is None:
            continue
        is_needed = first is None or place >= first
        is_replaced = is_partial(name) and (complete_name(name) in there or newest_part[complete_name(name)] != name)
        if not is_needed or is_replaced:
            gone_wal.append(name)
    return Due(sorted(gone), gone_wal, is_last_too_old)
