"""The sentences of the page where a summary is read before somebody else goes on."""

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
add("handover.read_before_going", SUMMARY, _("Relire avant la suite"))
add("handover.what_i_would_pass", SUMMARY, _("Voici ce que je transmettrais à mon collègue"))
add("handover.what_do_want_pass", SUMMARY, _("Que voulez-vous transmettre ?"), _("Que veux-tu transmettre ?"))
add("handover.summary_as", SUMMARY, _("Ce résumé, tel quel"))
add("handover.my_version_corrected_below", SUMMARY, _("Ma version, corrigée ci-dessous"))
add(
    "handover.no_summary_somebody_else",
    SUMMARY,
    _("Pas de résumé : l'échange peut passer à quelqu'un d'autre sans lui"),
)
add("handover.own_words", SUMMARY, _("Avec vos mots"), _("Avec tes mots"))
add("handover.confirm", SUMMARY, _("Valider"))
