"""These are the URLs of the psychologist's pages, below /ecoute/."""

from django.urls import path

from chat.wellbeing import views

app_name = "listening"
urlpatterns = [
    path("", views.index, name="index"),
    path("<uuid:public_id>/", views.answer, name="answer"),
]
