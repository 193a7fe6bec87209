from django.urls import path

from common.open_exchange import leads_back
from triage import views

app_name = "triage"
urlpatterns = [
    path("", leads_back(views.start), name="start"),
    path("parler/", views.open_door, name="open_door"),
    path("recommencer/", views.restart, name="restart"),
    path("resultat/", views.current_result, name="current_result"),
    path("resultat/<slug:slug>/", views.result, name="result"),
    path(
        "<slug:slug>/",
        leads_back(views.question, ("GET", "HEAD", "POST"), unless=views.show_danger),
        name="question",
    ),
]
