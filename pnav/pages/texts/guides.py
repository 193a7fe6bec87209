"""This module has what the pages of information (law, removal, numbers, minors, professionals) say around their
sections.
"""

from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, add

GUIDES = Place(
    "guides", "Pages de la loi, du retrait, des numéros, des mineurs et des professionnels : autour du texte"
)

add("guides.law_title", GUIDES, _("Ce que dit la loi"))
add("guides.law_lead", GUIDES, _("Harceler en ligne est puni par la loi. Voici ce qu'elle dit, avec des mots simples."))
add("guides.removal_title", GUIDES, _("Faire retirer un contenu"))
add(
    "guides.removal_lead",
    GUIDES,
    _("Gardez d'abord la trace, demandez ensuite au site. Un policier ou un gendarme peut vous aider à le faire."),
    _("Garde d'abord la trace, demande ensuite au site. Un policier ou un gendarme peut t'aider à le faire."),
)
# The infographic of the page, in the first person: it fits whoever reads it, of any age.
add("guides.removal_step_1_title", GUIDES, _("Je garde une trace"))
add(
    "guides.removal_step_1",
    GUIDES,
    _(
        "Une capture avec l'adresse entière, le compte et la date. Jamais d'une image sexuelle de mineur : là, je note "
        "seulement."
    ),
)
add("guides.removal_step_2_title", GUIDES, _("Je demande au site"))
add(
    "guides.removal_step_2",
    GUIDES,
    _("Bouton « Signaler », avec ou sans compte. Deux voies : contraire aux règles du site, et illicite."),
)
add("guides.removal_step_3_title", GUIDES, _("Pas de réponse, ou un refus"))
add(
    "guides.removal_step_3",
    GUIDES,
    _(
        "J'ai au moins 6 mois pour contester auprès du site. Le {numero_jeunes}, Point de Contact ou la CNIL peuvent "
        "aider."
    ),
)
add(
    "guides.numbers_lead",
    GUIDES,
    _("Pour parler ou pour écrire. En danger : {numero_police}, {numero_europe}, ou {numero_sms} par SMS."),
)
add("guides.minors_title", GUIDES, _("Tu as moins de 18 ans ?"))
add(
    "guides.minors_lead",
    GUIDES,
    _("Tu peux venir ici à tout âge, sans adulte, sans donner ton nom. C'est gratuit, jour et nuit."),
)
add(
    "guides.minors_lead_closed",
    GUIDES,
    _("Tu peux venir ici à tout âge, sans adulte, sans donner ton nom. C'est gratuit."),
    note="Tant que le tchat est fermé aux nouvelles personnes.",
)
add("guides.minors_simple_title", GUIDES, _("On te fait du mal sur internet ?"))
add("guides.minors_simple_lead", GUIDES, _("Ici, on t'aide. Les phrases sont courtes."))
add("guides.professionals_title", GUIDES, _("Vous aidez quelqu'un dans votre métier"))
add(
    "guides.professionals_lead",
    GUIDES,
    _("Ce que vous pouvez faire, ce que vous devez faire, et ce que l'on dit aux parents."),
)
add("guides.professionals_link", GUIDES, _("Professionnels"))
add("guides.on_this_page", GUIDES, _("Sur cette page"))
add("guides.door_title", GUIDES, _("Parlez à quelqu'un"), _("Parle à quelqu'un"))
add(
    "guides.door",
    GUIDES,
    _(
        "Un policier ou un gendarme vous répond par écrit, jour et nuit. C'est gratuit, et vous n'avez pas à donner "
        "votre nom."
    ),
    _("Un policier ou un gendarme te répond par écrit, jour et nuit. C'est gratuit, et tu n'as pas à donner ton nom."),
)
add(
    "guides.door_closed",
    GUIDES,
    _(
        "Quand le tchat est ouvert, un policier ou un gendarme vous répond par écrit. C'est gratuit, et vous n'avez "
        "pas à donner votre nom."
    ),
    _(
        "Quand le tchat est ouvert, un policier ou un gendarme te répond par écrit. C'est gratuit, et tu n'as pas à "
        "donner ton nom."
    ),
    note="Tant que le tchat est fermé aux nouvelles personnes.",
)
