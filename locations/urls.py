from django.urls import path

from locations import views

app_name = "locations"
urlpatterns = [
    path("", views.search, name="search"),
    path("suggestions/", views.suggestions, name="suggestions"),
    path("services/", views.results, name="results"),
    path("choisir/", views.choose, name="choose"),
    path("choix/", views.chosen, name="chosen"),
    path("supprimer/", views.remove, {"what": "place"}, name="remove"),
    path("supprimer-interlocuteur/", views.remove, {"what": "interlocutor"}, name="remove_interlocutor"),
    path("mes-contacts/", views.my_contacts, name="my_contacts"),
]
