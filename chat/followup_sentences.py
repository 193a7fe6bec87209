"""The sentences of « Suites » and « Mon rendez-vous »: their paragraphs. Titles and buttons are in the templates."""

from django.utils.translation import gettext_lazy as _

from sentences.catalogue import Place, add

FOLLOW_UP = Place("chat.follow_up", "Suites")
SLIP = Place("chat.slip", "Mon rendez-vous")

add(
    "follow_up.asked",
    FOLLOW_UP,
    _("Lisez le résumé, puis répondez. Rien ne part sans votre accord, et dire non ne change rien pour vous."),
    _("Lis le résumé, puis réponds. Rien ne part sans ton accord, et dire non ne change rien pour toi."),
)
add("follow_up.unreadable", FOLLOW_UP, _("Ce résumé ne peut pas être lu en ce moment : il ne partira pas."))
add(
    "follow_up.urgent",
    FOLLOW_UP,
    _("Envoyé sans attendre votre accord, en raison de l’urgence."),
    _("Envoyé sans attendre ton accord, en raison de l’urgence."),
)
add("follow_up.none", FOLLOW_UP, _("Rien n’a été transmis à une unité."))
add(
    "follow_up.code_opens",
    FOLLOW_UP,
    _("Il n’ouvre que cette page, jamais les messages. Il fonctionne tant que l’échange est conservé."),
)
add("follow_up.code_seen", FOLLOW_UP, _("Toute personne qui a ces mots peut lire les suites, pas les messages."))
add(
    "follow_up.code_told",
    FOLLOW_UP,
    _(
        "Votre code de reprise, s’il fonctionnait à la fin de l’échange, ouvre cette page. Vous pouvez aussi en "
        "créer un nouveau : il remplace le précédent."
    ),
    _(
        "Ton code de reprise, s’il fonctionnait à la fin de l’échange, ouvre cette page. Tu peux aussi en créer "
        "un nouveau : il remplace le précédent."
    ),
)
add(
    "follow_up.resume_opens",
    FOLLOW_UP,
    _("Votre code de reprise ouvre aussi cette page, même après la fin de l’échange."),
    _("Ton code de reprise ouvre aussi cette page, même après la fin de l’échange."),
)
add(
    "follow_up.meeting_told",
    FOLLOW_UP,
    _("L’unité lira votre réponse. Dire non ne change rien pour vous : elle peut proposer un autre moment."),
    _("L’unité lira ta réponse. Dire non ne change rien pour toi : elle peut proposer un autre moment."),
)
add("slip.no_name", SLIP, _("Ce papier ne dit pas de nom."))
add(
    "slip.not_kept",
    SLIP,
    _("Sur l’appareil de quelqu’un d’autre, ne le gardez pas."),
    _("Sur l’appareil de quelqu’un d’autre, ne le garde pas."),
)
add("slip.none", SLIP, _("Aucun rendez-vous n’est proposé en ce moment."))
