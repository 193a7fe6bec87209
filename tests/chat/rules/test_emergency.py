"""Which sentences give a telephone number to the person, whoever wrote them."""

import pytest

from chat.rules.emergency import CHECKLISTS, Situation, Step, sentences_giving
from triage import numbers

POLICE = (numbers.POLICE, numbers.EUROPEAN_EMERGENCY)


@pytest.mark.parametrize(
    "sentence",
    [
        "En cas de danger, appelez le 17 ou le 112.",
        "Si tu ne peux pas attendre, appelle le 112.",
        "In danger, call 17 or 112.",
        "112 answers day and night.",
        "Le 17 : c'est gratuit.",
        "N'hésitez pas à appeler le 17.",
        "Tu n’es pas seul : appelle le 112.",
        "If you cannot wait, call 17.",
        "Appelle le 17, si tu ne peux pas attendre.",
    ],
)
def test_sentence_that_gives_the_number(sentence):
    assert sentences_giving(POLICE, [f"Bonjour. {sentence} Je reste là."]) == [sentence]


@pytest.mark.parametrize(
    "sentence",
    [
        "Appelez le 114 par SMS.",
        "Le 17 22 33 44 55 est le numéro de l'unité.",
        "Ouvert de 9 h à 17 h, et le 17 h 30.",
        "L'accueil est au 17 rue de la Paix, ou au 112 bis.",
        "Le commissariat, 17, avenue Foch.",
        "Le 3117 n'existe pas, le 1712 non plus.",
        "Ouvert le lundi et 17:30 le mardi.",
        "N'appelez pas le 17 s'il vous entend : écrivez au 114.",
        "N’appelle surtout pas, s’il t’entend, le 17.",
        "Appelle pas le 17 maintenant.",
        "Do not call 17 if they can hear you, text 114.",
        "Il est inutile d'appeler le 17.",
        "Si vous ne pouvez pas appeler le 17, écrivez au 114.",
        "As-tu appelé le 17 ?",
        "Quand vous aurez appelé le 17, dites-le-moi.",
        "Le 112 est fermé la nuit.",
        "Appelez-nous, rendez-vous le 17 novembre à 9 h.",
        "Rendez-vous le 17.",
        "Appelez-nous le 17e jour, ou le 17/11.",
        "Appelez entre 14 h et 17h30.",
        "Appelez-nous si vous avez 15 ou 17 ans.",
        "Call us between 9 am and 17 November.",
    ],
)
def test_other_figures_give_nothing(sentence):
    assert sentences_giving(POLICE, [sentence]) == []


def test_one_sentence_may_do_two_steps():
    both = "En danger, appelez le 17 ; par SMS, le 114."
    steps = [line.step for line in CHECKLISTS[Situation.DANGER] if sentences_giving(line.numbers, [both])]
    assert steps == [Step.CALLED, Step.BY_TEXT]
