"""This module has what the removal kit says: its choice, its form, and the two letters that it writes."""

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, Sentence, Variable, add, add_options

KIT = Place("removal", "Faire retirer un contenu : préparer sa demande")
LETTER = Place("removal_letter", "Faire retirer un contenu : le texte de la demande", "le site ou l'hébergeur")

SITE = Variable("site", "le nom du site", "Instagram")
TEXT = Variable("text", "ce que la personne a écrit, ou des points à compléter", "https://exemple.fr/page")


class Who(TextChoices):
    """It says who is concerned. Nothing of it is stored."""

    ADULT = "adult", _("Moi : j'ai 18 ans ou plus")
    MINOR = "minor", _("Moi : j'ai moins de 18 ans")
    HELPS_ADULT = "helps_adult", _("Quelqu'un de 18 ans ou plus, que j'aide")
    HELPS_MINOR = "helps_minor", _("Quelqu'un de moins de 18 ans, que j'aide")


class Ground(TextChoices):
    """It says why the content is illegal. Articles: shared facts, C1, I5, I6, I8 to I10; none where the source leaves
    doubt.
    """

    HARASSMENT = "harassment", _("harcèlement en ligne : code pénal, article 222-33-2-2")
    THREAT = "threat", _("menace")
    PRIVATE_LIFE = "private_life", _("atteinte à la vie privée : code pénal, article 226-1")
    INTIMATE_IMAGE = "intimate_image", _("image intime diffusée sans accord : code pénal, article 226-2-1")
    FALSE_IMAGE = "false_image", _("fausse image sexuelle (deepfake) : code pénal, article 226-8-1")
    IDENTITY = "identity", _("identité usurpée : code pénal, article 226-4-1")
    PRIVATE_DATA = "private_data", _("données privées révélées pour exposer à un danger : code pénal, article 223-1-1")
    MINOR_IMAGE = "minor_image", _("image sexuelle d'une personne mineure : code pénal, article 227-23")


OPTIONS: Mapping[str, Mapping[str, Sentence]] = {
    "who": add_options("removal.who", KIT, Who),
    "grounds": add_options("removal.ground", LETTER, Ground),
}


def choices(field: str) -> list[tuple[str, Promise]]:
    """Return the options of a field of a form."""
    return [(value, option.later()) for value, option in OPTIONS[field].items()]


# --- the choice -------------------------------------------------------------------------------------------------------

add("removal.title", KIT, _("Préparer ma demande de retrait"))
add(
    "removal.lead",
    KIT,
    _("Dites où est le contenu : vous aurez l'endroit où demander et un texte à copier. Vous l'envoyez vous-même."),
    _("Dis où est le contenu : tu auras l'endroit où demander et un texte à copier. Tu l'envoies toi-même."),
)
add(
    "removal.nothing_kept",
    KIT,
    _("Rien de ce que vous écrivez ici n'est gardé, ni envoyé à quelqu'un."),
    _("Rien de ce que tu écris ici n'est gardé, ni envoyé à quelqu'un."),
)
PLATFORM = add("removal.platform", KIT, _("Où est le contenu ?"))
PLATFORM_CHOOSE = add("removal.platform_choose", KIT, _("Choisir"))
PLATFORM_MISSING = add(
    "removal.platform_missing",
    KIT,
    _("Choisissez le site dans la liste, ou « Un autre site »."),
    _("Choisis le site dans la liste, ou « Un autre site »."),
)
OTHER = add("removal.platform_other", KIT, _("Un autre site, un jeu, un hébergeur"))
WHO = add("removal.who", KIT, _("Qui est concerné ?"))
WHO_MISSING = add("removal.who_missing", KIT, _("Dites qui est concerné."), _("Dis qui est concerné."))
INTIMATE = add("removal.intimate", KIT, _("C'est une image intime : le corps nu, ou une scène sexuelle"))

# --- where to ask -----------------------------------------------------------------------------------------------------

