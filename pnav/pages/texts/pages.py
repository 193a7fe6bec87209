"""What the page of information says besides its sections, which are « Contenus »."""

from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, Variable, add

HOME = Place("home", "Page d'information : le haut de la page et les 3 étapes")

add("home.title", HOME, _("Face au cyberharcèlement, parlez-en."))
add(
    "home.lead",
    HOME,
    _(
        "Vous n'êtes pas seul. Un policier ou un gendarme formé vous répond par tchat. C'est gratuit, 24h/24 "
        "et 7j/7, sans donner votre nom."
    ),
)
add("home.minors", HOME, _("Tu as moins de 18 ans ? Tu peux venir seul."))
add("home.steps_title", HOME, _("Comment ça se passe, en 3 étapes"))
add("home.step_1_title", HOME, _("J'entre dans le service"))
add(
    "home.step_1",
    HOME,
    _(
        "Deux questions d'abord : êtes-vous en danger, quelqu'un peut-il voir votre écran ? Puis quelques "
        "questions simples."
    ),
)
add("home.step_2_title", HOME, _("Je donne mon code postal"))
add("home.step_2", HOME, _("Il sert seulement à savoir qui vous répond : la police ou la gendarmerie."))
add("home.step_3_title", HOME, _("J'échange par tchat"))
add(
    "home.step_3",
    HOME,
    _("Un policier ou un gendarme vous répond par écrit. La même personne reste avec vous pendant tout l'échange."),
)
add("home.infographic_3_steps", HOME, _("Infographie : les 3 étapes"))
add("home.text_version_infographic", HOME, _("Version texte de l'infographie"))
add(
    "home.infographic_shows_three_drawings",
    HOME,
    _(
        "L'infographie montre trois dessins, de gauche à droite. Le premier : un téléphone, avec un "
        "bouton que l'on touche ; c'est l'entrée dans le service. Le deuxième : un repère posé sur un "
        "plan ; c'est le code postal que l'on donne. Le troisième : deux bulles de dialogue qui se "
        "répondent ; c'est l'échange par tchat avec un policier ou un gendarme."
    ),
    max_length=600,
)
add("home.cyber_harassment_talk_about", HOME, _("Cyberharcèlement : en parler à un policier ou un gendarme"))
add("home.reception_point", HOME, _("Votre point d'accueil"))
add("home.page", HOME, _("Sur cette page"))
add(
    "home.information_updated",
    HOME,
    _("Informations mises à jour le {date}."),
    variables=[Variable("date", "le jour", "3 mars 2027")],
)
