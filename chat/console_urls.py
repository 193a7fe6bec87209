"""The agent's addresses, below /console/."""

from django.urls import path

from chat import console_handover as handover
from chat import console_keeping as keeping
from chat import console_stepping_in as stepping_in
from chat import console_views as views

app_name = "console"
urlpatterns = [
    path("", views.home, name="home"),
    path("disponibilite/", views.availability, name="availability"),
    path("echange/<uuid:public_id>/", views.conversation, name="conversation"),
    path("echange/<uuid:public_id>/terminer/", views.close, name="close"),
    path("echange/<uuid:public_id>/urgence/", views.urgency, name="urgency"),
    path("echange/<uuid:public_id>/levee/", views.ask_opening, name="ask_opening"),
    path("echange/<uuid:public_id>/passage/", handover.transfer, name="transfer"),
    path("echange/<uuid:public_id>/passage/retirer/", handover.withdraw, name="withdraw"),
    path("passages/", handover.handovers, name="handovers"),
    path("passages/<uuid:public_id>/reponse/", handover.answer, name="answer"),
    path("fin-de-service/", handover.end_duty, name="end_duty"),
    path("tableau/echange/<uuid:public_id>/", stepping_in.watched, name="watched"),
    path("tableau/echange/<uuid:public_id>/rejoindre/", stepping_in.join, name="join"),
    path("tableau/echange/<uuid:public_id>/quitter/", stepping_in.leave, name="leave"),
    path("tableau/echange/<uuid:public_id>/mot/", stepping_in.whisper, name="whisper"),
    path("tableau/echange/<uuid:public_id>/confier/", stepping_in.reassign, name="reassign"),
    path("conservation/", keeping.endings, name="endings"),
    path("conservation/<uuid:public_id>/gel/", keeping.freeze, name="freeze"),
    path("conservation/<uuid:public_id>/gel/decision/", keeping.decide_freeze, name="freeze_decision"),
    path("conservation/<uuid:public_id>/effacement/", keeping.erasure, name="erasure"),
    path("presence/", views.presence, name="presence"),
    path("tableau/", views.board, name="board"),
    path("trames/", views.frames, name="frames"),
]
