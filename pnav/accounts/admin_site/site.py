"""This is the frame of the Django admin: which models it shows, in which groups, and who may come in."""

from collections.abc import Callable
from datetime import datetime
from types import new_class
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from common.pagination.searched_choice import LabelledSearch
from pnav.accounts.admin_site.audited_admin import Recorded, or_undone
from pnav.accounts.admin_site.lookups import Bounded
from pnav.accounts.admin_site.plain_texts import PlainTexts
from pnav.accounts.reauthentication import Proved

# Other packages register secrets of second factors, e-mail addresses, groups and settings that are of no use here.
OUR_APPS = {"accounts", "pages", "chat", "reports", "triage", "locations", "sentences"}

CONTENT, PLACES, TEAM, SETTINGS = _("Contenus"), _("Points d'accueil"), _("Équipe"), _("Réglages")
# The group of each app on the index. A model that is named here goes elsewhere than its app. All others are settings.
GROUP_OF_APP = {
    "pages": CONTENT,
    "sentences": CONTENT,
    "triage": CONTENT,
    "locations": PLACES,
    "accounts": TEAM,
    "chat": TEAM,
}
GROUP_OF_MODEL = {
    "locations.DataEdition": SETTINGS,
    "accounts.PendingChange": CONTENT,
    "reports.ChatClosure": CONTENT,
}

# What each list is for, in one line of the first page. A class without a line fails tests/pages/test_to_do.py.
PURPOSES = {
    "accounts.PendingChange": _("Ce qu'un collègue propose et que vous acceptez ou refusez."),
    "accounts.User": _("Qui se connecte : rôle, mot de passe provisoire, second facteur. Importer une feuille."),
    "chat.Agent": _("Qui répond : nom affiché, unité, nombre de places."),
    "chat.CannedReply": _("Les textes que tous les agents peuvent insérer."),
    "chat.DangerPhrase": _("Les mots qui encadrent un message de suicide ou de danger."),
    "chat.Macro": _("Plusieurs gestes en une touche, pour la console."),
    "chat.OnCall": _("Un superviseur qui décide un moment pour une autre unité."),
    "chat.Unit": _("Les services dont les agents répondent au tchat."),
    "chat.UnitAccount": _("Quel point d'accueil lit chaque compte d'unité."),
    "locations.Competence": _("Quelle unité est compétente pour quelle commune."),
    "locations.UnitAlias": _("Les autres noms d'une unité, pour la reconnaître dans un fichier."),
    "locations.DataEdition": _("Les fichiers officiels chargés, et leur date."),
    "locations.Municipality": _("Les communes et leurs codes, tels que les fichiers officiels les donnent."),
    "locations.Partner": _("Associations, tribunaux, psychologues proposés près de chez la personne."),
    "locations.ReceptionPoint": _("Commissariats et brigades : adresse, horaires, téléphone."),
    "pages.Announcement": _("Un bandeau au-dessus des pages, pour les personnes ou pour l'équipe."),
    "pages.ContentBlock": _("Les textes des pages d'information, à vérifier une fois par trimestre."),
    "pages.Feedback": _("Ce que les personnes disent du service."),
    "pages.RemovalPlatform": _("Où demander le retrait d'un contenu, et qui peut aider."),
    "pages.HelpNumber": _("Les numéros d'urgence et d'aide, partout où une page les dit."),
    "reports.AccessRecord": _("Qui a lu ou fait quoi. Rien ne s'y efface."),
    "reports.CaptureContact": _("Qui est prévenu d'une capture qu'il peut être interdit de garder."),
    "reports.ChatClosure": _("Fermer le tchat : raison, fin, et ce que lisent les personnes."),
    "reports.ErasureRequest": _("Les demandes d'effacement et leurs réponses."),
    "reports.HouseRule": _("Les nombres du service : places, pauses, délais, alertes."),
    "reports.Letterhead": _("Le nom et l'adresse en tête des PDF."),
    "reports.RetentionRule": _("Combien de temps chaque chose est gardée."),
    "reports.Tombstone": _("Ce qui a été supprimé, et quand, sans nommer personne."),
    "sentences.ChangedSentence": _("Tout ce que Pnav dit : le trouver, le changer, le voir dans sa page."),
    "triage.QuestionnaireVersion": _("Les questions de l'orientation : brouillon, essai, publication."),
}


def close_foreign_models() -> None:
    """Unregister every model that is not ours. This is called once, when all admin modules have been read."""
    for model in list(admin.site._registry):
        if model._meta.app_label not in OUR_APPS:
            admin.site.unregister(model)


class PnavAdminSite(admin.AdminSite):
    """It is the admin with French titles, an index grouped by task, and the sign-in with a second factor as its only
    entrance.
    """

    site_title = _("Administration de Pnav")
    site_header = _("Pnav — administration")
    index_title = _("Administration")
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register a class behind `Bounded`, `Proved`, `PlainTexts`, `Recorded` and `Reviewed`, so that none can be
        left out.
        """
        base = admin_class or admin.ModelAdmin
        from pnav.accounts.approvals.reviewed import Reviewed  # this module is read before the models

        recorded = new_class(
            base.__name__,
            (Bounded, Proved, PlainTexts, Recorded, Reviewed, base),
            exec_body=lambda body: body.update(__module__=base.__module__),
        )
        super().register(model_or_iterable, recorded, **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return the addresses without « view on site »: no model has a page of its own.

        Matching that address would take time in the square of its length, before anybody is asked who they are.
        """
        return [one for one in super().get_urls() if getattr(one, "name", "") != "view_on_site"]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return super().admin_view(or_undone(view), cacheable)

    def autocomplete_view(self, request: HttpRequest) -> Any:
        return LabelledSearch.as_view(admin_site=self)(request)

    # What the first page shows besides the lists. A package above sets it (`pnav.pages.to_do`).
    first_page: Callable[[datetime], dict[str, Any]] = staticmethod(lambda _now: {})

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Add to the first page what there is to do, and the state of the service."""
        return super().index(request, {**(extra_context or {}), **self.first_page(timezone.now())})

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether the account is an active administrator's. Nobody else has any right here."""
        return bool(request.user.is_active and getattr(request.user, "is_administrator", False))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Refuse a signed-in person of another role, who is the only one to come here: the middleware sends all others
        to sign in.
        """
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        return redirect("admin:index" if request.user.is_authenticated else "account_login")

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign out as everywhere else, at the provider too."""
        from pnav.accounts.views import sign_out  # this module is read before the models

        return require_POST(sign_out)(request)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the models by group. One app's own page (`app_label`) stays as Django draws it."""
        apps_ = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps_
        groups: dict[str, dict[str, Any]] = {}
        for group in (CONTENT, PLACES, TEAM, SETTINGS):
            groups[str(group)] = {"name": group, "has_module_perms": True, "models": []}
        for app in apps_:
            for entry in app["models"]:
                own = GROUP_OF_APP.get(app["app_label"], SETTINGS)
                group = GROUP_OF_MODEL.get(entry["model"]._meta.label, own)
                target = groups[str(group)]
                target.setdefault("app_label", app["app_label"])
                target.setdefault("app_url", app["app_url"])
                target["models"].append({**entry, "purpose": PURPOSES.get(entry["model"]._meta.label, "")})
        return [group for group in groups.values() if group["models"]]
