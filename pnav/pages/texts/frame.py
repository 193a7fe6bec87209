"""What is read on every page: the frame, pages of errors, and words that come back in several rooms."""

from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, Variable, add

FRAME = Place("frame", "Cadre de toutes les pages : urgence, sortie, menu, pied")
NUMBERS = Place("numbers", "Numéros d'aide : les mots autour")
ERRORS = Place("errors", "Pages d'erreur")
BUSY = Place("busy", "Page d'attente, quand le service reçoit trop de demandes à la fois")
EVERYWHERE = Place("pages", "Plusieurs pages : boutons et mots qui se répètent")

add("errors.access_denied", ERRORS, _("Accès refusé"))
add("errors.page_not_open_everyone", ERRORS, _("Cette page n'est pas ouverte à tous"))
add(
    "errors.other_people_no_longer",
    ERRORS,
    _("Elle est réservée à d'autres personnes, ou elle n'est plus disponible pour vous. Vous pouvez continuer ici :"),
)
add("errors.page_has_expired", ERRORS, _("La page a expiré"))
add(
    "errors.what_just_sent_was",
    ERRORS,
    _(
        "Ce que vous veniez d'envoyer n'a pas été enregistré. Par sécurité, une page restée ouverte "
        "longtemps ne peut plus rien envoyer."
    ),
)
add(
    "errors.go_back_previous_page",
    ERRORS,
    _(
        "Revenez à la page précédente, rechargez-la, puis envoyez de nouveau. Si cela recommence, votre "
        "navigateur refuse peut-être les cookies : ce site n'en utilise que pour votre visite."
    ),
)
add("errors.page_not_found", ERRORS, _("Page introuvable"))
add(
    "errors.address_does_not_lead",
    ERRORS,
    _("Cette adresse ne mène nulle part. Vous n'avez rien fait de mal, et vous pouvez continuer ici :"),
)
add("errors.looking_help", ERRORS, _("Vous cherchez de l'aide ?"))
add("errors.talk_someone_do_not", ERRORS, _("Pour parler avec quelqu'un, vous n'avez besoin d'aucun compte :"))
add("errors.request_not_read", ERRORS, _("Cet envoi n'a pas pu être lu"))
add(
    "errors.nothing_was_kept",
    ERRORS,
    _(
        "Il était trop long, ou abîmé en route : rien n'a été enregistré. Revenez à la page précédente, "
        "raccourcissez le texte, puis envoyez de nouveau."
    ),
)
add("errors.problem_our_side", ERRORS, _("Une panne de notre côté"))
add("errors.not_fault_wait_one", ERRORS, _("Ce n'est pas votre faute. Attendez une minute, puis rechargez la page."))
add("errors.go_home_page", ERRORS, _("Aller à l'accueil"))
add("errors.talk_someone", ERRORS, _("Parler à quelqu'un"))
add(
    "errors.if_danger_call_if",
    ERRORS,
    _(
        "En danger : appelez le {numero_police} ou le {numero_europe}. Si vous ne pouvez pas parler, "
        "écrivez au {numero_sms} par SMS."
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
        "Rien n'a été enregistré : le service reçoit beaucoup de demandes à la fois. « Précédent », dans le "
        "navigateur, ramène à ce qui était écrit ; il suffit de l'envoyer de nouveau dans quelques secondes."
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
        "Moins de 18 ans : {numero_jeunes}."
    ),
)
add("pages.return_conversation_code", EVERYWHERE, _("Reprendre un échange avec un code"))
add("pages.see_my_useful_contacts", EVERYWHERE, _("Voir mes contacts utiles"))
add(
    "pages.call",
    EVERYWHERE,
    _("Appeler le {number}"),
    variables=[Variable("number", "le numéro de téléphone", "01 23 45 67 89")],
)
add("pages.accessibility_not_compliant", EVERYWHERE, _("Accessibilité : non conforme"))
add("pages.legal_notice", EVERYWHERE, _("Mentions légales"))
add("pages.personal_data", EVERYWHERE, _("Données personnelles"))
add("pages.figures_service", EVERYWHERE, _("Chiffres du service"))
add("pages.guidance", EVERYWHERE, _("Orientation"))
add("pages.opening_hours", EVERYWHERE, _("Horaires"))
add("pages.there_one_error", EVERYWHERE, _("Il y a une erreur"))
add(
    "pages.there_errors",
    EVERYWHERE,
    _("Il y a {total} erreurs"),
    variables=[Variable("total", "le nombre d'erreurs", "3")],
)
add(
    "pages.sources_insee_cog_la",
    EVERYWHERE,
    _(
        "Sources : Insee (COG), La Poste, DILA – Service-public.fr, Ministère de l'Intérieur, Ministère "
        "de la Justice – Licence Ouverte"
    ),
)
add("pages.find_help_near_me", EVERYWHERE, _("Trouver de l'aide près de chez moi"))
add("pages.change_place", EVERYWHERE, _("Changer"))
add("pages.search", EVERYWHERE, _("Rechercher"))
add("pages.talk_someone_now", EVERYWHERE, _("Parler à quelqu'un maintenant"))
add("pages.find_my_contacts", EVERYWHERE, _("Trouver mes contacts"))
add("pages.demonstration_site_has_no", EVERYWHERE, _("Ce site de démonstration n'a pas d'adresse de contact."))
add("pages.error", EVERYWHERE, _("Erreur :"))
add("pages.examples_93200_saint_denis", EVERYWHERE, _("Exemples : 93200, Saint-Denis, Lyon 3e"))
add("pages.example_97400_name_town", EVERYWHERE, _("Exemple : 97400. Le nom de la ville marche aussi."))
add("pages.useful_numbers", EVERYWHERE, _("Les numéros utiles"))
add("pages.change", EVERYWHERE, _("Modifier"))
add("pages.enter_chat", EVERYWHERE, _("Entrer dans le tchat"))
SERVICE = add(
    "frame.cyber_harassment_talk_free",
    FRAME,
    _("Cyberharcèlement : parlez gratuitement avec un policier ou un gendarme, 24h/24 et 7j/7, sans donner votre nom."),
)
add("frame.traces_browser", FRAME, _("Traces dans le navigateur"))
add("frame.home", FRAME, _("Accueil"))
add("frame.chat", FRAME, _("Tchat"))
SCREEN = "Quand quelqu'un peut voir l'écran : ne dit pas de quel site il s'agit."
add("frame.guidance_discreet", FRAME, _("Mes réponses"), note=SCREEN)
add("frame.place_discreet", FRAME, _("Lieux"), note=SCREEN)
add("frame.chat_discreet", FRAME, _("Mes messages"), note=SCREEN)
add("frame.card", FRAME, _("Une carte à donner"))
add("frame.data_editions", FRAME, _("Éditions des données"))
add("frame.demonstration_site", FRAME, _("Site de démonstration."))
add("frame.nobody_answers_here_danger", FRAME, _("Personne ne répond ici. En danger : 17."))
add("frame.report_cyber_harassment_get", FRAME, _("Signaler un cyberharcèlement, être accompagné"))
add("frame.menu", FRAME, _("Menu"))
add("frame.main_menu", FRAME, _("Menu principal"))
add("frame.emergency_quick_exit", FRAME, _("Urgence et sortie rapide"))
add("frame.emergency", FRAME, _("Urgence :"))
add("frame.call_17_police_emergency", FRAME, _("Appeler le 17, police secours"))
add("frame.call_112_european_emergency", FRAME, _("Appeler le 112, urgence européenne"))
add(
    "frame.114_by_text_if",
    FRAME,
    _("114 par SMS, si vous ne pouvez pas parler : écrire au 114"),
    _("114 par SMS, si tu ne peux pas parler : écrire au 114"),
)
add("frame.114_by_text", FRAME, _("114 par SMS"))
add(
    "frame.press_shift_two_more",
    FRAME,
    _("Appuyez encore deux fois sur Majuscule pour quitter le site."),
    _("Appuie encore deux fois sur Majuscule pour quitter le site."),
)
add(
    "frame.press_shift_one_more",
    FRAME,
    _("Appuyez encore une fois sur Majuscule pour quitter le site."),
    _("Appuie encore une fois sur Majuscule pour quitter le site."),
)
add("frame.leaving", FRAME, _("Vous quittez le site."), _("Tu quittes le site."))
add("frame.quick_exit_cancelled_time", FRAME, _("Sortie rapide annulée : le délai est passé."))
add("frame.quick_access", FRAME, _("Accès rapide"))
add("frame.content", FRAME, _("Contenu"))
add("frame.announcement", FRAME, _("Annonce"))
add(
    "frame.announcement_discreet",
    FRAME,
    _("À lire"),
    note="Quand quelqu'un peut voir l'écran : un titre qui se déplie.",
)
add("frame.footer", FRAME, _("Pied de page"))
add(
    "numbers.text",
    NUMBERS,
    _("SMS au {number}"),
    variables=[Variable("number", "le numéro de téléphone", "114")],
)
add("numbers.by_text", NUMBERS, _("par SMS"))
add("numbers.emergency", NUMBERS, _("Urgence"))
FREE = add("numbers.free", NUMBERS, _("gratuit"))
