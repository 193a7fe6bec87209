"""The visitor's addresses, below /tchat/."""

from django.urls import path

from chat import draft_views, followup_views, handover_views, keeping_views, proposal_views, resume_views, views

app_name = "chat"
urlpatterns = [
    path("", views.conversation, name="conversation"),
    path("message/", views.post_message, name="message"),
    path("messages/", views.messages, name="messages"),
    path("brouillon/", draft_views.leave, name="draft"),
    path("suite/", views.news, name="news"),
    path("trames/", views.frames, name="frames"),
    path("reponses/", proposal_views.answers, name="answers"),
    path("rendez-vous/", proposal_views.slip, name="slip"),
    path("rendez-vous/papier/", proposal_views.slip_paper, name="slip_paper"),
    path("suites/", followup_views.follow_up, name="follow_up"),
    path("suites/rendez-vous/", followup_views.meeting, name="follow_up_meeting"),
    path("suites/code/", followup_views.code, name="follow_up_code"),
    path("code/", resume_views.code, name="code"),
    path("code/annuler/", resume_views.annul, name="code_annul"),
    path("passage/", handover_views.summary, name="handover"),
    path("terminer/", views.end, name="end"),
    path("conservation/", keeping_views.keeping, name="keeping"),
    path("effacement/", keeping_views.erasure, name="erasure"),
    path("reprendre/", resume_views.come_back, name="resume"),
]
