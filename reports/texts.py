"""These are the sentences on the pages of the signalement."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, Sentence, Variable, add, add_options
from reports.models import AgeBand, Expectation, Fact, Platform, ReporterRole, Since

REPORT = Place("report.form", "Signalement")
TO_HERE = Place("report.to_here", "Chemin vers le tchat : ce qui manque encore")
READERS = Place("report.readers", "Durée, accès, effacement : qui a consulté l'échange")
ALREADY = Place("report.already", "Signalement déjà envoyé")
EFFORT = Place("report.effort", "Attente d'un instant, quand beaucoup de demandes arrivent")

add(
    "report.told",
    REPORT,
    _("Cochez ce qui aide à vous comprendre. Rien n'est obligatoire, et votre nom n'est pas demandé."),
    _("Coche ce qui aide à te comprendre. Rien n'est obligatoire, et on ne demande pas ton nom."),
)
add(
    "report.sealed_told",
    REPORT,
    _(
        "Vous pouvez laisser ces deux lignes vides : rien ne change pour vous. Ce que vous écrivez ici est "
        "chiffré dès l'arrivée : ni votre agent ni nous ne pouvons le lire. On ne l'ouvre que si une vie "
        "est en danger, ou avec l'autorisation du procureur de la République, pour les faits les plus graves."
    ),
    _(
        "Tu peux laisser ces deux lignes vides : rien ne change pour toi. Ce que tu écris ici est chiffré dès "
        "l'arrivée : ni ton agent ni nous ne pouvons le lire. On ne l'ouvre que si une vie est en danger, "
        "ou avec l'autorisation du procureur de la République, pour les faits les plus graves."
    ),
)
add("report.next_title", REPORT, _("Et ensuite ?"))
add(
    "report.next_waiting",
    REPORT,
    _("Vous entrez dans la salle d'attente. Un policier ou un gendarme vous répond par tchat."),
    _("Tu entres dans la salle d'attente. Un policier ou un gendarme te répond par tchat."),
)
add(
    "report.next_anonymity",
    REPORT,
    _(
        "L'anonymat pourra être levé après autorisation du procureur de la République, pour les faits les plus graves. "
        "Si une vie est en danger, on peut aussi chercher qui vous êtes, pour aider."
    ),
    _(
        "L'anonymat pourra être levé après autorisation du procureur de la République, pour les faits les plus graves. "
        "Si une vie est en danger, on peut aussi chercher qui tu es, pour aider."
    ),
)
add("report.already_title", ALREADY, _("Votre signalement est déjà envoyé"), _("Ton signalement est déjà envoyé"))
add(
    "report.already_told",
    ALREADY,
    _("Votre échange est ouvert. Vous n'avez rien à répéter : vous pouvez y revenir."),
    _("Ton échange est ouvert. Tu n'as rien à répéter : reviens-y quand tu veux."),
)
CLOSED = Place("report.closed", "Tchat fermé : ce que lisent ceux qui arrivent, et ceux qui attendent déjà")
CLOSED_UNTIL = add(
    "closed.until",
    CLOSED,
    _("Le tchat est fermé. Il rouvre le {fin}."),
    variables=[Variable("fin", "le jour et l'heure de la fin", "28 novembre, 08:00")],
)
add("closed.open", CLOSED, _("Le tchat est fermé en ce moment."))
add(
    "closed.until_discreet",
    CLOSED,
    _("Les réponses reprennent le {fin}."),
    variables=CLOSED_UNTIL.variables,
    note="Quand quelqu'un peut voir l'écran : ne dit pas ce qu'est ce site.",
)
add(
    "closed.open_discreet",
    CLOSED,
    _("Pas de réponse en ce moment."),
    note="Quand quelqu'un peut voir l'écran : ne dit pas ce qu'est ce site.",
)
add("closed.maintenance", CLOSED, _("Le service est arrêté le temps d'une opération technique."))
add(
    "closed.incident",
    CLOSED,
    _("Une panne nous empêche de vous répondre ici. Nous travaillons à la réparer."),
    _("Une panne nous empêche de te répondre ici. Nous travaillons à la réparer."),
)
add(
    "closed.staff",
    CLOSED,
    _("Aucun agent ne peut vous répondre ici en ce moment."),
    _("Aucun agent ne peut te répondre ici en ce moment."),
)
add(
    "closed.danger",
    CLOSED,
    _("En danger, appelez le {numero_police} ou le {numero_europe} ; par SMS, le {numero_sms}."),
    _("En danger, appelle le {numero_police} ou le {numero_europe} ; par SMS, le {numero_sms}."),
)
add(
    "closed.doors",
    CLOSED,
    _("D'autres peuvent vous répondre : par écrit sur 17 Cyber, et à ces numéros."),
    _("D'autres peuvent te répondre : par écrit sur 17 Cyber, et à ces numéros."),
    note="Les numéros suivent, avec leurs heures : tous ne répondent pas la nuit.",
)
add(
    "closed.begun",
    CLOSED,
    _("Vos réponses sont gardées pendant votre visite. Un échange déjà ouvert continue : le code y ramène."),
    _("Tes réponses sont gardées pendant ta visite. Un échange déjà ouvert continue : le code y ramène."),
)
add(
    "closed.place_kept",
    CLOSED,
    _("Votre demande, elle, est gardée, avec votre place. Notez votre code : il vous ramène ici."),
    _("Ta demande, elle, est gardée, avec ta place. Note ton code : il te ramène ici."),
)
ADDED = Place("report.added", "Signalement : ce que l'on ajoute en attendant")
add("report.while_waiting", ADDED, _("Si vous voulez, dites-en plus"), _("Si tu veux, dis-en plus"))
add(
    "report.touch_what_is_true",
    ADDED,
    _("Touchez ce qui est vrai. Rien n'est obligatoire : qui vous répond, ou vous répondra, le lit dans l'échange."),
    _("Touche ce qui est vrai. Rien n'est obligatoire : qui te répond, ou te répondra, le lit dans l'échange."),
)
add("report.not_added", ALREADY, _("Ce n'est pas encore ajouté"))
add("report.add_title", ALREADY, _("Ajouter à votre signalement"), _("Ajouter à ton signalement"))
add(
    "report.add_told",
    ALREADY,
    _("Rien n'est obligatoire. Ce que vous cochez est lu par la personne qui vous répond."),
    _("Rien n'est obligatoire. Ce que tu coches est lu par la personne qui te répond."),
)
add(
    "report.sealed_again",
    ALREADY,
    _("Laissé vide, ce qui est déjà sous scellé ne change pas. Ce que vous écrivez le remplace."),
    _("Laissé vide, ce qui est déjà sous scellé ne change pas. Ce que tu écris le remplace."),
)
add("report.already_tab_title", ALREADY, _("Signalement déjà envoyé"))
add("report.page_title", REPORT, _("Signalement"))
add(
    "report.next_steps_title",
    REPORT,
    _("Votre signalement n'est pas encore envoyé"),
    _("Ton signalement n'est pas encore envoyé"),
)
add(
    "report.stale_error",
    REPORT,
    _("Cette page n'était plus à jour. Vos réponses sont gardées : vérifiez-les, puis envoyez de nouveau."),
    _("Cette page n'était plus à jour. Tes réponses sont gardées : vérifie-les, puis envoie de nouveau."),
)
add("report.said_title", REPORT, _("Vous avez déjà dit :"), _("Tu as déjà dit :"))
add("report.several_hint", REPORT, _("Plusieurs réponses possibles"))
add("report.sealed_title", REPORT, _("Laisser votre nom sous scellé"), _("Laisser ton nom sous scellé"))
add("report.optional", REPORT, _("(facultatif)"))
add(
    "report.contact_hint",
    REPORT,
    _("Téléphone, courriel, adresse : ce que vous voulez."),
    _("Téléphone, courriel, adresse : ce que tu veux."),
)
add("report.place_label", REPORT, _("Votre point d'accueil :"), _("Ton point d'accueil :"))
add("report.nearest", REPORT, _("(le plus proche)"))
add("report.effort_title", EFFORT, _("Encore un instant"))
add(
    "report.effort_why",
    EFFORT,
    _(
        "Beaucoup de demandes arrivent en même temps. Vos réponses sont gardées : vous n'avez rien à "
        "faire, la page continue toute seule."
    ),
    _(
        "Beaucoup de demandes arrivent en même temps. Tes réponses sont gardées : tu n'as rien à faire, "
        "la page continue toute seule."
    ),
)
add(
    "report.effort_told",
    EFFORT,
    _("Votre appareil fait un petit calcul, qui ne dit rien de vous."),
    _("Ton appareil fait un petit calcul, qui ne dit rien de toi."),
)
add("report.effort_second_left", EFFORT, _("Au plus tard dans une seconde."))
add(
    "report.effort_seconds_left",
    EFFORT,
    _("Au plus tard dans {seconds} secondes."),
    variables=[Variable("seconds", "le nombre de secondes", "8")],
)
add(
    "report.effort_done",
    EFFORT,
    _("C'est bon : vos réponses sont prêtes."),
    _("C'est bon : tes réponses sont prêtes."),
)
add(
    "report.effort_danger",
    EFFORT,
    _("Si vous êtes en danger, n'attendez pas :"),
    _("Si tu es en danger, n'attends pas :"),
)
ROLE = add("report.role", REPORT, _("Vous êtes"), _("Tu es"))
AGE = add("report.age", REPORT, _("Âge de la personne qui subit les faits"))
FACTS = add("report.facts", REPORT, _("Ce qui se passe"))
PLATFORMS = add("report.platforms", REPORT, _("Où cela se passe"))
SINCE = add("report.since", REPORT, _("Depuis quand"))
EXPECTATIONS = add(
    "report.expectations", REPORT, _("Ce que vous attendez de l'échange"), _("Ce que tu attends de l'échange")
)
FROM_LIST = add(
    "report.from_list", REPORT, _("Choisissez une réponse de la liste."), _("Choisis une réponse de la liste.")
)
NAME = add("report.name", REPORT, _("Votre nom"), _("Ton nom"))
CONTACT = add("report.contact", REPORT, _("Un moyen de vous joindre"), _("Un moyen de te joindre"))
TOO_LONG = add(
    "report.too_long",
    REPORT,
    _("Ce texte est trop long : raccourcissez-le, une ligne ou deux suffisent."),
    _("Ce texte est trop long : raccourcis-le, une ligne ou deux suffisent."),
)
NOT_SEALED = add(
    "report.not_sealed",
    ALREADY,
    _("Ce texte n'a pas pu être mis sous scellé. Ce que vous avez coché est gardé : essayez de nouveau plus tard."),
    _("Ce texte n'a pas pu être mis sous scellé. Ce que tu as coché est gardé : essaie de nouveau plus tard."),
)
QUESTIONS_FIRST = add(
    "report.questions_first",
    TO_HERE,
    _("Avant le tchat, quelques questions disent qui peut vous aider."),
    _("Avant le tchat, quelques questions disent qui peut t'aider."),
)
QUESTIONS_FIRST_DISCREET = add(
    "report.questions_first_discreet",
    TO_HERE,
    _("Avant d'échanger, il reste quelques questions."),
    note="Quand quelqu'un peut voir l'écran : ne dit pas ce qu'est ce site.",
)
DOOR_FIRST = add(
    "report.door_first",
    TO_HERE,
    _("Pour parler à quelqu'un, utilisez le bouton de cette page."),
    _("Pour parler à quelqu'un, utilise le bouton de cette page."),
)
PLACE_FIRST = add(
    "report.place_first",
    TO_HERE,
    _("Dernière étape avant d'échanger : votre ville, ou votre code postal."),
    _("Dernière étape avant d'échanger : ta ville, ou ton code postal."),
)
READ = add("readers.read", READERS, _("a lu l'échange"))
COPIED = add("readers.copied", READERS, _("a copié l'échange"))
PAPERED = add("readers.paper", READERS, _("en a fait un document"))
TRANSMITTED = add("readers.transmitted", READERS, _("a transmis un résumé à une unité"))
READ_SUMMARY = add("readers.read_summary", READERS, _("a lu le résumé transmis"))
SAW_CAPTURES = add("readers.saw_captures", READERS, _("a regardé les captures transmises"))
OPENED_ORIGINAL = add("readers.opened_original", READERS, _("a ouvert l'original d'une capture"))
LOCKED_CAPTURE = add("readers.locked_capture", READERS, _("a mis une capture de côté, ou décidé de ce qu'elle devient"))
REASSIGNED = add("readers.reassigned", READERS, _("a confié l'échange à quelqu'un d'autre"))
AGENT = add("readers.agent", READERS, _("Un autre agent"))
SUPERVISOR = add("readers.supervisor", READERS, _("Un superviseur"))
CUSTODIAN = add("readers.custodian", READERS, _("Un référent levée d'anonymat"))
UNIT = add("readers.unit", READERS, _("L'unité"))
ADMINISTRATOR = add("readers.administrator", READERS, _("Un administrateur"))
SERVICE = add("readers.service", READERS, _("Le service, automatiquement"))
WHO_ANSWERED = add("readers.who_answered", READERS, _("La personne qui a répondu"))
SOMEBODY = add("readers.somebody", READERS, _("Une personne du service"))

# Names the person whom somebody else helps: « Professionnel, pour une personne de moins de 15 ans ».
FOR_PERSON = add(
    "report.for_person",
    REPORT,
    _("{role}, pour une personne {age}"),
    variables=[
        Variable("role", "qui écrit", "Professionnel"),
        Variable("age", "l'âge de la personne aidée", "de 18 ans ou plus"),
    ],
)
_AGE_OF_PERSON: Mapping[str, Sentence] = {
    AgeBand.UNDER_15: add("report.of_under_15", REPORT, _("de moins de 15 ans")),
    AgeBand.FROM_15_TO_17: add("report.of_15_17", REPORT, _("de 15 à 17 ans")),
    AgeBand.UNDER_18: add("report.of_under_18", REPORT, _("de moins de 18 ans")),
    AgeBand.ADULT: add("report.of_adult", REPORT, _("de 18 ans ou plus")),
}

# The words for discreet mode, in which somebody may see the screen. Options without such words tell nothing anyway.
_DISCREET = "Quand quelqu'un peut voir l'écran : ne dit pas de quoi il s'agit."


def _neutral(key: str, vous: Promise, tu: Promise | None = None) -> Sentence:
    return add(f"report.neutral_{key}", REPORT, vous, tu, note=_DISCREET)


NEUTRAL: Mapping[str, Mapping[str, Sentence]] = {
    "facts": {
        Fact.INSULTS: _neutral("insults", _("Des messages")),
        Fact.RUMOURS: _neutral("rumours", _("Ce qui se dit")),
        Fact.HACKED_ACCOUNT: _neutral("account", _("Un compte")),
        Fact.HOSTILE_PAGE: _neutral("page", _("Une page ou un groupe")),
        Fact.IMAGE: _neutral("image", _("Une image ou une vidéo")),
        Fact.COUPLE: _neutral("couple", _("Une relation")),
        Fact.OTHER: _neutral("other", _("Un autre sujet")),
    },
    "expectations": {
        Expectation.COMPLAINT: _neutral("complaint", _("Préparer une démarche")),
        Expectation.REMOVAL: _neutral("removal", _("Faire enlever quelque chose")),
        Expectation.PROTECT: _neutral("protect", _("Aider un proche")),
    },
}
NEUTRAL_FACTS = _neutral("facts", _("Le sujet"))
FOR_ONESELF = _neutral("oneself", _("Pour moi"))
FOR_SOMEBODY = _neutral("somebody", _("Pour une autre personne"))
_neutral("title", _("Votre demande"), _("Ta demande"))
_neutral("not_sent", _("Ce n'est pas encore envoyé"))
add(
    "report.neutral_already",
    ALREADY,
    _("Votre demande est déjà envoyée"),
    _("Ta demande est déjà envoyée"),
    note=_DISCREET,
)
add("report.neutral_add", ALREADY, _("Ajouter à votre demande"), _("Ajouter à ta demande"), note=_DISCREET)

# The options as the person reads them. People who work with a signalement read the labels of `reports.models`.
OPTIONS: Mapping[str, Mapping[str, Sentence]] = {
    "role": add_options("report.role", REPORT, ReporterRole),
    "age_band": add_options("report.age_band", REPORT, AgeBand),
    "age_of_person": _AGE_OF_PERSON,
    "facts": add_options("report.facts", REPORT, Fact),
    "platforms": add_options("report.platforms", REPORT, Platform),
    "since": add_options("report.since", REPORT, Since),
    "expectations": add_options("report.expectations", REPORT, Expectation),
}
