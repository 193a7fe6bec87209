"""This module knows towns and countries outside France that people look for here. It makes no query.

They are asked about only where no commune of France bears the name, so that nobody is told to be abroad who is not.
We chose them: the neighbours, and large towns where many French people live. The source is general geography.
"""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from locations.names import normalise_name

_COUNTRIES: dict[Promise, str] = {
    _("Monaco"): "Monaco, Monte-Carlo, Monte Carlo, La Condamine, Principauté de Monaco",
    _("Andorre"): "Andorre, Andorra, Andorre-la-Vieille, Andorra la Vella",
    _(
        "Belgique"
    ): "Belgique, Belgium, België, Bruxelles, Brussels, Brussel, Anvers, Antwerpen, Gand, Charleroi, Liège, "
    "Namur, Bruges, Louvain, Tournai, Mouscron",
    _("Luxembourg"): "Luxembourg, Luxemburg, Esch-sur-Alzette",
    _("Allemagne"): "Allemagne, Germany, Berlin, Hambourg, Munich, Cologne, Francfort, Stuttgart, Sarrebruck, "
    "Fribourg-en-Brisgau, Kehl, Karlsruhe",
    _("Suisse"): "Suisse, Switzerland, Genève, Geneva, Lausanne, Zurich, Bâle, Berne, Neuchâtel, Fribourg, Sion",
    _("Italie"): "Italie, Italy, Rome, Milan, Turin, Vintimille, Gênes, Naples",
    _("Espagne"): "Espagne, Spain, Madrid, Barcelone, Barcelona, Saint-Sébastien, Bilbao, Figueras",
    _("Portugal"): "Portugal, Lisbonne, Lisbon, Porto",
    _("Royaume-Uni"): "Royaume-Uni, Angleterre, Londres, London, Jersey, Guernesey, Édimbourg, Manchester",
    _("Irlande"): "Irlande, Dublin",
    _("Pays-Bas"): "Pays-Bas, Amsterdam, Rotterdam",
    _("Canada"): "Canada, Québec, Ottawa, Toronto",
    _("États-Unis"): "États-Unis, New York, Los Angeles, Washington, Miami",
    _("Maroc"): "Maroc, Casablanca, Rabat, Marrakech, Tanger",
    _("Algérie"): "Algérie, Alger, Oran, Constantine",
    _("Tunisie"): "Tunisie, Tunis, Sfax",
    _("Sénégal"): "Sénégal, Dakar",
    _("Côte d'Ivoire"): "Côte d'Ivoire, Abidjan",
    # Who names no country reads the same as who names one.
    _("Un autre pays"): "À l'étranger, Étranger, Abroad, Hors de France, Outside France",
}
_BY_NAME = {normalise_name(name): country for country, names in _COUNTRIES.items() for name in names.split(",")}
# The codes of Monaco have the form of a French one, and no commune has them: « 98000 ».
_MONACO = next(iter(_COUNTRIES))


def country(candidates: Iterable[tuple[str, str]], code: str) -> Promise | str:
    """Return the country that a search leads to, for « Bruxelles » as for « Bruxelles Belgique » or « 1000 Bruxelles ».
    It is empty where none is known.

    candidates are names in their comparable form with what follows them, as `lookup.Query` has them. code is five
    digits, or empty.
    """
    if code.startswith("980"):
        return _MONACO
    for name, hint in candidates:
        town = " ".join(word for word in name.split() if not word.isdigit())
        found = _BY_NAME.get(town)
        if found and (not hint or hint.isdigit() or _BY_NAME.get(hint) == found):
            return found
    return ""