add("removal.where", KIT, _("Où demander : {site}"), variables=[SITE])
add("removal.platform_page", KIT, _("Page officielle : {site}"), variables=[SITE])
add("removal.verified_on", KIT, _("Vérifié le {day}."), variables=[Variable("day", "le jour", "27 novembre 2026")])
add(
    "removal.where_host",
    KIT,
    _(
        "Tout hébergeur doit aussi avoir un formulaire électronique pour un contenu illicite, ouvert à tout le monde, "
        "avec ou sans compte (règlement européen sur les services numériques, article 16)."
    ),
)
add(
    "removal.where_other",
    KIT,
    _(
        "Cherchez le bouton « Signaler » sur le contenu, ou dans l'aide du site. Sinon, écrivez à l'hébergeur : les "
        "mentions légales du site disent son nom."
    ),
    _(
        "Cherche le bouton « Signaler » sur le contenu, ou dans l'aide du site. Sinon, écris à l'hébergeur : les "
        "mentions légales du site disent son nom."
    ),
)
add(
    "removal.two_ways",
    KIT,
    _(
        "S'il y a deux choix, faites les deux : « contraire aux règles du site » et « contenu illicite ». Le second "
        "oblige le site à répondre et à dire ses raisons, sans délai précis."
    ),
    _(
        "S'il y a deux choix, fais les deux : « contraire aux règles du site » et « contenu illicite ». Le second "
        "oblige le site à répondre et à dire ses raisons, sans délai précis."
    ),
)
add(
    "removal.proof_first",
    KIT,
    _(
        "Gardez d'abord la preuve : une capture avec l'adresse entière, le nom du compte, la date et l'heure. "
        "Jamais pour une image sexuelle d'une personne mineure : notez l'adresse, le compte et la date."
    ),
    _(
        "Garde d'abord la preuve : une capture avec l'adresse entière, le nom du compte, la date et l'heure. "
        "Jamais pour une image sexuelle d'une personne mineure : note l'adresse, le compte et la date."
    ),
)
add("removal.never_title", KIT, _("Cette image : ni capture, ni copie, ni envoi"))
add(
    "removal.never",
    KIT,
    _(
        "N'enregistrez pas l'image, ne faites pas de capture, ne l'envoyez à personne, même pour aider. Notez "
        "l'adresse, le nom du compte, la date, l'heure et ce que l'on voit, en quelques mots."
    ),
    _(
        "N'enregistre pas l'image, ne fais pas de capture, ne l'envoie à personne, même à nous. Note l'adresse, le "
        "nom du compte, la date, l'heure et ce que l'on voit, en quelques mots. Ce n'est pas ta faute."
    ),
)
add("removal.who_helps", KIT, _("Qui peut aider"))

# --- the form ---------------------------------------------------------------------------------------------------------

add("removal.form_title", KIT, _("Écrire ma demande"))
add(
    "removal.form_told",
    KIT,
    _("Tout est facultatif : ce qui reste vide devient des points, à compléter à la main."),
)
FACTS = add("removal.facts", KIT, _("Partir de faits notés"))
add(
    "removal.facts_told",
    KIT,
    _("Ce que vous cochez remplit ce que vous laissez vide : adresses, compte, dates, description."),
    _("Ce que tu coches remplit ce que tu laisses vide : adresses, compte, dates, description."),
)
FACTS_MANY = add(
    "removal.facts_many",
    KIT,
    _("Cochez {most} faits au plus pour une demande."),
    _("Coche {most} faits au plus pour une demande."),
    variables=[Variable("most", "le plus grand nombre de faits", "20")],
)
NAME = add(
    "removal.name",
    KIT,
    _("Votre nom, ou celui de qui demande"),
    _("Ton nom, ou celui de qui demande"),
)
EMAIL = add("removal.email", KIT, _("Adresse électronique, pour la réponse"))
EMAIL_WRONG = add(
    "removal.email_wrong",
    KIT,
    _("Écrivez l'adresse électronique en entier : nom@exemple.fr."),
    _("Écris l'adresse électronique en entier : nom@exemple.fr."),
)
ADDRESSES = add("removal.addresses", KIT, _("Adresse exacte de chaque contenu, une par ligne"))
ACCOUNT = add("removal.account", KIT, _("Nom du compte de l'auteur, et son adresse"))
PERIOD = add("removal.period", KIT, _("Depuis quand, ou quel jour"))
DESCRIPTION = add("removal.description", KIT, _("Ce que l'on y voit ou lit"))
GROUNDS = add("removal.grounds", KIT, _("Ce qui est illicite"))
GROUNDS_WRONG = add("removal.grounds_wrong", KIT, _("Choisissez dans la liste."), _("Choisis dans la liste."))
REASONS = add("removal.reasons", KIT, _("Pourquoi cela vous vise ou vous nuit"), _("Pourquoi cela te vise ou te nuit"))
STEPS = add(
    "removal.steps", KIT, _("Ce que vous avez déjà demandé à l'auteur"), _("Ce que tu as déjà demandé à l'auteur")
)
STEPS_TOLD = add(
    "removal.steps_told",
    KIT,
    _("Ce n'est pas obligatoire : n'écrivez pas à l'auteur pour cela."),
    _("Ce n'est pas obligatoire : n'écris pas à l'auteur pour cela."),
)
TOO_LONG = add(
    "removal.too_long",
    KIT,
    _("C'est trop long : {most} caractères au plus."),
    variables=[Variable("most", "le plus grand nombre de caractères", "200")],
)
add(
    "removal.false",
    KIT,
    _("Une demande que l'on sait fausse est punie : 1 an d'emprisonnement et 15 000 € d'amende."),
)

