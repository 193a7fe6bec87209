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
add("handover.tab_title", SUMMARY, _("Relire avant la suite"))
add("handover.page_title", SUMMARY, _("Voici ce que je transmettrais à mon collègue"))
add("handover.correction_label", SUMMARY, _("Avec vos mots"), _("Avec tes mots"))
