"""These are the sentences of the page on traces. The label « Quitter rapidement » never changes, so its name is a
variable.
"""

from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, Variable, add

QUIT = Place("quit", "Traces dans le navigateur")

add(
    "quit.way_button",
    QUIT,
    _("Le bouton rouge, toujours visible : en haut sur un ordinateur, en bas sur un téléphone."),
)
add("quit.way_shift", QUIT, _("La touche Majuscule (Maj, ⇧), trois fois en cinq secondes."))
add("quit.way_tab", QUIT, _("La touche Tabulation puis Entrée, dès l'ouverture d'une page."))
add(
    "quit.erases_visit",
    QUIT,
    _(
        "Votre visite : vos réponses et votre point d'accueil sont oubliés par ce site. Si un échange a commencé, "
        "ils restent gardés avec lui."
    ),
    _(
        "Ta visite : tes réponses et ton point d'accueil sont oubliés par ce site. Si un échange a commencé, "
        "ils restent gardés avec lui."
    ),
)
add(
    "quit.erases_cookies",
    QUIT,
    _("Les cookies de ce site, avec le thème et la langue que vous aviez choisis."),
    _("Les cookies de ce site, avec le thème et la langue que tu avais choisis."),
)
add(
    "quit.erases_page",
    QUIT,
    _("La page affichée : votre navigateur ne la garde pas. Revenir en arrière ne montre pas ce que vous aviez écrit."),
    _("La page affichée : ton navigateur ne la garde pas. Revenir en arrière ne montre pas ce que tu avais écrit."),
)
add(
    "quit.without_network",
    QUIT,
    _(
        "Sans réseau, le bouton cache la page, mais n'efface rien. Avec JavaScript, l'effacement se fait quand ce "
        "navigateur demande de nouveau une page de ce site."
    ),
)
add(
    "quit.stays_history",
    QUIT,
    _("L'historique : le nom de ce site y reste. Aucun site ne peut l'effacer à votre place."),
    _("L'historique : le nom de ce site y reste. Aucun site ne peut l'effacer à ta place."),
)
add(
    "quit.stays_tabs",
    QUIT,
    _("Les onglets d'autres sites. Les autres onglets de ce site aussi, dans un navigateur ancien ou sans JavaScript."),
)
add(
    "quit.stays_files",
    QUIT,
    _("Les captures d'écran et les fichiers que vous avez enregistrés."),
    _("Les captures d'écran et les fichiers que tu as enregistrés."),
)
add(
    "quit.stays_calls",
    QUIT,
    _("Vos appels et vos SMS, dans le journal du téléphone."),
    _("Tes appels et tes SMS, dans le journal du téléphone."),
)
add(
    "quit.stays_watched",
    QUIT,
    _("Si quelqu'un surveille votre appareil ou votre réseau, ce qu'il a déjà vu."),
    _("Si quelqu'un surveille ton appareil ou ton réseau, ce qu'il a déjà vu."),
)
add(
    "quit.private_told",
    QUIT,
    _("En navigation privée, l'historique n'est pas gardé quand vous fermez la fenêtre."),
    _("En navigation privée, l'historique n'est pas gardé quand tu fermes la fenêtre."),
)
add(
    "quit.private_computer",
    QUIT,
    _(
        "Sur un ordinateur : Ctrl + Maj + N (Chrome, Edge) ou Ctrl + Maj + P (Firefox). Sur un Mac : Cmd à la "
        "place de Ctrl."
    ),
)
add(
    "quit.private_phone",
    QUIT,
    _("Sur un téléphone : menu du navigateur, puis « Nouvel onglet privé » ou « Navigation privée »."),
)
add(
    "quit.history_lines",
    QUIT,
    _(
        "Ouvrez l'historique du navigateur (Ctrl + H sur un ordinateur, le menu sur un téléphone). Supprimez "
        "seulement les lignes de ce site : un historique entièrement vide peut se remarquer."
    ),
    _(
        "Ouvre l'historique du navigateur (Ctrl + H sur un ordinateur, le menu sur un téléphone). Supprime "
        "seulement les lignes de ce site : un historique entièrement vide peut se remarquer."
    ),
)
add(
    "quit.safest",
    QUIT,
    _(
        "Le plus sûr est un appareil que la personne qui vous fait du mal ne peut pas toucher : celui d'un "
        "proche, d'une médiathèque, d'une association."
    ),
    _(
        "Le plus sûr est un appareil que la personne qui te fait du mal ne peut pas toucher : celui d'un "
        "proche, d'une médiathèque, d'une association."
    ),
)
add(
    "quit.come_back",
    QUIT,
    _(
        "Si un échange était ouvert, votre place et vos messages sont gardés. Pour revenir, il faut le code de "
        "reprise, à demander pendant l'échange."
    ),
    _(
        "Si un échange était ouvert, ta place et tes messages sont gardés. Pour revenir, il faut le code de "
        "reprise, à demander pendant l'échange."
    ),
)
add("quit.page_title", QUIT, _("Quitter ce site : ce qui reste dans le navigateur"))
add(
    "quit.lead",
    QUIT,
    _("Le bouton « {label} » cache la page et vous emmène ailleurs. Il ne peut pas tout effacer : voici ce qui reste."),
    _("Le bouton « {label} » cache la page et t'emmène ailleurs. Il ne peut pas tout effacer : voici ce qui reste."),
    variables=[Variable("label", "le nom du bouton ou de la page, tel qu'il s'affiche", "Quitter rapidement")],
)
add("quit.ways_title", QUIT, _("Trois façons de quitter"))
add("quit.erased_title", QUIT, _("Ce que le bouton efface"))
add("quit.left_title", QUIT, _("Ce qui reste"))
add("quit.private_title", QUIT, _("Venir en navigation privée"))
add("quit.history_title", QUIT, _("Effacer l'historique"))
add("quit.return_title", QUIT, _("Revenir plus tard"))
