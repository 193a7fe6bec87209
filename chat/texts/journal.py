"""These are the sentences of the journal of facts: its page, what is beside a field, what was done."""

from django.utils.translation import gettext_lazy as _

from chat.texts.pages import DISCREET
from common.texts.catalogue import Place, Variable, add

JOURNAL = Place("chat.journal", "Noter un fait")
MOST = Variable("most", "le nombre de caractères permis", "500")
COUNT = Variable("count", "le nombre de faits", "3")
DAY = Variable("day", "le jour", "12 mars 2027")
HOUR = Variable("hour", "l'heure", "18:05")

add("journal.title", JOURNAL, _("Noter un fait"))
add("journal.title_discreet", JOURNAL, _("Mes notes"), note=DISCREET)
add(
    "journal.private_told",
    JOURNAL,
    _("Ce que vous notez ici reste privé. Votre interlocuteur ne le lit que si vous le lui montrez."),
    _("Ce que tu notes ici reste privé. Ton interlocuteur ne le lit que si tu le lui montres."),
)
add(
    "journal.private_told_discreet",
    JOURNAL,
    _("Ce que vous notez ici reste privé tant que vous ne le montrez pas."),
    _("Ce que tu notes ici reste privé tant que tu ne le montres pas."),
    note=DISCREET,
)
add(
    "journal.why",
    JOURNAL,
    _("Des faits datés montrent que cela se répète, ou que plusieurs personnes le font."),
)
add(
    "journal.read_stays",
    JOURNAL,
    _("Un fait lu reste dans l'échange, comme un message. Pour le corriger, notez-en un autre."),
    _("Un fait lu reste dans l'échange, comme un message. Pour le corriger, notes-en un autre."),
)
add("journal.new_title", JOURNAL, _("Nouveau fait"))
add("journal.new_title_discreet", JOURNAL, _("Nouvelle note"), note=DISCREET)
add("journal.change_title", JOURNAL, _("Corriger ou effacer"))
LIST_TITLE = add("journal.list_title", JOURNAL, _("Vos faits"), _("Tes faits"))
LIST_TITLE_DISCREET = add("journal.list_title_discreet", JOURNAL, _("Vos notes"), _("Tes notes"), note=DISCREET)
add("journal.none", JOURNAL, _("Rien n'est noté pour l'instant."))
add("journal.is_private", JOURNAL, _("Privé"))
add("journal.is_shown", JOURNAL, _("Montré, pas encore lu"))
add("journal.is_read", JOURNAL, _("Lu par votre interlocuteur"), _("Lu par ton interlocuteur"))
add("journal.unreadable", JOURNAL, _("Ce fait ne peut pas être lu en ce moment."))
add("journal.closed", JOURNAL, _("L'échange est terminé. Ce que vous montrez s'y ajoute."),
    _("L'échange est terminé. Ce que tu montres s'y ajoute."))  # fmt: skip
add("journal.by_code", JOURNAL, _("Avec ce code, seuls les faits notés ici se lisent sur cette page."))
# The page's script fills these in.
ARRIVED = add("journal.arrived", JOURNAL, _("Votre interlocuteur est là."), _("Ton interlocuteur est là."))
ANSWERED = add("journal.answered", JOURNAL, _("Un nouveau message vous attend."), _("Un nouveau message t'attend."))
CUT = add(
    "journal.cut",
    JOURNAL,
    _("Pas encore envoyé : la connexion est coupée. Vos mots restent ici ; appuyez de nouveau dès son retour."),
    _("Pas encore envoyé : la connexion est coupée. Tes mots restent ici ; appuie de nouveau dès son retour."),
)

# What is asked for.
WHAT = add("journal.what", JOURNAL, _("Que s'est-il passé ?"))
DAY_LABEL = add("journal.day_label", JOURNAL, _("Jour"))
HOUR_LABEL = add("journal.hour_label", JOURNAL, _("Heure"))
PLATFORM = add("journal.platform", JOURNAL, _("Où : réseau, site, jeu, téléphone"))
ACCOUNT = add("journal.account", JOURNAL, _("Compte ou pseudonyme de l'auteur"))
LINK = add("journal.link", JOURNAL, _("Lien"))
SEEN_BY = add("journal.seen_by", JOURNAL, _("Qui l'a vu"))
add("journal.may_be_empty", JOURNAL, _("Ce que vous ne savez pas peut rester vide."),
    _("Ce que tu ne sais pas peut rester vide."))  # fmt: skip

# How well somebody knows when it was: the answers to « Quand ? », in the words of whoever answers.
MINUTE = add("journal.minute", JOURNAL, _("Je sais l'heure"))
ONE_DAY = add("journal.day", JOURNAL, _("Je sais le jour"))
ABOUT = add("journal.about", JOURNAL, _("À peu près, vers une date"))
UNKNOWN = add("journal.unknown", JOURNAL, _("Je ne sais plus"))
AT_MINUTE = add("journal.at_minute", JOURNAL, _("{day} à {hour}"), variables=[DAY, HOUR])
AT_ABOUT = add("journal.at_about", JOURNAL, _("vers le {day}"), variables=[DAY])
AT_ABOUT_HOUR = add("journal.at_about_hour", JOURNAL, _("vers le {day} à {hour}"), variables=[DAY, HOUR])
AT_UNKNOWN = add("journal.at_unknown", JOURNAL, _("Date inconnue"))
# In the list of facts, and on the page that joins a capture to one: several have one date, or none.
NUMBERED = add(
    "journal.numbered",
    JOURNAL,
    _("{when} (n° {number})"),
    variables=[
        Variable("when", "la date du fait", "vers le 12 mars 2027"),
        Variable("number", "le numéro du fait", "3"),
    ],
)

