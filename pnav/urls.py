"""These are the URLs of the site: those of visitors first, in the order in which they meet them, then those of the
staff."""

from django.contrib import admin
from django.urls import include, path

from pnav import disclosure, health

urlpatterns = [
    path("", include("pnav.pages.urls")),
    path("orientation/", include("triage.urls")),
    path("point-d-accueil/", include("locations.urls")),
    path("signalement/", include("reports.urls")),
    path("tchat/", include("chat.visitor.urls")),
    path("console/", include("chat.console.urls")),
    path("ecoute/", include("chat.wellbeing.urls")),
    path("unite/", include("chat.unit.urls")),
    path("levees/", include("reports.openings.urls")),
    path("compte/", include("pnav.accounts.urls")),
    path("admin/", admin.site.urls),
    path(disclosure.PATH.removeprefix("/"), disclosure.security_txt, name="security_txt"),
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    path("metrics", health.metrics, name="metrics"),
]

handler400 = "pnav.errors.bad_request"
handler403 = "pnav.errors.permission_denied"
handler404 = "pnav.errors.page_not_found"
handler429 = "pnav.errors.too_many"  # called by allauth's `respond_429`; Django has no such handler
handler500 = "pnav.errors.server_error"
