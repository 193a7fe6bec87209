"""This module has what the card says that a person prints and hands to somebody."""

from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, Variable, add

CARD = Place("card", "Carte à donner à quelqu'un")

add("card.title", CARD, _("Voici comment parler à quelqu'un"))
add(
    "card.told",
    CARD,
    _("Donnez cette carte à quelqu'un qui en a besoin : un élève, un ami, un patient, un proche."),
    _("Donne cette carte à quelqu'un qui en a besoin : un élève, un ami, un patient, un proche."),
)
add(
    "card.print",
    CARD,
    _("Imprimez cette page avec votre navigateur : seule la carte sort sur le papier. Ou montrez l'écran."),
    _("Imprime cette page avec ton navigateur : seule la carte sort sur le papier. Ou montre l'écran."),
)
# A minor hands it to somebody of the same age.
add(
    "card.card_title",
    CARD,
    _("On vous fait du mal en ligne ? Parlez-en."),
    _("On te fait du mal en ligne ? Parles-en."),
)
add(
    "card.card_told",
    CARD,
    _(
        "Un policier ou un gendarme formé répond par écrit, jour et nuit. C'est gratuit, et vous ne donnez "
        "pas votre nom."
    ),
    _("Un policier ou un gendarme formé répond par écrit, jour et nuit. C'est gratuit, et tu ne donnes pas ton nom."),
)
add(
    "card.card_numbers",
    CARD,
    _("En danger : 17 ou 112, ou le 114 par SMS. Violences en ligne, pour les jeunes : 3018, de 9 h à 23 h."),
)
add(
    "card.code",
    CARD,
    _("Code QR : il mène à {address}"),
    variables=[Variable("address", "l'adresse du site", "pnav.example")],
)
add(
    "card.careful",
    CARD,
    _(
        "Si la personne qui fait du mal vit sous le même toit, ne laissez pas la carte en vue. Le site a un "
        "mode discret : la première question le propose."
    ),
    _(
        "Si la personne qui fait du mal vit sous le même toit, ne laisse pas la carte en vue. Le site a un "
        "mode discret : la première question le propose."
    ),
)
