"""This module has what the home page says besides its sections, which are « Contenus »."""

from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, Variable, add

HOME = Place("home", "Page d'information : le haut de la page et les 3 étapes")

add(
    "home.title",
    HOME,
    _("Écrivez ici. Un policier ou un gendarme vous répond."),
    _("Écris ici. Un policier ou un gendarme te répond."),
)
add(
    "home.lead",
    HOME,
    _("Cyberharcèlement : gratuit, 24h/24, 7j/7, sans donner votre nom."),
    _("Cyberharcèlement : gratuit, 24h/24, 7j/7, sans donner ton nom."),
)
add(
    "home.lead_closed",
    HOME,
    _("Cyberharcèlement : gratuit, sans donner votre nom."),
    _("Cyberharcèlement : gratuit, sans donner ton nom."),
    note="Tant que le tchat est fermé aux nouvelles personnes.",
)
WAIT_UNDER = add(
    "home.wait_under",
    HOME,
    _("Attente maintenant : moins de {high} minutes"),
    variables=[Variable("high", "au plus, en minutes", "2")],
)
WAIT_MINUTES = add(
    "home.wait_minutes",
    HOME,
    _("Attente maintenant : entre {low} et {high} minutes"),
    variables=[Variable("low", "au moins, en minutes", "2"), Variable("high", "au plus, en minutes", "6")],
)
WAIT_HOURS = add(
    "home.wait_hours",
    HOME,
    _("Attente maintenant : jusqu'à {hours} heures"),
    variables=[Variable("hours", "au plus, en heures", "3")],
)
WAIT_UNKNOWN = add("home.wait_unknown", HOME, _("Attente maintenant : durée inconnue, la file est ouverte"))
add("home.sample", HOME, _("À quoi ressemble un échange"))
add(
    "home.sample_1",
    HOME,
    _("Bonjour. Je suis là, prenez votre temps. Êtes-vous en sécurité ?"),
    _("Bonjour. Je suis là, prends ton temps. Es-tu en sécurité ?"),
)
add("home.sample_2", HOME, _("oui. ils ont refait un groupe avec ma photo"))
add(
    "home.sample_3",
    HOME,
    _("Vous avez bien fait d'écrire. On va regarder cela ensemble."),
    _("Tu as bien fait d'écrire. On va regarder cela ensemble."),
)
add("home.sentence_1", HOME, _("Peine de base : 1 an, 15 000 €"))
add("home.sentence_2", HOME, _("En ligne : 2 ans, 30 000 €"))
add("home.sentence_3", HOME, _("En ligne et contre un mineur : 3 ans, 45 000 €"))
add("home.steps_title", HOME, _("Comment ça se passe, en 3 étapes"))
add("home.step_1_title", HOME, _("J'entre dans le service"))
add(
    "home.step_1",
    HOME,
    _("Une question d'abord : êtes-vous en sécurité ? Puis ce qui se passe : vous touchez une réponse."),
    _("Une question d'abord : es-tu en sécurité ? Puis ce qui se passe : tu touches une réponse."),
)
add("home.step_2_title", HOME, _("Je donne mon code postal"))
add("home.step_2", HOME, _("Ou ma ville : cela dit qui répond d'abord, police ou gendarmerie."))
add("home.step_3_title", HOME, _("J'échange par tchat"))
add(
    "home.step_3",
    HOME,
    _("Un policier ou un gendarme vous répond par écrit, le même jusqu'au bout ; si cela change, on vous le dit."),
    _("Un policier ou un gendarme te répond par écrit, le même jusqu'au bout ; si cela change, on te le dit."),
)
add("home.tab_title", HOME, _("Cyberharcèlement : en parler à un policier ou un gendarme"))
add(
    "home.updated",
    HOME,
    _("Informations mises à jour le {date}."),
    variables=[Variable("date", "le jour", "3 mars 2027")],
)
