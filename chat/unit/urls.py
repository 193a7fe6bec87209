"""A unit's addresses, below /unite/."""

from django.urls import path

from chat.unit import views

app_name = "unit"
urlpatterns = [
    path("", views.index, name="index"),
    path("<uuid:public_id>/", views.detail, name="detail"),
    path("<uuid:public_id>/ouvrir/", views.open_one, name="open"),
    path("<uuid:public_id>/rendez-vous/", views.meeting, name="meeting"),
    path("<uuid:public_id>/clore/", views.close, name="close"),
]
