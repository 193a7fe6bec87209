"""The addresses, in the order of the journey."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("pnav.pages.urls")),
    path("orientation/", include("triage.urls")),
    path("point-d-accueil/", include("locations.urls")),
    path("signalement/", include("reports.urls")),
    path("tchat/", include("chat.urls")),
    path("console/", include("chat.console_urls")),
    path("compte/", include("pnav.accounts.urls")),
    path("admin/", admin.site.urls),
]