# --- the letters ------------------------------------------------------------------------------------------------------

add("removal.letters", KIT, _("Vos textes, à copier"), _("Tes textes, à copier"))
add(
    "removal.letters_told",
    KIT,
    _("Relisez-les. Pnav ne les envoie pas : copiez celui qu'il vous faut, ou imprimez cette page."),
    _("Relis-les. Pnav ne les envoie pas : copie celui qu'il te faut, ou imprime cette page."),
)
NOTICE_TITLE = add("removal.notice_title", KIT, _("Pour le bouton « contenu illicite »"))
HOST_TITLE = add("removal.host_title", KIT, _("Pour écrire au site ou à son hébergeur"))
add("removal.copied", KIT, _("Texte copié."))
add(
    "removal.chosen",
    KIT,
    _("Texte choisi : copiez-le avec votre appareil."),
    _("Texte choisi : copie-le avec ton appareil."),
)
add("removal.later", KIT, _("Revenir voir"))
add(
    "removal.later_told",
    KIT,
    _("Regardez si le contenu est encore là :"),
    _("Regarde si le contenu est encore là :"),
)
add(
    "removal.later_day",
    KIT,
    _("après {days} jours : le {day}"),
    variables=[Variable("days", "le nombre de jours", "3"), Variable("day", "le jour", "lundi 30 novembre 2026")],
)
add(
    "removal.month_over",
    KIT,
    _(
        "Après un mois sans réponse à une demande d'effacement ou de déréférencement, adressez-vous à la CNIL, en "
        "ligne, avec la copie de la demande. Chaque moteur de recherche se demande à part, et la page reste en ligne."
    ),
    _(
        "Après un mois sans réponse à une demande d'effacement ou de déréférencement, adresse-toi à la CNIL, en "
        "ligne, avec la copie de la demande. Chaque moteur de recherche se demande à part, et la page reste en ligne."
    ),
    max_length=400,
)
add(
    "removal.keep_dates_told",
    KIT,
    _("« Suites » peut vous montrer ces dates. Seul le jour de la demande est gardé : ni le site, ni le texte."),
    _("« Suites » peut te montrer ces dates. Seul le jour de la demande est gardé : ni le site, ni le texte."),
)

NOTICE_SUBJECT = add(
    "removal.notice_subject",
    LETTER,
    _("Objet : signalement d'un contenu illicite (règlement (UE) 2022/2065, article 16)"),
)
HOST_SUBJECT = add("removal.host_subject", LETTER, _("Objet : demande de retrait d'un contenu"))
SITE_LINE = add("removal.site_line", LETTER, _("Site : {site}"), variables=[SITE])
WHERE_LINE = add("removal.where_line", LETTER, _("Adresse exacte : {text}"), variables=[TEXT])
ACCOUNT_LINE = add("removal.account_line", LETTER, _("Compte de l'auteur : {text}"), variables=[TEXT])
DESCRIPTION_LINE = add(
    "removal.description_line", LETTER, _("Description exacte du contenu : {text}"), variables=[TEXT]
)
GROUNDS_LINE = add("removal.grounds_line", LETTER, _("Pourquoi ce contenu est illicite : {text}"), variables=[TEXT])
REASONS_LINE = add("removal.reasons_line", LETTER, _("Raisons du retrait : {text}"), variables=[TEXT])
WHO_LINE = add("removal.who_line", LETTER, _("Qui demande : {text}"), variables=[TEXT])
NOT_ASKED_LINE = add(
    "removal.not_asked_line",
    LETTER,
    _(
        "Nom et adresse électronique : non demandés pour des images d'abus sexuels sur une personne mineure "
        "(article 16)."
    ),
)
PERIOD_LINE = add("removal.period_line", LETTER, _("Période des faits : {text}"), variables=[TEXT])
STEPS_LINE = add("removal.steps_line", LETTER, _("Démarches auprès de l'auteur : {text}"), variables=[TEXT])
FACT_LINE = add(
    "removal.fact_line",
    LETTER,
    _("{when} : {text}"),
    variables=[Variable("when", "quand c'était", "12 mars 2027 à 18:05"), TEXT],
)
GOOD_FAITH = add(
    "removal.good_faith",
    LETTER,
    _("Je déclare de bonne foi que ces informations sont, à ma connaissance, exactes et complètes."),
)
HOST_ASKED = add(
    "removal.host_asked",
    LETTER,
    _("Je vous demande de retirer ce contenu et de me répondre en donnant vos raisons."),
)
