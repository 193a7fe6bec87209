"""These are the sentences of « Suites » and « Mon rendez-vous »: paragraphs, titles, buttons."""

from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, Variable, add

FOLLOW_UP = Place("chat.follow_up", "Suites")
SLIP = Place("chat.slip", "Mon rendez-vous")
PROPOSED = "Quand quelqu'un peut voir l'écran : ce que l'agent propose se lit ici, et pas dans le fil."

add(
    "follow_up.asked",
    FOLLOW_UP,
    _(
        "Lisez le résumé, puis répondez. Rien ne part sans votre accord, sauf en urgence : on vous le dirait. Dire "
        "non ne change rien pour vous."
    ),
    _(
        "Lis le résumé, puis réponds. Rien ne part sans ton accord, sauf en urgence : on te le dirait. Dire non ne "
        "change rien pour toi."
    ),
)
add(
    "follow_up.wrong",
    FOLLOW_UP,
    _(
        "Quelque chose n'est pas juste ? Dites non, et écrivez-le à votre interlocuteur : un autre résumé peut être "
        "préparé."
    ),
    _("Quelque chose n'est pas juste ? Dis non, et écris-le à ton interlocuteur : un autre résumé peut être préparé."),
)
add("follow_up.refused", FOLLOW_UP, _("Refusé"))
add(
    "follow_up.listed",
    FOLLOW_UP,
    _("Avec ce résumé, l'unité voit le degré d'urgence, et : {about}."),
    variables=[Variable("about", "la commune et ce qui se passe", "Rennes, Propagation de rumeurs")],
)
add(
    "follow_up.captures",
    FOLLOW_UP,
    _("Les captures que vous avez montrées vont avec ce résumé ({count}) ; l'unité peut en ouvrir l'original."),
    _("Les captures que tu as montrées vont avec ce résumé ({count}) ; l'unité peut en ouvrir l'original."),
    variables=[Variable("count", "le nombre de captures", "2")],
)
add(
    "follow_up.facts",
    FOLLOW_UP,
    _("Les faits montrés vont avec ce résumé ({count}) : l'unité lit ceux que votre interlocuteur a lus."),
    _("Les faits montrés vont avec ce résumé ({count}) : l'unité lit ceux que ton interlocuteur a lus."),
    variables=[Variable("count", "le nombre de faits", "3")],
)
UNREADABLE = add(
    "follow_up.unreadable", FOLLOW_UP, _("Ce résumé ne peut pas être lu en ce moment : il ne partira pas.")
)
add(
    "follow_up.urgent",
    FOLLOW_UP,
    _("Envoyé sans attendre votre accord, en raison de l'urgence."),
    _("Envoyé sans attendre ton accord, en raison de l'urgence."),
)
add(
    "follow_up.against_refusal",
    FOLLOW_UP,
    _("Envoyé malgré votre refus, en raison de l'urgence."),
    _("Envoyé malgré ton refus, en raison de l'urgence."),
)
add("follow_up.proposed_title", FOLLOW_UP, _("Ce qui est proposé"), note=PROPOSED)
add(
    "follow_up.proposed_answer",
    FOLLOW_UP,
    _("La réponse se donne sous les messages de l'échange."),
    note=PROPOSED,
)
add("follow_up.none", FOLLOW_UP, _("Rien n'a été transmis à une unité."))
add(
    "follow_up.code_opens",
    FOLLOW_UP,
    _("Il n'ouvre que cette page, jamais les messages. Il fonctionne tant que l'échange est conservé."),
)
add("follow_up.code_seen", FOLLOW_UP, _("Toute personne qui a ces mots peut lire les suites, pas les messages."))
add(
    "follow_up.code_opens_copy",
    FOLLOW_UP,
    _("Il ouvre cette page et votre copie, avec les messages. Il fonctionne tant que l'échange est conservé."),
    _("Il ouvre cette page et ta copie, avec les messages. Il fonctionne tant que l'échange est conservé."),
)
add(
    "follow_up.code_seen_copy",
    FOLLOW_UP,
    _("Toute personne qui a ces mots peut tout lire : cette page et, par la copie, les messages."),
)
add(
    "follow_up.code_told",
    FOLLOW_UP,
    _(
        "Votre code de reprise, s'il fonctionnait à la fin de l'échange, ouvre cette page. Vous pouvez aussi en "
        "créer un nouveau : il remplace le précédent."
    ),
    _(
        "Ton code de reprise, s'il fonctionnait à la fin de l'échange, ouvre cette page. Tu peux aussi en créer "
        "un nouveau : il remplace le précédent."
    ),
)
add(
    "follow_up.resume_opens",
    FOLLOW_UP,
    _("Votre code de reprise ouvre aussi cette page, même après la fin de l'échange."),
    _("Ton code de reprise ouvre aussi cette page, même après la fin de l'échange."),
)
add(
    "follow_up.meeting_told",
    FOLLOW_UP,
    _("L'unité lira votre réponse. Dire non ne change rien pour vous : elle peut proposer un autre moment."),
    _("L'unité lira ta réponse. Dire non ne change rien pour toi : elle peut proposer un autre moment."),
)
add("follow_up.meeting_past_title", FOLLOW_UP, _("L'heure de ce rendez-vous est passée"))
add(
    "follow_up.meeting_past",
    FOLLOW_UP,
    _("Dire non reste possible, avec un autre moment : l'unité le lira."),
)
add("slip.past", SLIP, _("L'heure de ce rendez-vous est passée."))
add("slip.no_name", SLIP, _("Ce papier ne dit pas de nom."))
add(
    "slip.not_kept",
    SLIP,
    _("Sur l'appareil de quelqu'un d'autre, ne le gardez pas."),
    _("Sur l'appareil de quelqu'un d'autre, ne le garde pas."),
)
add("slip.none", SLIP, _("Aucun rendez-vous n'est proposé en ce moment."))
add("follow_up.removal_title", FOLLOW_UP, _("Faire retirer un contenu"))
add(
    "follow_up.removal_told",
    FOLLOW_UP,
    _("Choisissez le site : vous aurez l'endroit où demander et un texte à copier. Rien n'est envoyé à votre place."),
    _("Choisis le site : tu auras l'endroit où demander et un texte à copier. Rien n'est envoyé à ta place."),
)
add(
    "follow_up.removal_asked_on",
    FOLLOW_UP,
    _("Demande du {day}"),
    variables=[Variable("day", "le jour", "27 novembre 2026")],
)
add(
    "follow_up.removal_look",
    FOLLOW_UP,
    _("Regardez si le contenu est encore là :"),
    _("Regarde si le contenu est encore là :"),
)
add(
    "follow_up.removal_day",
    FOLLOW_UP,
    _("après {days} jours : le {day}"),
    variables=[Variable("days", "le nombre de jours", "3"), Variable("day", "le jour", "lundi 30 novembre 2026")],
)
add("follow_up.removal_today", FOLLOW_UP, _("c'est le moment"))
add("follow_up.removal_is_gone", FOLLOW_UP, _("Le contenu est-il retiré ?"))
add(
    "follow_up.removal_counted",
    FOLLOW_UP,
    _(
        "La réponse est comptée avec celles de tout le monde, pour les chiffres du service, sauf le jour même de la "
        "demande : rien ne dit qui l'a donnée."
    ),
)
add(
    "follow_up.meeting_title",
    FOLLOW_UP,
    _("Ce rendez-vous vous convient-il ?"),
    _("Ce rendez-vous te convient ?"),
)
add("follow_up.meeting_cancel_title", FOLLOW_UP, _("Vous ne pouvez plus venir ?"), _("Tu ne peux plus venir ?"))
add("follow_up.other_label", FOLLOW_UP, _("Un autre moment (facultatif)"))
add("follow_up.other_hint", FOLLOW_UP, _("Jours et heures possibles. L'unité et l'agent le liront."))
add("follow_up.other_asked", FOLLOW_UP, _("Autre moment souhaité :"))
add("follow_up.resume_title", FOLLOW_UP, _("Revenir à cette page"))
add("follow_up.code_label", FOLLOW_UP, _("Code des suites :"))
WHERE = add("slip.where", SLIP, _("Où"))
UNKNOWN_CALL = add("slip.hours_missing", SLIP, _("Inconnus : appeler avant."))
UNKNOWN = add("slip.unknown", SLIP, _("Inconnus."))
BRING = add("slip.bring", SLIP, _("À apporter"))
