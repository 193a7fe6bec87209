"""What the pages of the orientation say around the questions and the results."""

from django.utils.translation import gettext_lazy as _

from sentences.catalogue import Place, add

QUESTIONS = Place("triage.questions", "Orientation : la première page")
RESULT = Place("triage.result", "Orientation : la page du résultat")

add(
    "triage.questions_told",
    QUESTIONS,
    _("Quelques questions, une par page : nous vous dirons qui peut vous aider."),
    _("Réponds à quelques questions, une par page : on te dira qui peut t’aider."),
)
add(
    "triage.answers_forgotten",
    QUESTIONS,
    _("Vos réponses s’effacent avec votre visite. Aucun nom n’est demandé."),
    _("Tes réponses s’effacent avec ta visite. Aucun nom n’est demandé."),
)
add("triage.why_title", RESULT, _("Pourquoi"))
add(
    "triage.leaves_site",
    RESULT,
    _("Ce lien quitte notre site et ouvre 17cyber.gouv.fr. Vous pourrez revenir avec le bouton Retour."),
    _("Ce lien quitte notre site et ouvre 17cyber.gouv.fr. Tu pourras revenir avec le bouton Retour."),
)
add("triage.service_title", RESULT, _("Ce que fait ce service"))
add("triage.prepare_title", RESULT, _("À préparer"))
add("triage.other_way_title", RESULT, _("Vous ne vous reconnaissez pas ?"), _("Tu ne te reconnais pas ?"))
add(
    "triage.danger_past",
    RESULT,
    _("Si le danger est passé, le tchat reste ouvert. Il ne remplace pas le {numero_police}."),
)
