"""This module has what the obligatory pages, the public figures and the two small forms of every page (opinion,
display) say.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chat.rules.lifecycle import Outcome
from chat.rules.removal import Answer
from common.texts.catalogue import Place, Sentence, Variable, add, add_options
from pnav.pages.display import Theme
from pnav.pages.models import Feedback

OPINION = Place("opinion", "Donner son avis")
DISPLAY = Place("display", "Affichage et langue")
LEGAL = Place("legal", "Mentions légales")
PRIVACY = Place("privacy", "Données personnelles")
ACCESSIBILITY = Place("accessibility", "Accessibilité")
FIGURES = Place("figures", "Chiffres du service")

add("accessibility.page_title", ACCESSIBILITY, _("Déclaration d'accessibilité"))
add(
    "accessibility.commitment",
    ACCESSIBILITY,
    _(
        "Ce site veut être utilisable par tout le monde : au clavier, avec un lecteur d'écran, agrandi, "
        "en clair ou en sombre, avec ou sans JavaScript (article 47 de la loi n° 2005-102 du 11 février "
        "2005)."
    ),
)
add("accessibility.status_title", ACCESSIBILITY, _("État de conformité"))
add(
    "accessibility.status_told",
    ACCESSIBILITY,
    _(
        "Ce site est non conforme au référentiel général d'amélioration de l'accessibilité (RGAA), parce "
        "qu'aucun audit n'a encore été fait. Sans audit, un site ne peut pas se dire conforme."
    ),
)
add("accessibility.tests_title", ACCESSIBILITY, _("Résultat des tests"))
add(
    "accessibility.tests_told",
    ACCESSIBILITY,
    _(
        "Des tests automatiques passent sur les pages à chaque changement, dans les deux thèmes. Ils ne "
        "trouvent pas d'erreur, mais ils ne voient qu'une partie des critères : ils ne remplacent pas un "
        "audit par des personnes."
    ),
)
add("accessibility.gaps_title", ACCESSIBILITY, _("Ce qui peut manquer"))
add(
    "accessibility.gap_trials",
    ACCESSIBILITY,
    _("Aucun essai par des personnes handicapées n'a encore eu lieu."),
)
add(
    "accessibility.gap_screen_readers",
    ACCESSIBILITY,
    _(
        "Un seul lecteur d'écran a été essayé, Orca, avec Chromium et Firefox : ni NVDA, ni JAWS, ni VoiceOver, ni "
        "TalkBack. L'annonce des nouveaux messages du tchat peut différer avec un autre."
    ),
)
add(
    "accessibility.gap_choice_lists",
    ACCESSIBILITY,
    _(
        "Dans une liste de choix qui vient d'être dépliée, Orca ne dit pas à quelle réponse mènent les flèches ; il le "
        "dit quand on revient sur la liste."
    ),
)
add(
    "accessibility.gap_zoom",
    ACCESSIBILITY,
    _("L'agrandissement à 400 % n'a pas été essayé dans WebKit."),
)
add(
    "accessibility.gap_phones",
    ACCESSIBILITY,
    _("Aucun essai n'a eu lieu sur un vrai téléphone : les petits écrans ont été essayés sur un ordinateur."),
)
add(
    "accessibility.gap_sign_language",
    ACCESSIBILITY,
    _("Il n'existe pas de version en langue des signes ni en facile à lire (FALC)."),
)
add("accessibility.deliberate_title", ACCESSIBILITY, _("Critère non respecté volontairement"))
add(
    "accessibility.deliberate_removal_kit",
    ACCESSIBILITY,
    _(
        "Pour faire retirer un contenu, la page demande au navigateur de ne pas compléter le nom et l'adresse de "
        "courriel (critère 11.13 du RGAA). Il les garderait, et les proposerait à qui utilise le même appareil. Ces "
        "deux champs peuvent rester vides."
    ),
)
add("accessibility.method_title", ACCESSIBILITY, _("Établissement de cette déclaration"))
add(
    "accessibility.technologies",
    ACCESSIBILITY,
    _("Technologies utilisées : HTML, CSS, JavaScript, SVG, WAI-ARIA. Le site fonctionne sans JavaScript."),
)
add("accessibility.contact_title", ACCESSIBILITY, _("Nous écrire"))
add(
    "accessibility.contact_told",
    ACCESSIBILITY,
    _(
        "Si quelque chose vous empêche d'utiliser ce site, dites-le nous : nous chercherons avec vous "
        "une autre façon d'y arriver."
    ),
)
add("accessibility.contact_email", ACCESSIBILITY, _("Par courriel :"))
add(
    "accessibility.form",
    ACCESSIBILITY,
    _("Par le formulaire « {label} »"),
    variables=[Variable("label", "le nom de la page, tel qu'il s'affiche", "Aidez-nous à améliorer ce service")],
)
add("accessibility.contact_form_limits", ACCESSIBILITY, _("(anonyme, sans réponse)"))
add("accessibility.appeal_title", ACCESSIBILITY, _("Voies de recours"))
add(
    "accessibility.appeal_told",
    ACCESSIBILITY,
    _(
        "Vous avez signalé un défaut qui vous empêche d'accéder à un contenu, et vous n'avez pas eu de "
        "réponse satisfaisante ? Vous pouvez vous adresser au Défenseur des droits :"
    ),
)
add(
    "accessibility.appeal_post",
    ACCESSIBILITY,
    _("par courrier gratuit, sans timbre : Défenseur des droits, Libre réponse 71120, 75342 Paris CEDEX 07"),
)
add(
    "display.kept_told",
    DISPLAY,
    _("Votre choix est gardé dans ce navigateur, pendant six mois au plus."),
    _("Ton choix est gardé dans ce navigateur, pendant six mois au plus."),
)
add(
    "opinion.anonymous_told",
    OPINION,
    _("Votre avis est anonyme. Rien ne le relie à vous ni à un échange. Personne n'y répond."),
    _("Ton avis est anonyme. Rien ne le relie à toi ni à un échange. Personne n'y répond."),
)
add(
    "opinion.not_where_get_help",
    OPINION,
    _("Ce n'est pas ici que l'on vous aide. Pour parler à quelqu'un :"),
    _("Ce n'est pas ici que l'on t'aide. Pour parler à quelqu'un :"),
)
add(
    "opinion.danger_number",
    OPINION,
    _("En danger, appelez le {numero_police}."),
    _("En danger, appelle le {numero_police}."),
)
add(
    "opinion.text_hint",
    OPINION,
    _("1000 caractères au plus. N'écrivez ni nom, ni adresse, ni numéro, ni récit des faits."),
    _("1000 caractères au plus. N'écris ni nom, ni adresse, ni numéro, ni récit des faits."),
)
add("opinion.thanks_title", OPINION, _("Merci pour votre avis"), _("Merci pour ton avis"))
add(
    "opinion.thanks_told",
    OPINION,
    _("Il est enregistré. Il nous aide à rendre ce service plus clair et plus simple."),
)
add(
    "figures.lead",
    FIGURES,
    _("Ce que le service a fait, même quand ce n'est pas assez bien. Les périodes s'arrêtent au {day}, à minuit."),
    variables=[Variable("day", "le jour", "3 mars 2027")],
)
add("figures.answers_title", FIGURES, _("Attendre et être entendu"))
add("figures.outcomes_title", FIGURES, _("Comment les échanges se terminent"))
add("figures.contents_removed", FIGURES, _("Contenus dont le retrait a été demandé"))
add(
    "figures.contents_told",
    FIGURES,
    _(
        "Ce que disent, à la page « Suites », les personnes qui l'ont demandé. « Encore là » est compté après {days} "
        "jours ; qui ne revient pas n'est pas compté. Rien ne relie une réponse à quelqu'un."
    ),
    variables=[Variable("days", "le nombre de jours", "30")],
)
add("figures.years_title", FIGURES, _("Année par année"))
add(
    "figures.year_not_whole",
    FIGURES,
    _("Une année marquée d'un astérisque n'est pas entière : elle est en cours, ou c'est celle de l'ouverture."),
)
add("figures.open_data", FIGURES, _("Reprendre ces chiffres"))
add(
    "figures.open_data_said",
    FIGURES,
    _("Les mois entiers depuis l'ouverture, sous Licence Ouverte : chacun peut s'en servir en citant la source."),
)
add("figures.too_few", FIGURES, _("Trop peu d'échanges pour le dire."))
add("figures.method_title", FIGURES, _("Comment ces chiffres sont faits"))
add(
    "figures.method_days",
    FIGURES,
    _("Calculés le {day} à {time}, à partir de journées comptées une fois chacune. Ils changent une fois par semaine."),
    variables=[Variable("day", "le jour", "3 mars 2027"), Variable("time", "l'heure", "14:35")],
)
add(
    "figures.how_rounded",
    FIGURES,
    _(
        "Pour que personne ne soit reconnu, les nombres sont arrondis à la dizaine avant d'être gardés : le total est "
        "juste à {at_least} personnes près, une part l'est moins. Un nombre de moins de {at_least} personnes n'est pas "
        "publié, ni ce qui permettrait de le retrouver. Un pourcentage est arrondi à {at_least} personnes au moins."
    ),
    variables=[Variable("at_least", "le plus petit nombre qui est publié", "10")],
    max_length=600,
)
add(
    "figures.stay_when_deleted",
    FIGURES,
    _("Effacer un échange, à son terme ou à la demande de la personne, ne change aucun de ces chiffres."),
)
add(
    "figures.method_wait",
    FIGURES,
    _(
        "L'attente va de l'ouverture de l'échange à la première prise en charge : le moment où il est confié à un "
        "agent. Une personne revenue après une coupure compte une fois."
    ),
)
add(
    "legal.demo_told",
    LEGAL,
    _(
        "Ce site est une démonstration. Ce n'est pas un site de l'État et personne n'y répond. En "
        "danger, appelez le {numero_police}."
    ),
)
add("legal.publisher_title", LEGAL, _("Éditeur"))
add("legal.missing", LEGAL, _("Non renseigné : ce site n'est pas ouvert au public."))
add("legal.director_title", LEGAL, _("Directeur de la publication"))
add("legal.host_title", LEGAL, _("Hébergeur"))
add("legal.contact_title", LEGAL, _("Contact"))
add("legal.framework_title", LEGAL, _("Cadre juridique"))
add(
    "legal.framework_told",
    LEGAL,
    _("Le traitement des données du service est encadré par le décret n° 2022-337 du 10 mars 2022."),
)
add("legal.sources_title", LEGAL, _("Sources des informations"))
add("legal.software_title", LEGAL, _("Logiciel et apparence"))
add(
    "legal.software_told",
    LEGAL,
    _(
        "Le logiciel est libre, sous licence EUPL 1.2. L'apparence vient du Système de Design de l'État "
        "(DSFR), réservé aux sites de l'État : une démonstration n'en porte pas la marque."
    ),
)
add(
    "privacy.lead",
    PRIVACY,
    _(
        "Vous n'avez pas à donner votre nom. Aucune adresse IP n'est lisible par nous, et rien n'est "
        "envoyé à une autre entreprise."
    ),
)
add("privacy.kept_title", PRIVACY, _("Ce que nous gardons, et combien de temps"))
add("privacy.visit_label", PRIVACY, _("Pendant la visite :"))
add(
    "privacy.visit_told",
    PRIVACY,
    _(
        "vos réponses, et le code postal de votre point d'accueil. Ils sont oubliés quand vous quittez, "
        "ou au plus tard après une heure. Si un échange commence, ils sont gardés avec lui."
    ),
)
add(
    "privacy.visit_hours",
    PRIVACY,
    _(
        "vos réponses, et le code postal de votre point d'accueil. Ils sont oubliés quand vous quittez, "
        "ou au plus tard après {hours} heures. Si un échange commence, ils sont gardés avec lui."
    ),
    variables=[Variable("hours", "le nombre d'heures", "12")],
)
add("privacy.exchange_label", PRIVACY, _("Si vous écrivez à un policier ou un gendarme :"))
add(
    "privacy.exchange_told",
    PRIVACY,
    _(
        "votre signalement et l'échange. Ce que vous écrivez est chiffré. Ce que vous cochez (votre rôle, l'âge, les "
        "faits), le code postal et la commune ne le sont pas : ils servent à vous orienter et à vous répondre. Tout "
        "est supprimé {days} jours après le dernier geste de l'un ou de l'autre, une durée fixée par le responsable du "
        "service. La page de l'échange dit la date, et permet de demander l'effacement."
    ),
    variables=[Variable("days", "le nombre de jours", "365")],
    max_length=600,
)
add("privacy.agent_notes_label", PRIVACY, _("Ce que l'agent écrit pour lui :"))
add(
    "privacy.agent_notes_told",
    PRIVACY,
    _(
        "des notes sur l'échange, que lit qui vous répond, et des questions à un collègue, qui ne lit "
        "rien de l'échange. Chiffrées, supprimées avec l'échange."
    ),
)
add("privacy.language_written", PRIVACY, _("La langue dans laquelle vous semblez écrire :"))
add(
    "privacy.guessed_by_the_service",
    PRIVACY,
    _("devinée par le service lui-même, pour l'agent qui vous répond, et effacée avec l'échange. Rien n'en sort."),
)
add("privacy.if_captures_sent", PRIVACY, _("Si vous envoyez des captures :"))
add(
    "privacy.captures_sealed",
    PRIVACY,
    _(
        "scellées dès leur arrivée. Si vous les montrez, la personne qui vous répond en voit un dessin fait par le "
        "service ; l'unité à qui un résumé est transmis peut ouvrir l'original, et vous le lisez dans l'échange. "
        "Effacées avec l'échange, ou par vous tant qu'elles n'ont pas été vues."
    ),
)
add("privacy.referral_label", PRIVACY, _("Si un résumé est transmis à une unité :"))
add(
    "privacy.referral_told",
    PRIVACY,
    _(
        "ce résumé, les faits montrés que vous acceptez d'y joindre et ses suites, que lit cette unité, sans "
        "l'échange. Avec votre accord ; sans lui, seulement en urgence, sans aucun fait noté, et on vous le dit. "
        "Chiffrés, supprimés avec l'échange."
    ),
)
add("privacy.journal_label", PRIVACY, _("Si vous notez des faits :"))
add(
    "privacy.facts_noted",
    PRIVACY,
    _(
        "ce que vous écrivez, avec les dates. Personne d'autre ne le lit, jusqu'à ce que vous le montriez ; ensuite, "
        "comme les messages. Chiffré, supprimé quand vous l'effacez ou avec l'échange."
    ),
)
add("privacy.if_keep_removal_dates", PRIVACY, _("Si vous gardez les dates d'une demande de retrait :"))
add(
    "privacy.day_of_removal_request",
    PRIVACY,
    _(
        "le jour de la demande, ni le site ni le texte. Il est effacé quand vous dites que le contenu est retiré, ou "
        "avec l'échange."
    ),
)
add("privacy.code_label", PRIVACY, _("Si vous demandez un code de reprise :"))
add(
    "privacy.code_told",
    PRIVACY,
    _(
        "une empreinte qui ne permet pas de retrouver les mots. Elle est effacée quand le code prend "
        "fin, est annulé, ou avec l'échange."
    ),
)
add("privacy.erasure_label", PRIVACY, _("Si vous demandez l'effacement :"))
add(
    "privacy.erasure_told",
    PRIVACY,
    _(
        "la demande et sa réponse, supprimées avec l'échange. Puis, {days} jours, une empreinte qui sert "
        "seulement à effacer de nouveau si une sauvegarde est remise en place."
    ),
    variables=[Variable("days", "le nombre de jours", "365")],
)
add("privacy.deletion_label", PRIVACY, _("Après une suppression :"))
add(
    "privacy.deletion_told",
    PRIVACY,
    _("le mois et la règle appliquée, sans rien qui vous identifie, pendant {days} jours."),
    variables=[Variable("days", "le nombre de jours", "365")],
)
add("privacy.opinion_label", PRIVACY, _("Votre avis sur le service :"))
add(
    "privacy.opinion_told",
    PRIVACY,
    _("sans rien qui vous identifie. Supprimé après {days} jours."),
    variables=[Variable("days", "le nombre de jours", "365")],
)
add(
    "privacy.cookies_told",
    PRIVACY,
    _(
        "Dans votre navigateur : un cookie pour votre visite et un cookie de sécurité pour les "
        "formulaires, effacés à la fermeture ; après une sortie rapide du site, un cookie qui la retient, "
        "effacé avec les autres ; si vous choisissez un thème ou une langue, un cookie pour "
        "chacun, pendant six mois au plus. Pas de mesure d'audience, pas de publicité."
    ),
    max_length=600,
)
add("privacy.purposes_title", PRIVACY, _("À quoi servent ces données"))
add("privacy.purpose_report", PRIVACY, _("entrer en contact et faire un signalement ;"))
add("privacy.purpose_rights", PRIVACY, _("vous informer sur vos droits ;"))
add("privacy.purpose_reception", PRIVACY, _("faciliter votre accueil ;"))
add("privacy.purpose_support", PRIVACY, _("vous orienter vers des associations ;"))
add("privacy.purpose_investigation", PRIVACY, _("transmettre aux enquêteurs compétents."))
add(
    "privacy.purpose_forbidden",
    PRIVACY,
    _("Il est interdit de chercher des personnes à partir de leurs seules données sensibles."),
)
add("privacy.anonymity_title", PRIVACY, _("Votre anonymat"))
add(
    "privacy.anonymity_told",
    PRIVACY,
    _(
        "L'anonymat pourra être levé après autorisation du procureur de la République, pour les faits les plus graves. "
        "Si une vie est en danger, on peut aussi chercher qui vous êtes, pour aider."
    ),
)
add(
    "privacy.anonymity_address",
    PRIVACY,
    _(
        "C'est pourquoi l'adresse technique, le port et l'heure de vos connexions au tchat sont mis sous "
        "scellé, avec le nom que vous aurez choisi de laisser ou non. Ils sont chiffrés dès l'arrivée. "
        "Nous n'avons pas la clé : elle est partagée entre plusieurs personnes, hors de nos serveurs. "
        "Ils disparaissent avec votre signalement."
    ),
    max_length=600,
)
add("privacy.access_title", PRIVACY, _("Qui voit quoi"))
add(
    "privacy.draft",
    PRIVACY,
    _(
        "Un message commencé est gardé, chiffré, le temps de votre visite, pour ne pas être perdu. Personne ne le lit "
        "tant que vous ne l'envoyez pas ; effacé dans son champ, il n'est plus gardé."
    ),
)
add(
    "privacy.access_agent",
    PRIVACY,
    _(
        "La personne qui vous répond lit l'échange. Personne d'autre ne le lit, sauf dans les cas dits ici. Créer, "
        "modifier, consulter, transmettre ou supprimer : chaque action est notée dans un journal."
    ),
)
add(
    "privacy.access_supervisor",
    PRIVACY,
    _(
        "Un superviseur de son unité, ou d'astreinte pour elle, peut rejoindre l'échange, le lire et y écrire, "
        "{watched_minutes} minutes au plus. Vous le lisez aussitôt dans l'échange, et c'est noté dans le journal. Il "
        "peut aussi parler à l'agent seul, ou confier l'échange à un autre agent."
    ),
    variables=[Variable("watched_minutes", "le nombre de minutes", "60")],
    max_length=600,
)
add(
    "privacy.access_handover",
    PRIVACY,
    _(
        "L'échange peut passer à un autre agent. Un résumé écrit pour lui n'est transmis que si vous "
        "l'avez relu et accepté, ou corrigé. Ce que vous corrigez est lu aussi par qui vous répond, et gardé avec "
        "l'échange."
    ),
)
add("privacy.law_title", PRIVACY, _("Le texte qui encadre le service"))
add(
    "privacy.law_told",
    PRIVACY,
    _(
        "Décret n° 2022-337 du 10 mars 2022, pris après la délibération 2021-133 de la CNIL. Les "
        "responsables du traitement sont la direction générale de la police nationale et la direction "
        "générale de la gendarmerie nationale."
    ),
    max_length=600,
)
add(
    "privacy.law_demo",
    PRIVACY,
    _("Ce site de démonstration n'est pas tenu par elles : n'y écrivez rien de vrai sur vous."),
)
add("privacy.rights_title", PRIVACY, _("Vos droits"))
add("privacy.rights_contact", PRIVACY, _("Pour toute question sur vos données, écrivez à :"))
add("privacy.rights_authority", PRIVACY, _("Vous pouvez aussi vous adresser à la CNIL."))
THEME = add("display.theme", DISPLAY, _("Thème"))
THEME_CHOOSE = add("display.theme_choose", DISPLAY, _("Choisissez un thème."), _("Choisis un thème."))
THEME_FROM_LIST = add(
    "display.theme_from_list", DISPLAY, _("Choisissez un thème de la liste."), _("Choisis un thème de la liste.")
)
LANGUAGE = add("display.language", DISPLAY, _("Langue"))
LANGUAGE_CHOOSE = add("display.language_choose", DISPLAY, _("Choisissez une langue."), _("Choisis une langue."))
LANGUAGE_FROM_LIST = add(
    "display.language_from_list", DISPLAY, _("Choisissez une langue de la liste."), _("Choisis une langue de la liste.")
)
RATING = add("opinion.rating", OPINION, _("Ce service vous a-t-il été utile ?"), _("Ce service t'a-t-il été utile ?"))
RATING_CHOOSE = add(
    "opinion.rating_choose",
    OPINION,
    _("Dites-nous si le service vous a été utile : choisissez une réponse."),
    _("Dis-nous si le service t'a été utile : choisis une réponse."),
)
SUBJECT = add("opinion.subject", OPINION, _("De quoi voulez-vous parler ?"), _("De quoi veux-tu parler ?"))
SUBJECT_CHOOSE = add("opinion.subject_choose", OPINION, _("Choisissez un sujet."), _("Choisis un sujet."))
TEXT = add("opinion.text", OPINION, _("Que pouvons-nous améliorer ? (facultatif)"))
TEXT_TOO_LONG = add(
    "opinion.text_too_long",
    OPINION,
    _("Votre texte est trop long : {show_value} caractères, pour {limit_value} au plus."),
    _("Ton texte est trop long : {show_value} caractères, pour {limit_value} au plus."),
    variables=[
        Variable("show_value", "le nombre de caractères écrits", "1200"),
        Variable("limit_value", "le nombre de caractères permis", "1000"),
    ],
)
OPINION_FROM_LIST = add(
    "opinion.from_list", OPINION, _("Choisissez une réponse de la liste."), _("Choisis une réponse de la liste.")
)
OPINIONS_MANY = add(
    "opinion.many",
    OPINION,
    _(
        "Merci, nous avons déjà reçu plusieurs avis de votre part ou de votre réseau. Celui-ci n'est pas "
        "envoyé : vous pourrez recommencer dans une heure."
    ),
    _(
        "Merci, nous avons déjà reçu plusieurs avis de ta part ou de ton réseau. Celui-ci n'est pas "
        "envoyé : tu pourras recommencer dans une heure."
    ),
)
OPENED = add("figures.opened", FIGURES, _("Personnes qui ont ouvert un échange"))
ABOUT = add("figures.about", FIGURES, _("environ {n}"), variables=[Variable("n", "le nombre", "120")])
MINORS = add("figures.minors", FIGURES, _("dont mineurs"))
MINORS_ALONE = add("figures.minors_alone", FIGURES, _("Personnes mineures"))
PERCENT = add("figures.percent", FIGURES, _("{n} %"), variables=[Variable("n", "le pourcentage", "93")])
ANSWERED = add("figures.answered", FIGURES, _("Personnes prises en charge par un agent"))
WAIT = add("figures.wait", FIGURES, _("Attente d'une personne sur deux"))
MINUTES = add("figures.minutes", FIGURES, _("{n} min au plus"), variables=[Variable("n", "le nombre de minutes", "4")])
GAVE_UP = add("figures.gave_up", FIGURES, _("Personnes parties avant une prise en charge"))
LENGTH = add("figures.length", FIGURES, _("Durée d'un échange sur deux"))
ONE_PERSON = add("figures.one_person", FIGURES, _("Échanges tenus avec un seul interlocuteur"))
NOT_PUBLISHED = add("figures.withheld", FIGURES, _("non publié"))
LAST_MONTH = add("figures.last_month", FIGURES, _("Les 30 derniers jours"))
LAST_YEAR = add("figures.last_year", FIGURES, _("Les 12 derniers mois"))
SHARES_DRAWN = add(
    "figures.shares_drawn", FIGURES, _("En pourcentage. Un contour vide : trop peu de personnes pour le dire.")
)
OUTCOMES_DRAWN = add(
    "figures.outcomes_drawn", FIGURES, _("Ce qui n'est pas publié n'est pas dessiné. Tout est dans le tableau.")
)
YEARS_DRAWN = add("figures.years_drawn", FIGURES, _("Une barre par année. Tout est dans le tableau."))
OTHERS = add("figures.others", FIGURES, _("Les autres, ensemble"))
IN_ONE_MINUTE = add("figures.in_one_minute", FIGURES, _("parmi elles, en moins d'une minute"))
IN_MINUTES = add(
    "figures.in_minutes",
    FIGURES,
    _("parmi elles, en moins de {minutes} minutes"),
    variables=[Variable("minutes", "la promesse, en minutes", "3")],
)

# The names, for visitors, of what may be chosen or is counted.
OPTIONS: Mapping[str, Mapping[str, Sentence]] = {
    "theme": add_options("display.theme", DISPLAY, Theme),
    "rating": add_options("opinion.rating", OPINION, Feedback.Rating),
    "page": add_options("opinion.page", OPINION, Feedback.Page),
    "outcome": add_options("figures.outcome", FIGURES, Outcome),
    "removal": add_options("figures.removal", FIGURES, Answer),
}


def choices(field: str) -> list[tuple[str, Promise]]:
    """Return the options of a field of a form."""
    return [(value, option.later()) for value, option in OPTIONS[field].items()]
