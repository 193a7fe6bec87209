"""These are the sentences of the page where a summary is read before somebody else goes on."""

from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, Variable, add

SUMMARY = Place("chat.summary", "Relire le résumé avant la suite")

FROM_NAME = Variable("from_name", "l'agent qui a écrit le résumé", "Camille")
TO_NAME = Variable("to_name", "l'agent, l'unité ou la force qui prendrait la suite", "Dominique")

add(
    "handover.told",
    SUMMARY,
    _(
        "{from_name} propose que {to_name} prenne la suite, et a écrit ce résumé. Personne d'autre ne l'a lu. "
        "C'est vous qui décidez s'il est transmis."
    ),
    _(
        "{from_name} propose que {to_name} prenne la suite, et a écrit ce résumé. Personne d'autre ne l'a lu. "
        "C'est toi qui décides s'il est transmis."
    ),
    variables=[FROM_NAME, TO_NAME],
)
add(
    "handover.no_answer",
    SUMMARY,
    _(
        "Sans réponse de votre part, il n'est pas transmis. Votre interlocuteur continue de vous répondre en "
        "attendant. La personne qui prend la suite pourra lire tout l'échange."
    ),
    _(
        "Sans réponse de ta part, il n'est pas transmis. Ton interlocuteur continue de te répondre en attendant. "
        "La personne qui prend la suite pourra lire tout l'échange."
    ),
)
add(
    "handover.unreadable",
    SUMMARY,
    _(
        "Ce résumé ne peut pas être lu en ce moment : il n'est pas transmis tel quel. Actualisez la page pour "
        "réessayer, écrivez le vôtre, ou refusez."
    ),
    _(
        "Ce résumé ne peut pas être lu en ce moment : il n'est pas transmis tel quel. Actualise la page pour "
        "réessayer, écris le tien, ou refuse."
    ),
)
add(
    "handover.until",
    SUMMARY,
    _("Réponse possible jusqu'à {time} (heure de Paris)."),
    variables=[Variable("time", "l'heure jusqu'à laquelle on peut répondre", "14:35")],
)
add(
    "handover.read_too",
    SUMMARY,
    _(
        "{from_name} lira aussi ces mots. Ils restent avec l'échange, même si personne d'autre ne prend la suite, pour "
        "qui vous répond."
    ),
    _(
        "{from_name} lira aussi ces mots. Ils restent avec l'échange, même si personne d'autre ne prend la suite, pour "
        "qui te répond."
    ),
    variables=[FROM_NAME],
)
add(
    "handover.over",
    SUMMARY,
    _(
        "Ce résumé n'attend plus de réponse : vos mots n'ont pas été transmis, et personne ne les a lus. Les voici, "
        "pour les copier ou les envoyer comme message."
    ),
    _(
        "Ce résumé n'attend plus de réponse : tes mots n'ont pas été transmis, et personne ne les a lus. Les voici, "
        "pour les copier ou les envoyer comme message."
    ),
)
add(
    "handover.over_closed",
    SUMMARY,
    _("L'échange est terminé : vos mots n'ont pas été transmis, et personne ne les a lus. Les voici, à copier."),
    _("L'échange est terminé : tes mots n'ont pas été transmis, et personne ne les a lus. Les voici, à copier."),
)
add("handover.tab_title", SUMMARY, _("Relire avant la suite"))
add("handover.page_title", SUMMARY, _("Voici ce que je transmettrais à mon collègue"))
add("handover.correction_label", SUMMARY, _("Avec vos mots"), _("Avec tes mots"))
