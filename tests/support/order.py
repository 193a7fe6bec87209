"""Says which files of tests come first when workers share them: the long ones, so that none begins when the others are
over.

Those of the browser come before all others, because a worker that leaves their folder closes its Chromium, and would
start another one to come back.

Only the end of a run depends on this, and nothing that is proved. A file that is not listed here comes after the
others.
"""

import pytest

# Seconds, roughly, with four workers on two processors (`.local/seconds.txt`). Tests that wait for the clock or the
# network come first: where npm has nothing yet, and a registry that it does not trust, it gives up after minutes.
SECONDS = {
    "tests/browser/test_presence.py": 200,
    "tests/browser/test_console.py": 90,
    "tests/access/test_routes.py": 90,
    "tests/js/test_scripts.py": 88,
    "tests/faults/test_run.py": 86,
    "tests/scenarios/test_faults.py": 80,
    "tests/browser/test_accounts.py": 60,
    "tests/browser/test_languages.py": 60,
    "tests/scenarios/test_fair_pages.py": 60,
    "tests/browser/test_handover.py": 48,
    "tests/browser/test_chat.py": 45,
    "tests/browser/test_journeys.py": 45,
    "tests/attacks/test_pages.py": 45,
    "tests/browser/test_resume.py": 38,
    "tests/browser/test_opening.py": 32,
    "tests/browser/test_orientation.py": 30,
    "tests/browser/test_waiting_room.py": 30,
    "tests/scenarios/test_inside.py": 30,
    "tests/scenarios/test_siege.py": 30,
    "tests/scenarios/test_marked_words.py": 28,
    "tests/browser/test_console_keys.py": 25,
    "tests/browser/test_console_acts.py": 24,
    "tests/browser/test_line.py": 23,
    "tests/demo/test_run.py": 24,
    "tests/costs/test_drive.py": 23,
    "tests/browser/test_questionnaire.py": 22,
    "tests/common/texts/test_admin.py": 22,
    "tests/attacks/test_transport.py": 22,
    "tests/browser/test_policies.py": 20,
    "tests/browser/test_voice.py": 20,
    "tests/browser/test_journey.py": 20,
    "tests/test_patterns.py": 20,
    "tests/accounts/test_lookups.py": 20,
    "tests/triage/test_admin.py": 20,
    "tests/test_settings.py": 20,
    "tests/locations/test_lookup.py": 20,
    "tests/browser/test_ways_out.py": 18,
    "tests/test_process_role.py": 18,
    "tests/scenarios/test_roles.py": 18,
    "tests/browser/test_accessibility.py": 17,
    "tests/browser/test_failures.py": 17,
    "tests/browser/test_transmission.py": 17,
    "tests/costs/test_run.py": 17,
    "tests/access/test_on_call.py": 17,
    "tests/reports/audit/test_owner.py": 16,
    "tests/browser/test_places.py": 15,
    "tests/chat/conversations/test_dispatcher_properties.py": 15,
    "tests/access/test_admin_actions.py": 15,
    "tests/chat/casework/test_notes.py": 15,
    "tests/attacks/test_unread.py": 14,
    "tests/browser/test_sentences.py": 13,
    "tests/browser/test_keeping.py": 12,
    "tests/triage/test_document.py": 12,
    "tests/test_addresses.py": 12,
    "tests/pages/test_build_styles.py": 12,
    "tests/pages/test_modules.py": 12,
    "tests/reports/test_proof_of_work.py": 12,
    "tests/browser/test_console_line.py": 11,
    "tests/scenarios/test_key_rotation.py": 11,
}


def long_files_first(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> tuple[bool, int]:
        file = item.nodeid.partition("::")[0]
        return not file.startswith("tests/browser/"), -SECONDS.get(file, 0)

    items.sort(key=place)