# They are shown beside a field.
WHAT_EMPTY = add("journal.what_empty", JOURNAL, _("Écrivez ce qui s'est passé."), _("Écris ce qui s'est passé."))
TOO_LONG = add(
    "journal.too_long",
    JOURNAL,
    _("Ce texte est trop long : {most} caractères au plus. Rien n'est perdu."),
    variables=[MOST],
)
WHEN_FROM_LIST = add(
    "journal.when_from_list", JOURNAL, _("Choisissez une réponse de la liste."), _("Choisis une réponse de la liste.")
)
DAY_INVALID = add(
    "journal.day_invalid",
    JOURNAL,
    _("Écrivez le jour, le mois et l'année."),
    _("Écris le jour, le mois et l'année."),
)
DAY_AHEAD = add("journal.day_ahead", JOURNAL, _("Cette date n'est pas encore passée."))
DAY_MISSING = add(
    "journal.day_missing",
    JOURNAL,
    _("Indiquez le jour, ou choisissez « Je ne sais plus »."),
    _("Indique le jour, ou choisis « Je ne sais plus »."),
)
HOUR_INVALID = add(
    "journal.hour_invalid",
    JOURNAL,
    _("Écrivez l'heure et les minutes."),
    _("Écris l'heure et les minutes."),
)
HOUR_MISSING = add(
    "journal.hour_missing",
    JOURNAL,
    _("Indiquez l'heure, ou choisissez « Je sais le jour »."),
    _("Indique l'heure, ou choisis « Je sais le jour »."),
)

# What was done, or could not be.
NOTED = add("journal.noted", JOURNAL, _("C'est noté, pour vous seulement."), _("C'est noté, pour toi seulement."))
CHANGED = add("journal.changed", JOURNAL, _("C'est corrigé."))
ERASED = add("journal.erased", JOURNAL, _("C'est effacé."))
SHOWN = add(
    "journal.shown",
    JOURNAL,
    _("Montré à votre interlocuteur : {count}."),
    _("Montré à ton interlocuteur : {count}."),
    variables=[COUNT],
)
TAKEN_BACK = add("journal.taken_back", JOURNAL, _("De nouveau privé : {count}."), variables=[COUNT])
READ_ALREADY = add(
    "journal.read_already",
    JOURNAL,
    _("Déjà lu par votre interlocuteur : cela reste dans l'échange."),
    _("Déjà lu par ton interlocuteur : cela reste dans l'échange."),
)
READ_KEPT = add(
    "journal.read_kept",
    JOURNAL,
    _("Déjà lu par votre interlocuteur, cela reste dans l'échange : {count}."),
    _("Déjà lu par ton interlocuteur, cela reste dans l'échange : {count}."),
    variables=[COUNT],
)
# They follow one of those above, about the images and documents that go with the facts.
FILES = Variable("count", "le nombre de fichiers", "2")
SHOWN_JOINED = add("journal.shown_joined", JOURNAL, _("Fichiers joints montrés : {count}."), variables=[FILES])
PRIVATE_JOINED = add(
    "journal.private_joined", JOURNAL, _("Fichiers joints de nouveau privés : {count}."), variables=[FILES]
)
SEEN_JOINED = add(
    "journal.seen_joined",
    JOURNAL,
    _("Fichiers joints déjà vus, qui restent dans l'échange : {count}."),
    variables=[FILES],
)
NOTHING_TICKED = add(
    "journal.nothing_ticked",
    JOURNAL,
    _("Rien n'a changé : cochez d'abord ce qui est concerné."),
    _("Rien n'a changé : coche d'abord ce qui est concerné."),
)
GONE = add("journal.gone", JOURNAL, _("Ce fait a déjà été effacé. Ce que vous avez écrit est resté ici."),
           _("Ce fait a déjà été effacé. Ce que tu as écrit est resté ici."))  # fmt: skip
FULL = add(
    "journal.full",
    JOURNAL,
    _("Le nombre de faits permis est atteint : {most}. Ce que vous avez écrit est resté ici."),
    _("Le nombre de faits permis est atteint : {most}. Ce que tu as écrit est resté ici."),
    variables=[Variable("most", "le nombre de faits permis", "500")],
)
TOO_MANY = add(
    "journal.too_many",
    JOURNAL,
    _("Beaucoup de gestes à la fois. Réessayez dans un instant : ce que vous avez écrit est resté ici."),
    _("Beaucoup de gestes à la fois. Réessaie dans un instant : ce que tu as écrit est resté ici."),
)
