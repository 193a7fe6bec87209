from django.conf import settings
from django.urls import path

from pnav.pages import card, figures, open_data, quick_exit, sitemap, views
from pnav.pages.models import ContentBlock
from pnav.pages.removal import kit

app_name = "pages"
Page = ContentBlock.Page
TOUCH_ICON = "pnav/touch-icon-discreet.png"
urlpatterns = [
    path("", views.home, name="home"),
    path("loi/", views.content_page, {"page": Page.LAW}, name="law"),
    path("retrait/", views.removal, name="removal"),
    path("retrait/demande/", kit.removal_request, name="removal_request"),
    path("numeros/", views.content_page, {"page": Page.NUMBERS}, name="numbers"),
    path("mineurs/", views.content_page, {"page": Page.MINORS}, name="minors"),
    path("mineurs/plus-simple/", views.content_page, {"page": Page.MINORS_SIMPLE}, name="minors_simple"),
    path("professionnels/", views.content_page, {"page": Page.PROFESSIONALS}, name="professionals"),
    path(quick_exit.PATH.removeprefix("/"), views.quit_site, name="quit"),
    path("avis/", views.feedback, name="feedback"),
    path("avis/merci/", views.feedback_thanks, name="feedback_thanks"),
    path("accessibilite/", views.accessibility, name="accessibility"),
    path("mentions-legales/", views.legal, name="legal"),
    path("donnees-personnelles/", views.privacy, name="privacy"),
    path("chiffres/", figures.figures, name="figures"),
    path(open_data.FILE_PATH.removeprefix("/"), figures.figures_csv, name="figures_csv"),
    path(open_data.SCHEMA_PATH.removeprefix("/"), figures.figures_schema, name="figures_schema"),
    path("carte/", card.card, name="card"),
    path("robots.txt", views.robots, name="robots"),
    path("sitemap.xml", sitemap.sitemap, name="sitemap"),
    path("favicon.ico", views.icon, {"picture": "pnav/favicon-discreet.svg"}, name="favicon"),
    path("apple-touch-icon.png", views.icon, {"picture": TOUCH_ICON}, name="touch_icon"),
    path("apple-touch-icon-precomposed.png", views.icon, {"picture": TOUCH_ICON}, name="touch_icon_precomposed"),
    path("parametres-affichage/", views.display_settings, name="display_settings"),
]
if settings.DEMO or settings.TESTING:
    urlpatterns.append(path("composants/", views.components, name="components"))
