"""The order of the questions on every path: before, after, the number of each, and what comes later. The functions are
pure.
"""

from tests.triage.paths import ADULT, all_paths
from triage import rules
from triage.questionnaire import past
from triage.questionnaire.questions import BY_ID, DOOR, SAFETY


def test_each_question_of_each_path_has_its_number_and_its_neighbours() -> None:
    for path in all_paths():
        kept = rules.on_path(path)
        questions = [BY_ID[name] for name in kept]
        for number, question in enumerate(questions, start=1):
            assert rules.question_position(question, path) == number
            assert rules.question_before(question, path) is (questions[number - 2] if number > 1 else None)
            # Nobody is asked again what they said on the home page.
            after = next((one for one in questions[number:] if one.id != DOOR), None)
            assert rules.question_after(question, path) is after
        assert rules.last_question(path) is questions[-1]


def test_question_that_waits_is_the_last_on_its_path_so_far() -> None:
    for path in all_paths():
        kept = rules.on_path(path)
        last = BY_ID[list(kept)[-1]]
        if last.id in (SAFETY, DOOR):
            continue
        so_far = {name: value for name, value in kept.items() if name != last.id}
        assert rules.next_question(so_far) is last
        assert rules.question_position(last, so_far) == len(kept)
        assert rules.question_after(BY_ID[list(so_far)[-1]], so_far) is last
        assert rules.question_after(last, so_far) is None


def test_question_that_the_path_does_not_show_leads_to_the_one_that_waits() -> None:
    assert rules.question_after(BY_ID["scam"], ADULT) is BY_ID["facts"]
    assert rules.question_position(BY_ID["scam"], ADULT) is None


def test_minor_who_saw_what_an_adult_suffers_is_a_minor_and_speaks_of_somebody_else() -> None:
    """The questionnaire before asked it so: who helps says their own age too."""
    first = past.find("2026-08-1")
    assert first is not None
    seen = {"danger": "no", "screen": "no", "role": "witness", "age": "15_17", "facts": "harassment"}
    seen |= {"repetition": "repeated", "victim_age": "adult"}
    kept = rules.on_path(seen, under=first)
    voice = rules.choose_voice(kept, under=first)
    assert voice.familiar and voice.about_other
    assert rules.victim_age_band(kept, under=first) == "adult"
    assert rules.assess_answers(seen, under=first).is_minor
    assert not rules.choose_voice({**seen, "role": "victim"}, under=first).about_other
