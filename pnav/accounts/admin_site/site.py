"""The frame of the Django admin."""

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

from pnav.accounts.admin_site.audited_admin import Recorded, or_undone
from pnav.accounts.admin_site.lookups import Bounded
from pnav.accounts.reauthentication import Proved

# Other packages register secrets of second factors, e-mail addresses, groups and settings that serve nothing here.
OUR_APPS = {"accounts", "pages", "chat", "reports", "triage", "locations", "sentences"}

CONTENT, PLACES, TEAM, SETTINGS = _("Contenus"), _("Points d'accueil"), _("Équipe"), _("Réglages")
# The group of each app on the index; a model named here goes elsewhere than its app. The rest are settings.
GROUP_OF_APP = {
    "pages": CONTENT,
    "sentences": CONTENT,
    "triage": CONTENT,
    "locations": PLACES,
    "accounts": TEAM,
    "chat": TEAM,
}
GROUP_OF_MODEL = {"locations.DataEdition": SETTINGS, "accounts.PendingChange": CONTENT}


def close_foreign_models() -> None:
    """Unregister every model that is not ours. Called once, when all the admin modules have been read."""
    for model in list(admin.site._registry):
        if model._meta.app_label not in OUR_APPS:
            admin.site.unregister(model)


class PnavAdminSite(admin.AdminSite):
    """French titles, an index grouped by what people come to do, and one way in: the sign-in with a second factor."""

    site_title = _("Administration de Pnav")
    site_header = _("Pnav — administration")
    index_title = _("Administration")
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """`Bounded`, `Proved`, `Recorded` and `Reviewed` stand before every class: it leaves none of them out."""
        base = admin_class or admin.ModelAdmin
        from pnav.accounts.approvals.reviewed import Reviewed  # models are not read yet when this module is

        recorded = new_class(
            base.__name__,
            (Bounded, Proved, Recorded, Reviewed, base),
            exec_body=lambda body: body.update(__module__=base.__module__),
        )
        super().register(model_or_iterable, recorded, **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Without « view on site »: no model has a page of its own, and to match its address, before anybody is asked
        who they are, takes the square of the length of what a client asks for."""
        return [one for one in super().get_urls() if getattr(one, "name", "") != "view_on_site"]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return super().admin_view(or_undone(view), cacheable)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """With what waits for a second person: one query."""
        from pnav.accounts.approvals import actions as approval_actions

        waiting = approval_actions.pending_changes(timezone.now()).count()
        return super().index(request, {**(extra_context or {}), "waiting_changes": waiting})

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_administrator", False))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Only a signed-in person of another role comes here: the middleware sends everyone else to sign in."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        return redirect("admin:index" if request.user.is_authenticated else "account_login")

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign out as everywhere else, also at the provider."""
        from pnav.accounts.views import sign_out  # models are not read yet when this module is

        return require_POST(sign_out)(request)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The models by group. One app's own page (`app_label`) stays as Django draws it."""
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
                target["models"].append(entry)
        return [group for group in groups.values() if group["models"]]
