"""This module has what every page says: its frame, pages of errors, and words that are used in several places."""

from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, Variable, add

FRAME = Place("frame", "Cadre de toutes les pages : urgence, sortie, menu, pied")
NUMBERS = Place("numbers", "Numéros d'aide : les mots autour")
ERRORS = Place("errors", "Pages d'erreur")
BUSY = Place("busy", "Page d'attente, quand le service reçoit trop de demandes à la fois")
EVERYWHERE = Place("pages", "Plusieurs pages : boutons et mots qui se répètent")

add("errors.denied_tab_title", ERRORS, _("Accès refusé"))
add("errors.denied_title", ERRORS, _("Cette page n'est pas ouverte à tous"))
add(
    "errors.denied_told",
    ERRORS,
    _("Elle est réservée à d'autres personnes, ou elle n'est plus disponible pour vous. Vous pouvez continuer ici :"),
    _("Elle est réservée à d'autres personnes, ou elle n'est plus disponible pour toi. Tu peux continuer ici :"),
)
add("errors.expired_title", ERRORS, _("La page a expiré"))
add(
    "errors.expired_told",
    ERRORS,
    _(
        "Ce que vous veniez d'envoyer n'a pas été enregistré. Par sécurité, une page restée ouverte "
        "longtemps ne peut plus rien envoyer."
    ),
    _(
        "Ce que tu venais d'envoyer n'a pas été enregistré. Par sécurité, une page restée ouverte "
        "longtemps ne peut plus rien envoyer."
    ),
)
add(
    "errors.expired_advice",
    ERRORS,
    _(
        "Revenez à la page précédente, rechargez-la, puis envoyez de nouveau. Si cela recommence, votre "
        "navigateur refuse peut-être les cookies : ce site n'en utilise que pour votre visite."
    ),
    _(
        "Reviens à la page précédente, recharge-la, puis envoie de nouveau. Si cela recommence, ton "
        "navigateur refuse peut-être les cookies : ce site n'en utilise que pour ta visite."
    ),
)
add("errors.missing_title", ERRORS, _("Page introuvable"))
add(
    "errors.missing_told",
    ERRORS,
    _("Cette adresse ne mène nulle part. Vous n'avez rien fait de mal, et vous pouvez continuer ici :"),
    _("Cette adresse ne mène nulle part. Tu n'as rien fait de mal, et tu peux continuer ici :"),
)
add("errors.staff_door_title", ERRORS, _("Vous cherchez de l'aide ?"))
add("errors.staff_door_told", ERRORS, _("Pour parler avec quelqu'un, vous n'avez besoin d'aucun compte :"))
add("errors.request_not_read", ERRORS, _("Cet envoi n'a pas pu être lu"))
add(
    "errors.nothing_was_kept",
    ERRORS,
    _(
        "Il était trop long, ou abîmé en route : rien n'a été enregistré. Revenez à la page précédente, "
        "raccourcissez le texte, puis envoyez de nouveau."
    ),
)
add(
    "errors.smaller_file",
    ERRORS,
    _(
        "Le fichier était trop lourd, ou abîmé en route : rien n'a été enregistré. Revenez à la page précédente, "
        "choisissez un fichier plus petit, puis envoyez de nouveau."
    ),
)
add("errors.visit_over", ERRORS, _("Cette visite a pris fin"))
add(
    "errors.begin_again",
    ERRORS,
    _(
        "Elle s'est terminée pendant cet envoi, par exemple dans un autre onglet. Ce qui était écrit n'est pas en "
        "cause : il suffit de recommencer depuis l'accueil, ou de reprendre l'échange avec son code."
    ),
)
add("errors.failure_title", ERRORS, _("Une panne de notre côté"))
add("errors.failure_told", ERRORS, _("Ce n'est pas votre faute. Attendez une minute, puis rechargez la page."))
add(
    "errors.failure_sent",
    ERRORS,
    _(
        "Vous veniez d'envoyer un texte ? Il n'est peut-être pas arrivé. Recharger cette page l'envoie de nouveau ; "
        "le navigateur demande parfois de le confirmer."
    ),
)
add(
    "errors.others_listen",
    ERRORS,
    _(
        "Idées suicidaires : {numero_suicide}, jour et nuit. Violences en ligne, pour les jeunes : {numero_jeunes}, de "
        "9 h à 23 h. C'est gratuit."
    ),
)
add(
    "errors.unavailable_tab_title",
    ERRORS,
    _("Page indisponible"),
    note="Le titre de l'onglet quand plus rien ne répond : il ne dit ni le nom du site, ni de quoi il parle.",
)
add(
    "errors.danger_numbers",
    ERRORS,
    _(
        "En danger : appelez le {numero_police} ou le {numero_europe}. Si vous ne pouvez pas parler, "
        "écrivez au {numero_sms} par SMS."
    ),
    _(
        "En danger : appelle le {numero_police} ou le {numero_europe}. Si tu ne peux pas parler, "
        "écris au {numero_sms} par SMS."
    ),
)
add("busy.title", BUSY, _("Beaucoup de demandes en ce moment"))
add(
    "busy.told",
    BUSY,
    _(
        "Cette page n'a pas pu être affichée : le service reçoit beaucoup de demandes à la fois. Il suffit de "
        "réessayer dans quelques secondes."
    ),
)
add(
    "busy.sent",
    BUSY,
    _(
        "Rien n'a été enregistré : le service reçoit beaucoup de demandes à la fois. Dans quelques secondes, recharger "
        "cette page envoie de nouveau ce qui était écrit ; le navigateur demande parfois de le confirmer."
    ),
)
add(
    "busy.kept",
    BUSY,
    _(
        "Le service reçoit beaucoup de demandes à la fois. Rien n'est perdu : ce qui était écrit est gardé dans cette "
        "page, et peut être envoyé de nouveau dans quelques secondes."
    ),
)
add(
    "busy.frame",
    BUSY,
    _("Le service reçoit beaucoup de demandes à la fois. Les messages reviennent ici d'eux-mêmes."),
)
add(
    "busy.danger",
    BUSY,
    _(
        "En danger : {numero_police} ou {numero_europe}. Sans pouvoir parler : {numero_sms} par SMS. "
        "Moins de 18 ans : {numero_enfance}, jour et nuit."
    ),
)
add(
    "pages.call",
    EVERYWHERE,
    _("Appeler le {number}"),
    variables=[Variable("number", "le numéro de téléphone", "01 23 45 67 89")],
)
add("pages.accessibility_link", EVERYWHERE, _("Accessibilité : non conforme"))
add("pages.legal_title", EVERYWHERE, _("Mentions légales"))
add("pages.privacy_title", EVERYWHERE, _("Données personnelles"))
add("pages.figures_title", EVERYWHERE, _("Chiffres du service"))
add("pages.guidance", EVERYWHERE, _("Orientation"))
add("pages.hours_title", EVERYWHERE, _("Horaires"))
add("pages.error_summary_one", EVERYWHERE, _("Il y a une erreur"))
add(
    "pages.error_summary_many",
    EVERYWHERE,
    _("Il y a {total} erreurs"),
    variables=[Variable("total", "le nombre d'erreurs", "3")],
)
add(
    "pages.data_sources",
    EVERYWHERE,
    _(
        "Sources : Insee (COG), La Poste, DILA – Service-public.fr, Ministère de l'Intérieur, Ministère "
        "de la Justice – Licence Ouverte"
    ),
)
add("pages.search", EVERYWHERE, _("Rechercher"))
add("pages.chat_title", EVERYWHERE, _("Parler à quelqu'un maintenant"))
add("pages.contacts_title", EVERYWHERE, _("Trouver mes contacts"))
add("pages.contact_missing", EVERYWHERE, _("Ce site de démonstration n'a pas d'adresse de contact."))
add("pages.error", EVERYWHERE, _("Erreur :"))
add("pages.search_hint", EVERYWHERE, _("Exemples : 93200, Saint-Denis, Lyon 3e"))
add("pages.search_hint_overseas", EVERYWHERE, _("Exemple : 97400. Le nom de la ville marche aussi."))
add("pages.numbers_title", EVERYWHERE, _("Les numéros utiles"))
add("pages.change", EVERYWHERE, _("Modifier"))
SERVICE = add(
    "frame.description",
    FRAME,
    _("Cyberharcèlement : parlez gratuitement avec un policier ou un gendarme, 24h/24 et 7j/7, sans donner votre nom."),
)
add(
    "frame.turn_waits",
    FRAME,
    _("Votre place est gardée. Votre tour peut venir pendant ce temps : il ne se voit que dans votre échange."),
    _("Ta place est gardée. Ton tour peut venir pendant ce temps : il ne se voit que dans ton échange."),
    note="Au-dessus d'une autre page que l'échange, pendant l'attente. Quelqu'un peut voir l'écran.",
)
add("frame.traces_link", FRAME, _("Traces dans le navigateur"))
add("frame.home", FRAME, _("Accueil"))
add("frame.chat", FRAME, _("Tchat"))
SCREEN = "Quand quelqu'un peut voir l'écran : ne dit pas de quel site il s'agit."
add("frame.guidance_discreet", FRAME, _("Mes réponses"), note=SCREEN)
add("frame.place_discreet", FRAME, _("Lieux"), note=SCREEN)
add("frame.chat_discreet", FRAME, _("Mes messages"), note=SCREEN)
add("frame.card", FRAME, _("Une carte à donner"))
add("frame.data_title", FRAME, _("Éditions des données"))
add("frame.demo_label", FRAME, _("Site de démonstration."))
add("frame.demo_told", FRAME, _("Personne ne répond ici. En danger : 17."))
add("frame.tagline", FRAME, _("Signaler un cyberharcèlement, être accompagné"))
add("frame.emergency", FRAME, _("Urgence :"))
add(
    "numbers.text",
    NUMBERS,
    _("SMS au {number}"),
    variables=[Variable("number", "le numéro de téléphone", "114")],
)
add("numbers.text_suffix", NUMBERS, _("par SMS"))
add("numbers.emergency", NUMBERS, _("Urgence"))
FREE = add("numbers.free", NUMBERS, _("gratuit"))
