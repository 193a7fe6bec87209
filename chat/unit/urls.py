"""These are the URLs of a unit's account, below /unite/."""

from django.urls import path

from chat.unit import captures, dossier, facts, receipt, views

app_name = "unit"
urlpatterns = [
    path("", views.index, name="index"),
    path("recepisse/", receipt.receipt, name="receipt"),
    path("<uuid:public_id>/", views.detail, name="detail"),
    path("<uuid:public_id>/ouvrir/", views.open_one, name="open"),
    path("<uuid:public_id>/rendez-vous/", views.meeting, name="meeting"),
    path("<uuid:public_id>/faits/", facts.facts, name="facts"),
    path("<uuid:public_id>/captures/", captures.captures, name="captures"),
    path("<uuid:public_id>/captures/<uuid:capture_id>/<int:page>/", captures.drawing, name="capture_drawing"),
    path("<uuid:public_id>/captures/<uuid:capture_id>/original/", captures.original, name="capture_original"),
    path("<uuid:public_id>/captures/<uuid:capture_id>/mettre-de-cote/", captures.lock, name="capture_lock"),
    path("<uuid:public_id>/dossier/", dossier.dossier, name="dossier"),
    path("<uuid:public_id>/clore/", views.close, name="close"),
]
