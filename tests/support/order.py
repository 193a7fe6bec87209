"""Which files first, when workers share them: the long ones, so that none is begun when everything else is over.

Those of the browser come before all others: a worker that leaves their folder closes its Chromium, and would start
another one to come back.

Only the end of a run depends on it, nothing that is proved. A file that is not here comes after them.
"""

import pytest

# Seconds, roughly, with four workers on two processors (`--durations`). What waits by the clock comes first.
SECONDS = {
    "tests/browser/test_presence.py": 200,
    "tests/browser/test_console.py": 90,
    "tests/browser/test_accounts.py": 65,
    "tests/browser/test_handover.py": 48,
    "tests/browser/test_chat.py": 45,
    "tests/browser/test_orientation.py": 40,
    "tests/browser/test_resume.py": 38,
    "tests/browser/test_opening.py": 35,
    "tests/access/test_routes.py": 35,
    "tests/browser/test_questionnaire.py": 33,
    "tests/browser/test_policies.py": 30,
    "tests/attacks/test_pages.py": 30,
    "tests/browser/test_console_keys.py": 25,
    "tests/browser/test_console_acts.py": 24,
    "tests/browser/test_line.py": 23,
    "tests/browser/test_voice.py": 20,
    "tests/triage/test_rules.py": 20,
    "tests/attacks/test_transport.py": 20,
    "tests/scenarios/test_faults.py": 19,
    "tests/browser/test_accessibility.py": 17,
    "tests/browser/test_failures.py": 17,
    "tests/browser/test_places.py": 17,
    "tests/scenarios/test_marked_words.py": 17,
    "tests/browser/test_journey.py": 16,
    "tests/browser/test_sentences.py": 16,
    "tests/faults/test_run.py": 16,
    "tests/scenarios/test_inside.py": 14,
    "tests/browser/test_ways_out.py": 13,
    "tests/demo/test_run.py": 13,
    "tests/browser/test_transmission.py": 12,
    "tests/browser/test_console_line.py": 11,
    "tests/reports/test_proof_of_work.py": 12,
}


def long_files_first(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> tuple[bool, int]:
        file = item.nodeid.partition("::")[0]
        return not file.startswith("tests/browser/"), -SECONDS.get(file, 0)

    items.sort(key=place)
