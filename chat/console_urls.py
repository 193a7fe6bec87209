"""The agent's addresses, below /console/."""

from django.urls import path

from chat import console_acts as acts
from chat import console_case as case
from chat import console_duty as duty
from chat import console_handover as handover
from chat import console_keeping as keeping
from chat import console_on_call as on_call
from chat import console_replies as replies
from chat import console_staffing as staffing
from chat import console_stepping_in as stepping_in
from chat import console_supervision as supervision
from chat import console_transmission as transmission
from chat import console_views as views

app_name = "console"
urlpatterns = [
    path("", views.home, name="home"),
    path("disponibilite/", views.availability, name="availability"),
    path("disponibilite/pause/", duty.pause, name="pause"),
    path("prendre-soin/", duty.care, name="care"),
    path("prendre-soin/debriefer/", duty.debrief, name="debrief"),
    path("echange/<uuid:public_id>/", views.conversation, name="conversation"),
    path("echange/<uuid:public_id>/messages/", views.messages_before, name="messages"),
    path("echange/<uuid:public_id>/terminer/", views.close, name="close"),
    path("echange/<uuid:public_id>/urgence/", acts.urgency, name="urgency"),
    path("echange/<uuid:public_id>/retour/", acts.hold, name="hold"),
    path("echange/<uuid:public_id>/note/", acts.note, name="note"),
    path("echange/<uuid:public_id>/question/", acts.ask, name="ask"),
    path("echange/<uuid:public_id>/places/", duty.weight, name="weight"),
    path("echange/<uuid:public_id>/levee/", views.ask_opening, name="ask_opening"),
    path("aparte/<uuid:aside_id>/", acts.aside, name="aside"),
    path("reponses/", replies.index, name="replies"),
    path("reponses/<uuid:reply_id>/", replies.change, name="reply"),
    path("echange/<uuid:public_id>/fiche/", case.sheet, name="sheet"),
    path("echange/<uuid:public_id>/propositions/", case.propose, name="propose"),
    path("echange/<uuid:public_id>/procedure/", case.emergency, name="emergency"),
    path("echange/<uuid:public_id>/document/", case.paper, name="paper"),
    path("echange/<uuid:public_id>/transmission/", transmission.transmit, name="transmit"),
    path("transmissions/", transmission.index, name="transmissions"),
    path("mes-echanges/", case.own_search, name="own_search"),
    path("echange/<uuid:public_id>/passage/", handover.transfer, name="transfer"),
    path("echange/<uuid:public_id>/passage/retirer/", handover.withdraw, name="withdraw"),
    path("passages/", handover.handovers, name="handovers"),
    path("passages/<uuid:public_id>/reponse/", handover.answer, name="answer"),
    path("fin-de-service/", handover.end_duty, name="end_duty"),
    path("tableau/echange/<uuid:public_id>/", stepping_in.watched, name="watched"),
    path("tableau/echange/<uuid:public_id>/messages/", stepping_in.messages_before, name="watched_messages"),
    path("tableau/echange/<uuid:public_id>/rejoindre/", stepping_in.join, name="join"),
    path("tableau/echange/<uuid:public_id>/quitter/", stepping_in.leave, name="leave"),
    path("tableau/echange/<uuid:public_id>/mot/", stepping_in.whisper, name="whisper"),
    path("tableau/echange/<uuid:public_id>/confier/", stepping_in.reassign, name="reassign"),
    path("conservation/", keeping.endings, name="endings"),
    path("conservation/<uuid:public_id>/gel/", keeping.freeze, name="freeze"),
    path("conservation/<uuid:public_id>/gel/decision/", keeping.decide_freeze, name="freeze_decision"),
    path("conservation/<uuid:public_id>/effacement/", keeping.erasure, name="erasure"),
    path("presence/", views.presence, name="presence"),
    path("absence/lue/", views.losses_read, name="losses_read"),
    path("effectifs/", staffing.page, name="staffing"),
    path("effectifs/effectifs.csv", staffing.sheet, name="staffing_csv"),
    path("tableau/", supervision.board, name="board"),
    path("astreintes/", on_call.index, name="on_call"),
    path("astreintes/<uuid:public_id>/fin/", on_call.end, name="on_call_end"),
    path("historique/", supervision.past, name="history"),
    path("historique/chiffres.csv", supervision.past_csv, name="history_csv"),
    path("trames/", views.frames, name="frames"),
]
