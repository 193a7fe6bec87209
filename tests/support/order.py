"""Says which file of tests a worker is given next, where workers share them.

- Files that wait for most of their time come first (`WAITING`). Beside others that wait they would leave the processors
  idle.
- Files of the browser come next. A worker that leaves their folder closes its Chromium, and would start another one to
  come back.
- The others are last. The fourth worker begins with these, so that one always computes while those of the browser wait
  for pages.
- Where there are more than four, the fifth and the sixth begin with the files that wait, those of the browser among
  them (`WAITS_IN_BROWSER`), and the first three with the other files of the browser. So no two or three of those that
  drive a browser wait for minutes together while a single worker computes.

Within each of these, long files come first, so that none begins when the others are over. Only how long a run takes
depends on this, and nothing that is proved. A file that is not listed here comes after the others of its kind.
"""

from collections.abc import Iterable

import pytest

BROWSER = "tests/browser/"
# They wait for minutes that are silent, for leases that end, and for memory that is given back. Where npm has nothing
# yet, and a registry that it does not trust, the last one gives up after minutes.
WAITING = ("tests/scenarios/test_faults.py", "tests/scenarios/test_siege.py", "tests/js/test_scripts.py")
# Files of the browser that do so: for leases, for questions after a silence, and for answers that are late on purpose.
WAITS_IN_BROWSER = tuple(
    f"{BROWSER}test_{name}.py"
    for name in (
        "presence", "handover", "console_choices", "idle", "own_copy", "console_faults", "facts", "captures",
    )
)  # fmt: skip

# Seconds by the clock, with four workers on two processors (`.local/seconds.txt`), on a slow machine on 1 December: the
# files that took 40 or more.
SECONDS = {
    "tests/browser/test_console_ended.py": 292,
    "tests/browser/test_idle.py": 246,
    "tests/browser/test_handover.py": 238,
    "tests/browser/test_console_choices.py": 218,
    "tests/browser/test_console_faults.py": 184,
    "tests/browser/test_presence.py": 154,
    "tests/browser/test_answers.py": 152,
    "tests/browser/test_console_aim.py": 139,
    "tests/js/test_scripts.py": 113,
    "tests/browser/test_accounts.py": 110,
    "tests/browser/test_console_night.py": 92,
    "tests/browser/test_console.py": 87,
    "tests/browser/test_own_copy.py": 85,
    "tests/access/test_routes.py": 84,
    "tests/browser/test_two_screens.py": 77,
    "tests/costs/test_run.py": 74,
    "tests/scenarios/test_faults.py": 74,
    "tests/browser/test_ways_out.py": 73,
    "tests/browser/test_waiting_room.py": 71,
    "tests/attacks/test_pages.py": 64,
    "tests/browser/test_console_acts.py": 64,
    "tests/browser/test_facts.py": 63,
    "tests/browser/test_resume.py": 63,
    "tests/accounts/test_reviewed.py": 62,
    "tests/browser/test_languages.py": 61,
    "tests/browser/test_refusals.py": 61,
    "tests/demo/test_run.py": 61,
    "tests/scenarios/test_marked_words.py": 60,
    "tests/browser/test_chat.py": 56,
    "tests/common/offload/test_drawing.py": 54,
    "tests/browser/test_console_late.py": 52,
    "tests/costs/test_drive.py": 52,
    "tests/faults/test_run.py": 51,
    "tests/browser/test_journeys.py": 50,
    "tests/access/test_database_ends.py": 49,
    "tests/browser/test_captures.py": 49,
    "tests/scenarios/test_siege.py": 47,
    "tests/chat/conversations/test_dispatcher_properties.py": 46,
    "tests/chat/realtime/test_consumers.py": 46,
    "tests/browser/test_opening.py": 44,
    "tests/browser/test_told.py": 44,
    "tests/scenarios/test_inside.py": 43,
    "tests/browser/test_accessibility.py": 42,
    "tests/browser/test_voice.py": 42,
    "tests/chat/personal_copy/test_page.py": 42,
    "tests/chat/referral/test_referral_pages.py": 42,
    "tests/triage/test_admin.py": 42,
    "tests/browser/test_console_keys.py": 41,
    "tests/browser/test_text_size.py": 41,
    "tests/chat/conversations/test_dispatcher.py": 41,
    "tests/browser/test_announcing.py": 40,
    "tests/browser/test_console_drafts.py": 40,
}


def _is_last(file: str) -> bool:
    """Return whether it neither waits for most of its time nor drives a browser."""
    return not file.startswith(BROWSER) and file not in WAITING


def long_files_first(items: list[pytest.Item]) -> None:
    """Sort tests in the order in which their files are given out."""

    def place(item: pytest.Item) -> tuple[bool, bool, int]:
        file = item.nodeid.partition("::")[0]
        return _is_last(file), file not in WAITING, -SECONDS.get(file, 0)

    items.sort(key=place)


def _waits(file: str) -> bool:
    return file in WAITING or file in WAITS_IN_BROWSER


def _drives_a_browser_all_along(file: str) -> bool:
    return file.startswith(BROWSER) and not _waits(file)


def next_file(files: Iterable[str], number: int, count: int) -> int:
    """Return which of these files, in their order, is given to the worker of this number, from 0, of so many.

    It is the first one of the worker's own kind, or when none of that is left, the first of all.
    """
    if number == 3:
        is_wanted = _is_last
    elif count <= 4:
        return 0
    elif number in {4, 5}:
        is_wanted = _waits
    else:
        is_wanted = _drives_a_browser_all_along
    return next((place for place, file in enumerate(files) if is_wanted(file)), 0)
