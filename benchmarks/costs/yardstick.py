"""How slow this machine is now, by work that is not ours.

The bounds of processor time are milliseconds of one machine. The same code, on a virtual machine of the same kind, took
a quarter longer eight hours later (benchmark of 30 November 2026, 04:54 and 14:13: 504 of 650 acts, 1.25 times in the
middle, alike for cheap and for dear ones). So a run also measures a fixed piece of work of the standard library, which
does what an act of the site does most, and multiplies the bounds by how much longer it takes than on the machine for
which they were set. On a faster machine the bounds stay as they are.
"""

import gzip
import html
import json
import re
import time
from urllib.parse import parse_qsl, urlencode

# Milliseconds of processor that the work takes on the machine for which the bounds were set. It was inferred: on 30
# November 2026, at 16:05, 31 acts of visitors' pages took 1.27 times (in the middle) what they had taken at 04:54, when
# two acts of 650 crossed their bounds. The work took 2.39 to 2.56 ms then, as the middle of its tries, and the least of
# them is 0.95 times the middle (25 measurements at 16:31).
REFERENCE_MS = 1.84
TRIES = 9  # of one measurement; the least counts, as it does for an act that is in doubt

_FIELDS = [(f"field-{number}", f"« Il m'écrit chaque soir, {number} fois. »" * 3) for number in range(120)]
_WORDS = re.compile(r"\w+|[^\w\s]")


def work() -> int:
    """Read a form, split it into words, draw it as HTML, write it as JSON, and compress it; return a length."""
    fields = parse_qsl(urlencode(_FIELDS))
    words = [word for _name, value in fields for word in _WORDS.findall(value)]
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + len(word)
    page = "".join(f"<p id={name}>{html.escape(value)}</p>" for name, value in fields)
    kept = json.loads(json.dumps({"fields": fields, "counts": counts}))
    return len(gzip.compress(page.encode(), 6)) + len(kept["fields"]) + sum(sorted(counts.values()))


def measure() -> float:
    """Return the milliseconds of processor that the work takes now: the least of TRIES, which take some 25 ms.

    The middle of them doubled once in a run of fourteen minutes, and with it the bounds of the acts that followed.
    """
    found = []
    for _try in range(TRIES):
        before = time.thread_time()
        work()
        found.append((time.thread_time() - before) * 1000)
    return min(found)


def slowness(ms: float) -> float:
    """Return by how much the bounds are multiplied on a machine on which the work takes `ms`; 1 at least."""
    return max(1.0, ms / REFERENCE_MS)
