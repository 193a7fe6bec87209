"""Which files first, when workers share them: the long ones, so that none is begun when everything else is over.

Those of the browser come before all others: a worker that leaves their folder closes its Chromium, and would start
another one to come back.

Only the end of a run depends on it, nothing that is proved. A file that is not here comes after them.
"""

import pytest

# Seconds, roughly, on two processors with nothing else to do (`--durations`).
SECONDS = {
    "tests/browser/test_console.py": 150,
    "tests/browser/test_line.py": 70,
    "tests/browser/test_chat.py": 60,
    "tests/browser/test_accessibility.py": 60,
    "tests/browser/test_resume.py": 50,
    "tests/browser/test_failures.py": 45,
    "tests/browser/test_accounts.py": 45,
    "tests/browser/test_console_acts.py": 40,
    "tests/browser/test_opening.py": 35,
    "tests/access/test_routes.py": 35,
    "tests/attacks/test_pages.py": 30,
    "tests/browser/test_places.py": 30,
    "tests/browser/test_orientation.py": 30,
    "tests/test_settings.py": 25,
    "tests/browser/test_policies.py": 25,
    "tests/browser/test_quick_exit.py": 25,
    "tests/browser/test_journey.py": 25,
    "tests/triage/test_rules.py": 20,
    "tests/browser/test_keeping.py": 20,
    "tests/browser/test_display.py": 20,
    "tests/browser/test_weight.py": 20,
    "tests/attacks/test_transport.py": 20,
    "tests/scenarios/test_faults.py": 19,
    "tests/scenarios/test_marked_words.py": 17,
    "tests/test_headers.py": 17,
    "tests/faults/test_run.py": 16,
    "tests/scenarios/test_inside.py": 14,
    "tests/demo/test_run.py": 13,
    "tests/reports/test_effort.py": 12,
}


def long_files_first(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> tuple[bool, int]:
        file = item.nodeid.partition("::")[0]
        return not file.startswith("tests/browser/"), -SECONDS.get(file, 0)

    items.sort(key=place)
