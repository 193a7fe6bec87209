"""These are the sentences that the pages of the orientation say around the questions and the results."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, Sentence, Variable, add

QUESTIONS = Place("triage.questions", "Orientation : la première page")
NUMBERS = Place("triage.numbers", "Numéros d'aide : pour qui, et quand")
RESULT = Place("triage.result", "Orientation : la page du résultat")

add("triage.talk_now", QUESTIONS, _("Parler tout de suite"))
add(
    "triage.own_minor",
    QUESTIONS,
    _("J'ai moi-même moins de 18 ans"),
    note="Sous « Qui aidez-vous ? » : qui aide est mineur.",
)
add("triage.own_adult", QUESTIONS, _("J'ai 18 ans ou plus"), note="Au même endroit, pour y revenir.")
add(
    "triage.leaves_site",
    RESULT,
    _("Ce lien quitte notre site et ouvre 17cyber.gouv.fr. Vous pourrez revenir avec le bouton Retour."),
    _("Ce lien quitte notre site et ouvre 17cyber.gouv.fr. Tu pourras revenir avec le bouton Retour."),
)
add(
    "triage.leaves_site_discreet",
    RESULT,
    _("Cet autre site affiche son propre nom, qui reste dans l'historique."),
    note="Quand quelqu'un peut voir l'écran : sous le bouton qui mène à un autre site, dont l'adresse dit le sujet.",
)
add("triage.service_title", RESULT, _("Ce que fait ce service"))
add("triage.prepare_title", RESULT, _("À préparer"))
add("triage.go", RESULT, _("Aller sur {name}"), variables=[Variable("name", "le nom du service", "17Cyber")])
add(
    "triage.go_external",
    RESULT,
    _("Aller sur {name} (quitte notre site)"),
    variables=[Variable("name", "le nom du service", "17Cyber")],
)
add("triage.other_numbers_title", RESULT, _("D'autres numéros utiles"))
CHOOSE = add("triage.choose", QUESTIONS, _("Choisissez une réponse."), _("Choisis une réponse."))
FROM_LIST = add(
    "triage.from_list", QUESTIONS, _("Choisissez une réponse de la liste."), _("Choisis une réponse de la liste.")
)
# It says whom somebody helps: a line for each role, and the ages on it. `questions` says each answer whole.
OPTIONS = {
    "helper": {
        "witness": add("triage.helper_witness", QUESTIONS, _("Témoin, pour une personne")),
        "relative": add("triage.helper_relative", QUESTIONS, _("Proche, pour une personne")),
        "professional": add("triage.helper_professional", QUESTIONS, _("Professionnel, pour une personne")),
    },
    "age": {
        "under_15": add("triage.age_under_15", QUESTIONS, _("de moins de 15 ans")),
        "15_17": add("triage.age_15_17", QUESTIONS, _("de 15 à 17 ans")),
        "adult": add("triage.age_adult", QUESTIONS, _("de 18 ans ou plus")),
        "unknown": add("triage.age_unknown", QUESTIONS, _("d'âge inconnu")),
    },
}
# Where somebody may see the screen: words that tell them nothing. By question, then by answer; « question » is its own
# text. What is not here tells nothing as it is, where the code wrote it; a fold says the whole words of each answer.
_DISCREET = "Quand quelqu'un peut voir l'écran : ne dit pas de quoi il s'agit."
_SHOWS_ALL = f"{_DISCREET} Doit dire que tout est affiché ensuite : cette réponse fait quitter le mode discret."


def _neutral(key: str, text: Promise, note: str = _DISCREET) -> Sentence:
    return add(f"triage.neutral_{key}", QUESTIONS, text, note=note)


# Where the age of the person helped is a button under « J'ai vu quelque chose, pour une personne »: what it is called.
_WITNESSES = {
    "under_15": _neutral("witness_under_15", _("J'ai vu quelque chose, pour une personne de moins de 15 ans")),
    "15_17": _neutral("witness_15_17", _("J'ai vu quelque chose, pour une personne de 15 à 17 ans")),
    "adult": _neutral("witness_adult", _("J'ai vu quelque chose, pour une personne de 18 ans ou plus")),
    "unknown": _neutral("witness_unknown", _("J'ai vu quelque chose, pour une personne d'âge inconnu")),
}
NEUTRAL: Mapping[str, Mapping[str, Sentence]] = {
    "danger": {
        "question": _neutral("danger", _("Que faut-il, maintenant ?")),
        "yes": _neutral("danger_yes", _("De l'aide, tout de suite")),
        "suicidal": _neutral("danger_suicidal", _("Quelqu'un à qui parler, cela va très mal")),
        "screen": _neutral("danger_screen", _("Afficher peu de texte")),
        # Under the key « danger_no » a site may have words that do not say that this answer shows everything.
        "no": _neutral("danger_no_shows_all", _("Rien de tout cela, tout afficher"), _SHOWS_ALL),
    },
    "facts": {
        "question": _neutral("facts", _("Quel est le sujet ?")),
        "harassment": _neutral("messages", _("Des messages")),
        "image": _neutral("image", _("Une image ou une vidéo")),
        "account": _neutral("account", _("Un compte")),
        "couple": _neutral("couple", _("Une relation")),
        "money": _neutral("money", _("Un paiement")),
        "content": _neutral("content", _("Une page internet")),
        "device": _neutral("device", _("Un appareil")),
        "other": _neutral("other", _("Un autre sujet")),
    },
    "helped": {f"witness_{age}": said for age, said in _WITNESSES.items()},
    "repetition": {
        "group": _neutral("group", _("Oui, plusieurs personnes")),
        "threat": _neutral("threat", _("Une fois suffit, c'est grave")),
    },
    "image_money": {
        "yes": _neutral("image_money", _("Un paiement est demandé")),
        "minor": _neutral("image_minor", _("L'image date d'avant 18 ans")),
    },
    "account_purpose": {
        "question": _neutral("account_purpose", _("À quoi sert ce compte ?")),
        "hurt": _neutral("account_hurt", _("Contre une personne")),
        "money": _neutral("account_money", _("Pour un paiement")),
    },
    "demand": {
        "question": _neutral("demand", _("En échange de quoi ?")),
        "image": _neutral("demand_image", _("Des images")),
        "threat": _neutral("demand_threat", _("Autre chose, sans image")),
        "scam": _neutral("demand_scam", _("Une vente, un colis, une rencontre")),
        "device": _neutral("demand_device", _("Un appareil ou un compte")),
    },
    "content_kind": {
        "question": _neutral("content_kind", _("Qui peut voir cette page ?")),
        "target": _neutral("content_target", _("Elle parle de quelqu'un que je connais, ou de moi")),
    },
    "scam": {
        "scam": _neutral("scam", _("Une vente, une rencontre, un message")),
        "card": _neutral("scam_card", _("Une carte bancaire, pas perdue")),
        "ransom": _neutral("scam_ransom", _("Un appareil qui ne s'ouvre plus")),
        "virus": _neutral("scam_virus", _("Un appareil qui va mal")),
        "sms": _neutral("scam_sms", _("Des SMS")),
        "organisation": _neutral("scam_organisation", _("Une entreprise ou une association")),
    },
}
# These stand for what an administrator wrote, and nobody has said in neutral words.
QUESTION_DISCREET = _neutral("question", _("Une question"))
ANSWER_DISCREET = add(
    "triage.neutral_answer",
    QUESTIONS,
    _("Réponse {number}"),
    variables=[Variable("number", "le rang de la réponse", "3")],
    note=_DISCREET,
)
WITNESS_DISCREET = _neutral("witness", _("J'ai vu quelque chose, pour une personne"))
add("triage.result_discreet", RESULT, _("Voici la suite"), note="Quand quelqu'un peut voir l'écran.")
add("triage.write_now_discreet", RESULT, _("Écrire maintenant"), note=_DISCREET)
ALWAYS_FREE = add("numbers.always_free", NUMBERS, _("24 h/24, 7 j/7, gratuit"))
POLICE = add("numbers.police", NUMBERS, _("Police ou gendarmerie, en urgence"))
EUROPE = add("numbers.europe", NUMBERS, _("Urgence, partout en Europe"))
MEDICAL = add("numbers.medical", NUMBERS, _("Urgence médicale"))
BY_TEXT = add(
    "numbers.emergency_by_text",
    NUMBERS,
    _("Urgence par SMS, sans parler ni entendre ; discret si le son est coupé"),
)
add(
    "numbers.text_discreet",
    NUMBERS,
    _("Couper d'abord le son du téléphone."),
    note="Sous « SMS au 114 », quand quelqu'un peut voir l'écran : la réponse fait sonner le téléphone.",
)
SUICIDE = add("numbers.suicide", NUMBERS, _("Prévention du suicide"))
YOUNG = add("numbers.young", NUMBERS, _("Violences numériques, pour les mineurs et les jeunes"))
YOUNG_HOURS = add("numbers.young_hours", NUMBERS, _("7 j/7, de 9 h à 23 h, gratuit, anonyme"))
CHILD = add("numbers.child", NUMBERS, _("Enfant en danger"))
VICTIMS = add("numbers.victims", NUMBERS, _("France Victimes, pour toutes les victimes"))
VICTIMS_HOURS = add("numbers.victims_hours", NUMBERS, _("7 j/7, en journée, gratuit"))
WOMEN = add("numbers.women", NUMBERS, _("Femmes victimes de violences"))
SCAM = add("numbers.scam", NUMBERS, _("Info Escroqueries"))
SCAM_HOURS = add("numbers.scam_hours", NUMBERS, _("du lundi au vendredi, de 9 h à 18 h 30"))
UNWANTED = add("numbers.unwanted", NUMBERS, _("SMS indésirables"))
