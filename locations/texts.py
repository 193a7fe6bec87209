"""These are the texts of the pages of the point d'accueil, but for the labels that are contracts."""

from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, Variable, add

SEARCH = Place("places.search", "Point d'accueil : chercher")
SELECT = Place("places.select", "Point d'accueil : choisir un service")
NOT_FOUND = Place("places.not_found", "Point d'accueil : lieu non trouvé")
CHOSEN = Place("places.chosen", "Point d'accueil : le choix est enregistré")
REMOVE = Place("places.remove", "Point d'accueil : supprimer")
CONTACTS = Place("places.contacts", "Mes contacts utiles")
AROUND = Place("places.around", "Point d'accueil : mots qui se répètent")

add(
    "places.to_talk_discreet",
    SEARCH,
    _("Pour échanger, jour et nuit"),
    note="Quand quelqu'un peut voir l'écran : ne dit pas ce qu'est cette page.",
)
add(
    "places.to_talk_closed",
    SEARCH,
    _("Pour échanger avec un gendarme ou un policier"),
    note="Pendant que le tchat est fermé.",
)
add(
    "places.to_talk_discreet_closed",
    SEARCH,
    _("Pour échanger"),
    note="Quand quelqu'un peut voir l'écran et que le tchat est fermé : ne dit pas ce qu'est cette page.",
)
add("places.nearest_tag", CHOSEN, _("la plus proche connue"))
add(
    "places.for",
    CHOSEN,
    _("pour {commune}"),
    variables=[Variable("commune", "la commune, ou le code postal", "Rennes")],
)
add(
    "places.no_unit_near",
    CHOSEN,
    _(
        "Nous ne connaissons pas d'unité près de cette commune. Un policier ou un gendarme vous répondra "
        "quand même par tchat."
    ),
    _(
        "Nous ne connaissons pas d'unité près de cette commune. Un policier ou un gendarme te répondra "
        "quand même par tchat."
    ),
)
add(
    "places.contacts_told",
    CHOSEN,
    _("Adresse, téléphone, horaires, associations et tribunaux près de cette commune."),
)
add("places.hours_open", CONTACTS, _("Ouvert maintenant"))
add("places.until", CONTACTS, _("jusqu'à {time}"), variables=[Variable("time", "l'heure", "18 h")])
add("places.hours_holiday", CONTACTS, _("Jour férié"))
add("places.hours_uncertain", CONTACTS, _("Les horaires peuvent différer."))
add(
    "places.hours_may_differ_call",
    CONTACTS,
    _("Les horaires peuvent différer : appelez avant de vous déplacer."),
    _("Les horaires peuvent différer : appelle avant de te déplacer."),
)
add("places.hours_closed", CONTACTS, _("Fermé maintenant"))
add(
    "places.hours_next",
    CONTACTS,
    _("ouvre {day} à {time}"),
    variables=[Variable("day", "le jour", "demain"), Variable("time", "l'heure", "18 h")],
)
add("places.hours_holidays_hint", CONTACTS, _("Peut différer les jours fériés."))
add("places.hours_unknown", CONTACTS, _("Horaires inconnus."))
add(
    "places.hours_missing",
    CONTACTS,
    _("Horaires inconnus. Appelez avant de vous déplacer."),
    _("Horaires inconnus. Appelle avant de te déplacer."),
)
add(
    "places.partner_distance",
    CONTACTS,
    _("environ {distance} km"),
    variables=[Variable("distance", "la distance, en kilomètres", "12")],
)
add("places.access_full", CONTACTS, _("Accessible en fauteuil roulant."))
add("places.access_by_request", CONTACTS, _("Accessible en fauteuil roulant sur demande."))
add("places.of", CONTACTS, _("de {name}"), variables=[Variable("name", "le nom du contact", "France Victimes 35")])
add("places.external_link", CONTACTS, _("(vous quittez Pnav)"), _("(tu quittes Pnav)"))
add("places.contacts_title", CONTACTS, _("Mes contacts utiles"))
add(
    "places.unit_is_nearest",
    CONTACTS,
    _("Unité la plus proche connue, pour {commune}"),
    variables=[Variable("commune", "la commune, ou le code postal", "Rennes")],
)
add(
    "places.unit_is_chosen",
    CONTACTS,
    _("Votre point d'accueil, pour {commune}"),
    _("Ton point d'accueil, pour {commune}"),
    variables=[Variable("commune", "la commune, ou le code postal", "Rennes")],
)
add(
    "places.unit_is_guessed",
    CONTACTS,
    _("Ce n'est peut-être ni votre commune ni votre arrondissement : « Changer » permet de les indiquer."),
    _("Ce n'est peut-être ni ta commune ni ton arrondissement : « Changer » permet de les indiquer."),
    note="La recherche répondait à plusieurs lieux, ou une grande ville a été prise à la place.",
)
add(
    "places.competence_unknown",
    CONTACTS,
    _("Nous ne savons pas quelle unité est compétente pour cette commune. Celle-ci pourra vous dire où vous adresser."),
    _("Nous ne savons pas quelle unité est compétente pour cette commune. Celle-ci pourra te dire où t'adresser."),
)
add("places.address", CONTACTS, _("Adresse"))
add(
    "places.address_unknown",
    CONTACTS,
    _("Adresse inconnue. Le {numero_police} peut vous renseigner en cas d'urgence."),
    _("Adresse inconnue. Le {numero_police} peut te renseigner en cas d'urgence."),
)
add("places.phone", CONTACTS, _("Téléphone"))
add(
    "places.phone_unknown",
    CONTACTS,
    _("Numéro inconnu. En cas de danger, appelez le {numero_police}."),
    _("Numéro inconnu. En cas de danger, appelle le {numero_police}."),
)
add(
    "places.source",
    CONTACTS,
    _("Source : {source}."),
    variables=[Variable("source", "d'où vient cette fiche", "Service-public.fr")],
)
add(
    "places.is_example",
    CONTACTS,
    _("Cette fiche sert d'exemple : ne vous y fiez pas pour vous déplacer."),
    _("Cette fiche sert d'exemple : ne t'y fie pas pour te déplacer."),
)
EXAMPLE = add("places.example", AROUND, _("exemple"))
add(
    "places.examples",
    AROUND,
    _("Ce site de démonstration montre des unités d'exemple. Pour charger les vraies : {command}"),
    variables=[Variable("command", "la commande du serveur", "manage.py import_locations --download")],
)
add("places.checked", CONTACTS, _("Vérifié le {date}."), variables=[Variable("date", "le jour", "3 mars 2027")])
add("places.unit_is_shared", CONTACTS, _("Une autre unité répond aussi pour cette commune."))
add(
    "places.no_unit_for",
    CONTACTS,
    _("Nous ne connaissons pas d'unité pour {commune}."),
    variables=[Variable("commune", "la commune, ou le code postal", "Rennes")],
)
add(
    "places.no_help_near",
    CONTACTS,
    _(
        "Nous ne connaissons pas d'association d'aide aux victimes dans ce département ({department}). "
        "Les numéros nationaux sont plus bas."
    ),
    variables=[Variable("department", "le département", "Ille-et-Vilaine")],
)
add("places.national_title", CONTACTS, _("Numéros nationaux"))
MANY = add(
    "places.many_suggestions",
    SEARCH,
    _("{n} propositions. Flèches haut et bas pour choisir."),
    variables=[Variable("n", "le nombre de propositions", "4")],
)
add(
    "places.search_required",
    SEARCH,
    _("Dernière étape avant d'échanger : votre ville, ou votre code postal."),
    _("Dernière étape avant d'échanger : ta ville, ou ton code postal."),
)
add("places.choice_title", SEARCH, _("Votre choix actuel"), _("Ton choix actuel"))
add(
    "places.search_privacy",
    SEARCH,
    _(
        "Votre recherche reste sur ce site. Seul le service choisi est gardé, le temps de votre visite. Si un échange "
        "commence, ce lieu est gardé avec lui. Personne ne vérifie que ce code postal est le vôtre."
    ),
    _(
        "Ta recherche reste sur ce site. Seul le service choisi est gardé, le temps de ta visite. Si un échange "
        "commence, ce lieu est gardé avec lui. Personne ne vérifie que ce code postal est le tien."
    ),
)
add(
    "places.searched",
    SELECT,
    _("Vous avez cherché : {name}"),
    _("Tu as cherché : {name}"),
    variables=[Variable("name", "ce qui a été cherché", "Lyon 3e")],
)
add(
    "places.no_unit_here",
    SELECT,
    _("Nous ne connaissons aucune unité ici. Vous pouvez quand même échanger par tchat."),
    _("Nous ne connaissons aucune unité ici. Tu peux quand même échanger par tchat."),
)
add(
    "places.option_distance",
    SELECT,
    _("À environ {distance} km à vol d'oiseau."),
    variables=[Variable("distance", "la distance, en kilomètres", "12")],
)
add("places.option_is_nearest", SELECT, _("Une des unités connues les plus proches."))
add("places.cedex_told", SELECT, _("Ce code CEDEX est celui d'une entreprise ou d'une administration."))
add(
    "places.cedex_town_only",
    SELECT,
    _("Nous ne connaissons que la commune de cet organisme : vérifiez que c'est la bonne."),
    _("Nous ne connaissons que la commune de cet organisme : vérifie que c'est la bonne."),
)
add("places.code_is_short", SELECT, _("Il manque un chiffre à ce code postal."))
add(
    "places.overseas_told",
    SELECT,
    _("Outre-mer : le tchat répond aussi, jour et nuit. Les horaires affichés sont à l'heure locale."),
)
add(
    "places.unit_unknown",
    SELECT,
    _(
        "Pour certaines communes, nous ne savons pas quelle unité est compétente. Nous vous proposons "
        "alors l'unité la plus proche parmi celles que nous connaissons."
    ),
    _(
        "Pour certaines communes, nous ne savons pas quelle unité est compétente. Nous te proposons "
        "alors l'unité la plus proche parmi celles que nous connaissons."
    ),
)
add("places.towns_title", SELECT, _("Quelle commune ?"))
add("places.search_other_title", SELECT, _("Vous cherchez une autre commune ?"), _("Tu cherches une autre commune ?"))
add(
    "places.add_department",
    SELECT,
    _("Ajoutez le département si plusieurs communes portent ce nom : Saint-Denis 93"),
    _("Ajoute le département si plusieurs communes portent ce nom : Saint-Denis 93"),
)
GIVEN_TOO_OFTEN = add(
    "places.given_too_often",
    CHOSEN,
    _("Le lieu de l'échange a changé trop souvent. Réessayez dans une heure."),
    _("Le lieu de l'échange a changé trop souvent. Réessaie dans une heure."),
)
add(
    "places.give_told",
    AROUND,
    _("La personne qui vous répond voit ce lieu seulement si vous l'indiquez."),
    _("La personne qui te répond voit ce lieu seulement si tu l'indiques."),
    note="Pendant un échange qui a un autre lieu, ou aucun.",
)
add(
    "places.give",
    AROUND,
    _("Indiquer ce lieu dans mon échange"),
    note="Bouton, pendant un échange. Quelqu'un peut voir l'écran : il ne dit pas ce qu'est ce lieu.",
)
add("places.remove_agent_title", AROUND, _("Supprimer cet interlocuteur"))
add("places.remove_place_title", AROUND, _("Supprimer ce point d'accueil"))
add(
    "places.remove_place_title_discreet",
    AROUND,
    _("Supprimer ce lieu"),
    note="Quand quelqu'un peut voir l'écran.",
)
add(
    "places.call_danger",
    AROUND,
    _("Danger : {numero_police} ou {numero_europe}, jour et nuit. Sans parler : SMS au {numero_sms}."),
)
add(
    "places.call_child",
    AROUND,
    _("Moins de 18 ans et en danger, par exemple à la maison : {numero_enfance}, jour et nuit."),
)
add("places.call_victims", AROUND, _("Victimes : {numero_victimes}, tous les jours, en journée."))
add(
    "places.call_victims_far",
    AROUND,
    _("Victimes, depuis l'étranger ou l'outre-mer :"),
    note="Le numéro suit cette phrase.",
)
add(
    "places.call_young",
    AROUND,
    _("Jeunes et violences numériques : {numero_jeunes}, tous les jours de 9 h à 23 h."),
)
add("places.call_suicide", AROUND, _("Idées suicidaires : {numero_suicide}, jour et nuit."))
add("places.search_label", AROUND, _("Ville ou code postal"))
add("places.not_found_tab_title", NOT_FOUND, _("Lieu non trouvé"))
add("places.suggestions_title", NOT_FOUND, _("Vouliez-vous dire…"), _("Voulais-tu dire…"))
add(
    "places.not_exactly",
    NOT_FOUND,
    _("Nous n'avons pas trouvé exactement ce lieu. Choisissez dans la liste, ou cherchez de nouveau."),
    _("Nous n'avons pas trouvé exactement ce lieu. Choisis dans la liste, ou cherche de nouveau."),
)
add(
    "places.abroad_title",
    NOT_FOUND,
    _("{country} : hors de France"),
    variables=[Variable("country", "le pays de la ville cherchée", "Belgique")],
)
add(
    "places.abroad",
    NOT_FOUND,
    _(
        "Nous n'y connaissons aucune adresse. Vous pouvez quand même nous parler : choisissez une grande ville de "
        "France plus bas. En danger, appelez le numéro d'urgence du pays où vous êtes : en Europe, le {numero_europe}."
    ),
    _(
        "Nous n'y connaissons aucune adresse. Tu peux quand même nous parler : choisis une grande ville de France plus "
        "bas. En danger, appelle le numéro d'urgence du pays où tu es : en Europe, le {numero_europe}."
    ),
)
add(
    "places.call_danger_abroad",
    NOT_FOUND,
    _(
        "Danger : le numéro d'urgence du pays où vous êtes. En Europe : {numero_europe}, jour et nuit. Les autres "
        "numéros d'urgence de ce site sont ceux de la France."
    ),
    _(
        "Danger : le numéro d'urgence du pays où tu es. En Europe : {numero_europe}, jour et nuit. Les autres numéros "
        "d'urgence de ce site sont ceux de la France."
    ),
)
add(
    "places.short_numbers_abroad",
    NOT_FOUND,
    _(
        "Le {numero_jeunes} et le {numero_suicide} sont des numéros de France : nous ne savons pas s'ils répondent "
        "depuis l'étranger."
    ),
)
add("places.place_unknown", NOT_FOUND, _("Nous n'avons pas trouvé ce lieu"))
add(
    "places.not_found_told",
    NOT_FOUND,
    _("Ce n'est pas grave. Vérifiez l'écriture, ou essayez avec le code postal."),
    _("Ce n'est pas grave. Vérifie l'écriture, ou essaie avec le code postal."),
)
add(
    "places.cedex_unknown",
    NOT_FOUND,
    _("Ce code CEDEX n'est pas dans notre liste. Essayez avec le nom de la ville."),
    _("Ce code CEDEX n'est pas dans notre liste. Essaie avec le nom de la ville."),
)
add("places.search_again_title", NOT_FOUND, _("Chercher de nouveau"))
add(
    "places.search_hint",
    NOT_FOUND,
    _("Exemples : 93200 ; Saint-Denis 93 ; Lyon 3e ; Pierrefitte-sur-Seine"),
)
add(
    "places.large_towns_title",
    NOT_FOUND,
    _("Continuer sans trouver votre commune"),
    _("Continuer sans trouver ta commune"),
)
add(
    "places.large_towns_told",
    NOT_FOUND,
    _("Choisissez une grande ville. Personne ne vérifie que vous y habitez, et vous pourrez changer à tout moment."),
    _("Choisis une grande ville. Personne ne vérifie que tu y habites, et tu pourras changer à tout moment."),
)
add(
    "places.remove_warning",
    REMOVE,
    _(
        "Le tchat a besoin d'un point d'accueil : sans lui, vous ne pourrez pas commencer un échange. "
        "Vous pouvez en choisir un autre à tout moment, dans le menu « Point d'accueil »."
    ),
    _(
        "Le tchat a besoin d'un point d'accueil : sans lui, tu ne pourras pas commencer un échange. Tu "
        "peux en choisir un autre à tout moment, dans le menu « Point d'accueil »."
    ),
)
add(
    "places.remove_changes_nothing",
    REMOVE,
    _("Rien ne change pour ce qui est en cours."),
    note="Pendant un échange : la personne qui répond garde le lieu qu'elle lit.",
)
add(
    "places.remove_meanwhile",
    REMOVE,
    _(
        "Le tchat a besoin d'un point d'accueil pour commencer un autre échange. Vous pouvez en choisir un autre à "
        "tout moment, dans le menu « Point d'accueil »."
    ),
    _(
        "Le tchat a besoin d'un point d'accueil pour commencer un autre échange. Tu peux en choisir un autre à tout "
        "moment, dans le menu « Point d'accueil »."
    ),
    note="Pendant un échange, après « Rien ne change… ».",
)
add(
    "places.remove_meanwhile_discreet",
    REMOVE,
    _(
        "Il faut un lieu pour commencer autre chose. Vous pouvez en choisir un autre à tout moment, dans le menu "
        "« Lieux »."
    ),
    _("Il faut un lieu pour commencer autre chose. Tu peux en choisir un autre à tout moment, dans le menu « Lieux »."),
    note="Pendant un échange, quand quelqu'un peut voir l'écran.",
)
add(
    "places.remove_question_discreet",
    REMOVE,
    _("Vous souhaitez supprimer ce lieu ?"),
    _("Tu souhaites supprimer ce lieu ?"),
    note="Quand quelqu'un peut voir l'écran.",
)
add(
    "places.remove_warning_discreet",
    REMOVE,
    _(
        "Il faut un lieu pour écrire : sans lui, vous ne pourrez pas commencer. Vous pouvez en choisir un autre à tout "
        "moment, dans le menu « Lieux »."
    ),
    _(
        "Il faut un lieu pour écrire : sans lui, tu ne pourras pas commencer. Tu peux en choisir un autre à tout "
        "moment, dans le menu « Lieux »."
    ),
    note="Quand quelqu'un peut voir l'écran : le menu s'y appelle « Lieux ».",
)
PLACE_REQUIRED = add(
    "places.required", SEARCH, _("Saisir une ville ou un code postal. Exemple : 93200, ou Saint-Denis.")
)
PLACE_TOO_LONG = add(
    "places.too_long", SEARCH, _("Ce texte est trop long. Saisir seulement une ville ou un code postal.")
)
SERVICE_REQUIRED = add("places.service_required", SELECT, _("Sélectionner un service dans la liste."))
SERVICE_GONE = add("places.service_gone", SELECT, _("Ce service n'est plus dans la liste. En sélectionner un autre."))
PLACE_REMOVED = add("places.place_removed", SEARCH, _("Ce point d'accueil est supprimé."))
PLACE_REMOVED_DISCREET = add(
    "places.place_removed_discreet", SEARCH, _("Ce lieu est supprimé."), note="Quand quelqu'un peut voir l'écran."
)
PERSON_REMOVED = add("places.person_removed", SEARCH, _("Cet interlocuteur est supprimé."))
PLACE_FIRST = add("places.place_first", SEARCH, _("Indiquer d'abord une ville ou un code postal."))
HELP = add("places.group_help", CONTACTS, _("Aide aux victimes"))
MIND = add("places.group_mind", CONTACTS, _("Soutien psychologique"))
LAW = add("places.group_law", CONTACTS, _("Information juridique"))
COURTS = add("places.group_courts", CONTACTS, _("Tribunaux"))
COURTS_NOTE = add(
    "places.group_courts_note",
    CONTACTS,
    _("Les tribunaux du département. Nous ne savons pas lequel s'occupe de votre commune."),
    _("Les tribunaux du département. Nous ne savons pas lequel s'occupe de ta commune."),
)
FORMALITIES = add("places.group_formalities", CONTACTS, _("Aide aux démarches"))
