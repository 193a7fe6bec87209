"""The judge of files that were sent through the faults: reads a journal and counts what is broken. Pure.

| e | fields | meaning |
| --- | --- | --- |
| file | c, id, size, b | somebody chose this file; `b` is the SHA-256 of all of it |
| slice | c, id, received | the server said that so many of its bytes are kept |
| file_refused | c, id, status | the server said that it takes it no more |
| file_kept | c, id, received, is_whole, b | the database has this row; `b`: of what opens in the store, "" if nothing |

Chunks without a row are no fault: a process that is killed between the two leaves one, and the sweep takes it.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from benchmarks.faults.checker import Verdict

Event = dict[str, Any]
FILES = "files"  # any promise about a file that was broken


def judge(events: Iterable[Event], verdict: Verdict) -> int:
    """Add what is broken to the verdict, and return how many files arrived whole and correct."""
    sent: dict[str, Event] = {}
    furthest: dict[str, int] = defaultdict(int)
    refused: set[str] = set()
    rows: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        match event["e"]:
            case "file":
                sent[event["id"]] = event
            case "slice":
                name = _name(event)
                if event["id"] not in sent or event["received"] > sent[event["id"]]["size"]:
                    verdict.find(FILES, f"{name}: acknowledged what nobody sent")
                if event["received"] < furthest[event["id"]]:
                    verdict.find(FILES, f"{name}: went back from {furthest[event['id']]} to {event['received']}")
                furthest[event["id"]] = max(furthest[event["id"]], event["received"])
            case "file_refused":
                refused.add(event["id"])
                verdict.find(FILES, f"{_name(event)}: refused with {event['status']}")
            case "file_kept":
                rows[event["id"]].append(event)
    right = 0
    for key, file in sent.items():
        found, name = rows.pop(key, []), _name(file)
        if key in refused:
            continue
        if furthest[key] < file["size"]:
            verdict.find(FILES, f"{name}: {furthest[key]} of {file['size']} bytes, long after everything was repaired")
        elif len(found) != 1:
            verdict.find(FILES, f"{name}: acknowledged whole, and is there {len(found)} times")
        elif not found[0]["is_whole"] or found[0]["received"] != file["size"] or found[0]["c"] != file["c"]:
            verdict.find(FILES, f"{name}: acknowledged whole, and is not")
        elif found[0]["b"] != file["b"]:
            verdict.find(FILES, f"{name}: is not what was sent")
        else:
            right += 1
    for row in (row for left in rows.values() for row in left):
        verdict.find(FILES, f"{_name(row)}: kept, and nobody sent it")
    return right


def _name(event: Event) -> str:
    return f"file {event['id'][:8]} of {event['c'][:8]}"
