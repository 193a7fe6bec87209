from django.urls import path

from locations import views

app_name = "locations"
urlpatterns = [
    path("", views.search, name="search"),
    path("mes-contacts/", views.my_contacts, name="my_contacts"),
]
