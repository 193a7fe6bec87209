"""These are the URLs of identity disclosure, below /levees/."""

from django.urls import path

from reports.openings import views

app_name = "openings"
urlpatterns = [
    path("", views.index, name="index"),
    path("registre/", views.openings_register, name="register"),
    path("registre.csv", views.register_csv, name="register_csv"),
    path("registre.pdf", views.register_pdf, name="register_pdf"),
    path("<uuid:public_id>/", views.detail, name="detail"),
    path("<uuid:public_id>/contresigner/", views.countersign, name="countersign"),
    path("<uuid:public_id>/accorder/", views.agree, name="agree"),
    path("<uuid:public_id>/refuser/", views.refuse, name="refuse"),
    path("<uuid:public_id>/reprendre/", views.claim, name="claim"),
    path("<uuid:public_id>/confier/", views.hand_over, name="hand_over"),
    path("<uuid:public_id>/retirer/", views.withdraw, name="withdraw"),
    path("<uuid:public_id>/enveloppe/", views.envelope, name="envelope"),
    path("<uuid:public_id>/reponse/", views.answer, name="answer"),
    path("<uuid:public_id>/montree/", views.shown_here, name="shown_here"),
    path("<uuid:public_id>/confirmer/", views.confirm, name="confirm"),
    path("<uuid:public_id>/lire/", views.show, name="show"),
    path("<uuid:public_id>/examen/", views.review, name="review"),
]
