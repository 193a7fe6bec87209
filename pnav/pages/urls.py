from django.urls import path

from . import views

app_name = "pages"
urlpatterns = [
    path("", views.home, name="home"),
    path("quitter/", views.quit_site, name="quit"),
    path("avis/", views.feedback, name="feedback"),
    path("accessibilite/", views.accessibility, name="accessibility"),
    path("mentions-legales/", views.legal, name="legal"),
    path("donnees-personnelles/", views.privacy, name="privacy"),
    path("parametres-affichage/", views.display_settings, name="display_settings"),
]
