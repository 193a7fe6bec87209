"""This is the description of each page, in one sentence, for search engines and for link previews."""

from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, Sentence, add

SEARCH = Place("search", "Moteurs de recherche et partage : la description de chaque page")

# By the name of the page. A page that is missing here is described as the service is.
OPTIONS: dict[str, dict[str, Sentence]] = {
    "description": {
        "pages:card": add(
            "search.card",
            SEARCH,
            _("Une carte à imprimer et à donner à quelqu'un qui subit du cyberharcèlement : où écrire, jour et nuit."),
        ),
        "pages:quit": add(
            "search.quit",
            SEARCH,
            _("Ce que votre navigateur garde après une visite sur ce site, et comment l'éviter ou l'effacer."),
        ),
        "pages:feedback": add(
            "search.feedback",
            SEARCH,
            _("Dites-nous, sans donner votre nom, ce qui vous a été utile ou vous a manqué sur ce site."),
        ),
        "pages:accessibility": add(
            "search.accessibility",
            SEARCH,
            _("Où en est l'accessibilité de ce site, ce qui a été essayé, et à qui écrire si une page vous bloque."),
        ),
        "pages:legal": add(
            "search.legal",
            SEARCH,
            _("Qui publie et héberge ce site, sous quelle loi, et d'où viennent ses informations."),
        ),
        "pages:privacy": add(
            "search.privacy",
            SEARCH,
            _(
                "Ce que le site garde de votre visite et de votre échange, combien de temps, qui le lit et "
                "quels sont vos droits."
            ),
        ),
        "pages:figures": add(
            "search.figures",
            SEARCH,
            _("Les chiffres du service sur trente jours : personnes entendues, attente, durée des échanges."),
        ),
        "triage:start": add(
            "search.guidance",
            SEARCH,
            _(
                "Répondez à quelques questions simples : elles mènent à la bonne aide, ou tout de suite à un "
                "policier ou un gendarme."
            ),
        ),
        "pages:law": add(
            "search.law",
            SEARCH,
            _("Cyberharcèlement, menaces, images intimes, harcèlement scolaire : ce que dit la loi, et les peines."),
        ),
        "pages:removal": add(
            "search.removal",
            SEARCH,
            _(
                "Demander à un site de retirer un message, une photo ou une vidéo : que garder, où "
                "demander, que faire après."
            ),
        ),
        "pages:removal_request": add(
            "search.removal_request",
            SEARCH,
            _("Demander à un site de retirer un contenu : l'endroit où demander, et le texte de la demande, à copier."),
        ),
        "pages:numbers": add(
            "search.numbers",
            SEARCH,
            _(
                "Les numéros d'aide en France : urgence, violences en ligne, suicide, enfance. Par "
                "téléphone, tchat ou SMS."
            ),
        ),
        "pages:minors": add(
            "search.minors",
            SEARCH,
            _("Harcèlement en ligne à moins de 18 ans : fais le point, connais tes droits, et parle à quelqu'un."),
        ),
        "pages:minors_simple": add(
            "search.minors_simple",
            SEARCH,
            _("Pour les enfants : ce qui arrive sur internet, et qui peut aider."),
        ),
        "pages:professionals": add(
            "search.professionals",
            SEARCH,
            _("Enseignants, soignants, travailleurs sociaux, employeurs : que faire face à un cyberharcèlement."),
        ),
        "locations:search": add(
            "search.places",
            SEARCH,
            _(
                "Trouvez par ville ou code postal la police ou la gendarmerie près de vous, et les associations "
                "qui aident les victimes."
            ),
        ),
    }
}
