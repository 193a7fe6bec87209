from django.urls import path

from common.open_exchange import leads_back
from locations import views

app_name = "locations"
urlpatterns = [
    path("", views.search, name="search"),
    path("suggestions/", views.suggestions, name="suggestions"),
    path("services/", views.results, name="results"),
    path("choisir/", views.choose, name="choose"),
    path("choix/", views.chosen, name="chosen"),
    path("supprimer/", views.remove, {"what": "place"}, name="remove"),
    # Whoever answers an open exchange goes on: nobody is removed from it here.
    path(
        "supprimer-interlocuteur/",
        leads_back(views.remove, ("GET", "HEAD", "POST")),
        {"what": "interlocutor"},
        name="remove_interlocutor",
    ),
    path("mes-contacts/", views.my_contacts, name="my_contacts"),
]
