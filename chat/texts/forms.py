"""These are the errors that stand beside a field or above a form of the visitor, and words that the code puts
together."""

from django.utils.translation import gettext_lazy as _

from chat.rules.transfer import SUMMARY_MAX
from chat.texts.follow_up import FOLLOW_UP, SLIP
from chat.texts.pages import EXCHANGE, RESUME
from chat.texts.retention import KEEPING
from chat.texts.thread import CODE, PROPOSALS
from chat.texts.transfer import SUMMARY
from common.texts.catalogue import Variable, add

CODE_REQUIRED = add("chat.code_required", RESUME, _("Écrire ici les cinq mots du code de reprise."))
CODE_COUNT = add(
    "chat.code_count",
    RESUME,
    _("Un code a cinq mots ; ici, il y en a {n}."),
    variables=[Variable("n", "le nombre de mots écrits", "4")],
)
CODE_NEAR = add(
    "chat.code_near",
    RESUME,
    _("« {typed} » n'est pas dans notre liste de mots. Peut-être « {nearest} » ?"),
    variables=[
        Variable("typed", "le mot écrit", "cirton"),
        Variable("nearest", "le mot de la liste qui lui ressemble", "citron"),
    ],
)
CODE_UNKNOWN = add(
    "chat.code_unknown",
    RESUME,
    _("« {typed} » n'est pas dans notre liste de mots. À vérifier sur le papier."),
    variables=[Variable("typed", "le mot écrit", "cirton")],
)
CODE_REFUSED = add(
    "chat.code_refused",
    RESUME,
    _(
        "Ces mots n'ouvrent aucun échange. Leur ordre compte. Un code ne fonctionne plus quand sa date "
        "est passée, quand il a été annulé ou remplacé, ou quand l'échange est terminé ou supprimé."
    ),
    max_length=600,
)
TRIES_MANY = add(
    "chat.tries_many", RESUME, _("Trop d'essais pour le moment. Un nouvel essai sera possible dans dix minutes.")
)
BUSY = add(
    "chat.busy",
    RESUME,
    _("Beaucoup de demandes arrivent en même temps. Un nouvel essai sera possible dans quelques secondes."),
)
CODES_MANY = add(
    "chat.codes_many", CODE, _("Plusieurs codes ont déjà été créés. Un autre sera possible dans dix minutes.")
)
CODE_NO_MORE = add("chat.code_no_more", CODE, _("L'échange est terminé : il n'y a plus de code de reprise."))
CODE_OTHER = add("chat.code_other", CODE, _("Un autre code vient d'être créé : seul le dernier fonctionne."))
SUMMARY_CHOOSE = add("handover.choose", SUMMARY, _("Choisir une réponse."))
SUMMARY_FROM_LIST = add("handover.from_list", SUMMARY, _("Choisir une réponse de la liste."))
SUMMARY_TOO_LONG = add(
    "handover.too_long",
    SUMMARY,
    _("Le texte est trop long : {limit_value} caractères au plus."),
    variables=[Variable("limit_value", "le nombre de caractères permis", str(SUMMARY_MAX))],
)
SUMMARY_EMPTY = add(
    "handover.empty", SUMMARY, _("Le texte corrigé est vide. Écrire quelques mots, ou refuser le résumé.")
)
SUMMARY_ANOTHER = add(
    "handover.another",
    SUMMARY,
    _("Ce résumé n'est plus celui qui a été lu : rien n'est transmis. Le lire, puis répondre de nouveau."),
)
OTHER_SERVICE_NAME = add("handover.other_service", SUMMARY, _("un autre service"))
SUMMARY_SENT = add("follow_up.summary_accepted", FOLLOW_UP, _("Résumé envoyé."))
SUMMARY_NOT_SENT = add("follow_up.summary_refused", FOLLOW_UP, _("Résumé non envoyé."))
MEETING_ACCEPTED = add("follow_up.meeting_accepted", FOLLOW_UP, _("Rendez-vous accepté"))
MEETING_REFUSED = add("follow_up.meeting_refused", FOLLOW_UP, _("Rendez-vous refusé"))
REMOVAL_NOTED = add("follow_up.removal_noted", FOLLOW_UP, _("Dates gardées. Seul le jour de la demande est noté."))
REMOVALS_MANY = add(
    "follow_up.removals_many",
    FOLLOW_UP,
    _("Trop de dates sont déjà gardées ici. Dire ce que sont devenus les contenus en libère."),
)
REMOVAL_GONE = add(
    "follow_up.removal_gone",
    FOLLOW_UP,
    _("Bonne nouvelle. Votre réponse est comptée avec celles de tout le monde, et cette date est oubliée."),
    _("Bonne nouvelle. Ta réponse est comptée avec celles de tout le monde, et cette date est oubliée."),
)
REMOVAL_GONE_SAME_DAY = add(
    "follow_up.removal_gone_same_day",
    FOLLOW_UP,
    _("Bonne nouvelle. Cette date est oubliée. Une réponse donnée le jour même n'est pas comptée."),
)
REMOVAL_STILL_THERE = add(
    "follow_up.removal_still_there",
    FOLLOW_UP,
    _(
        "Vous pouvez contester auprès du site, demander à un signaleur de confiance, ou vous adresser à "
        "la CNIL après un mois sans réponse : la page du retrait dit comment."
    ),
    _(
        "Tu peux contester auprès du site, demander à un signaleur de confiance, ou t'adresser à la CNIL "
        "après un mois sans réponse : la page du retrait dit comment."
    ),
)
REMOVAL_SETTLED = add("follow_up.removal_settled", FOLLOW_UP, _("Cette date n'est plus gardée."))
ANSWER_MISSING = add(
    "follow_up.answer_missing", FOLLOW_UP, _("La réponse n'est pas arrivée. Choisir « oui » ou « non », de nouveau.")
)
SUMMARY_SETTLED = add(
    "follow_up.summary_settled",
    FOLLOW_UP,
    _("Ce résumé n'attend plus de réponse : rien n'a changé. Voici où il en est."),
)
NO_ACCOUNT = add(
    "follow_up.no_account", FOLLOW_UP, _("L'unité ne peut pas recevoir ce résumé en ce moment : rien n'est parti.")
)
MEETING_OLDER = add(
    "follow_up.meeting_older",
    FOLLOW_UP,
    _("L'unité vient de répondre : ce qui suit a changé, et rien n'a été envoyé. Lire, puis répondre de nouveau."),
)
MEETING_PAST = add(
    "follow_up.meeting_past_answer",
    FOLLOW_UP,
    _("L'heure de ce rendez-vous est passée : rien n'a changé. Dire non reste possible, avec un autre moment."),
)
MEETING_SETTLED = add(
    "follow_up.meeting_settled",
    FOLLOW_UP,
    _("Ce rendez-vous n'attend plus de réponse : rien n'a changé. Voici où il en est."),
)
CODE_NOT_MADE = add(
    "follow_up.code_not_made",
    FOLLOW_UP,
    _("Le code n'a pas pu être créé. Un nouvel essai sera possible dans quelques secondes."),
)
OTHER_TOO_LONG = add("follow_up.other_too_long", FOLLOW_UP, _("Ce texte est trop long : 500 caractères au plus."))
OTHER_WITH_YES = add(
    "follow_up.other_with_yes",
    FOLLOW_UP,
    _("Un autre moment est écrit ici, avec la réponse « oui ». Effacer ce texte, ou répondre « non »."),
)
ERASURE_NO_CODE = add(
    "erasure.no_code", KEEPING, _("La demande est reçue. Son code n'a pas pu être créé : réessayer dans un instant.")
)
FOLLOW_READ = add("follow_up.answer_button", EXCHANGE, _("Lire et répondre"))
SLIP_HOURS = add("slip.hours", SLIP, _("Horaires"))
SLIP_BRING = add(
    "slip.what_to_bring",
    SLIP,
    _("Ce papier, et tout ce qui est gardé, avec les dates : captures d'écran, messages, certificat médical."),
)
SLIP_LATER = add(
    "slip.later",
    SLIP,
    _(
        "Le document n'a pas pu être fait pour le moment. Un nouvel essai sera possible dans quelques secondes. "
        "Tout est écrit ici."
    ),
)
YES = add("chat.answer_yes", PROPOSALS, _("Oui"))
NO = add("chat.answer_no", PROPOSALS, _("Non"))
LATER = add("chat.answer_later", PROPOSALS, _("Je ne sais pas encore"))
HOURS_CALL = add("chat.hours_call", PROPOSALS, _("inconnus, appeler avant"))
HOURS_HOLIDAYS = add("chat.hours_holidays", PROPOSALS, _("peuvent différer les jours fériés"))
HOURS_UNKNOWN = add("chat.hours_unknown", PROPOSALS, _("inconnus"))
CODE_DATE = add(
    "chat.code_date",
    CODE,
    _("{day} à {hour} (heure de Paris)"),
    variables=[Variable("day", "le jour", "jeudi 3 mars 2027"), Variable("hour", "l'heure", "14:35")],
)
PAGE_NAMED = add(
    "chat.page_named", PROPOSALS, _("« {name} »"), variables=[Variable("name", "le nom de la page", "Mon rendez-vous")]
)
