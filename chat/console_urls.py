"""The agent's addresses, below /console/."""

from django.urls import path

from chat import console_case as case
from chat import console_keeping as keeping
from chat import console_views as views

app_name = "console"
urlpatterns = [
    path("", views.home, name="home"),
    path("disponibilite/", views.availability, name="availability"),
    path("echange/<uuid:public_id>/", views.conversation, name="conversation"),
    path("echange/<uuid:public_id>/terminer/", views.close, name="close"),
    path("echange/<uuid:public_id>/urgence/", views.urgency, name="urgency"),
    path("echange/<uuid:public_id>/levee/", views.ask_opening, name="ask_opening"),
    path("echange/<uuid:public_id>/fiche/", case.sheet, name="sheet"),
    path("echange/<uuid:public_id>/propositions/", case.propose, name="propose"),
    path("echange/<uuid:public_id>/procedure/", case.emergency, name="emergency"),
    path("echange/<uuid:public_id>/document/", case.paper, name="paper"),
    path("mes-echanges/", case.own_search, name="own_search"),
    path("conservation/", keeping.endings, name="endings"),
    path("conservation/<uuid:public_id>/gel/", keeping.freeze, name="freeze"),
    path("conservation/<uuid:public_id>/gel/decision/", keeping.decide_freeze, name="freeze_decision"),
    path("conservation/<uuid:public_id>/effacement/", keeping.erasure, name="erasure"),
    path("presence/", views.presence, name="presence"),
    path("tableau/", views.board, name="board"),
    path("trames/", views.frames, name="frames"),
]
