"""The visitor's addresses, below /tchat/."""

from django.urls import path

from chat.visitor import (
    captures,
    conversation,
    draft,
    facts,
    follow_up,
    own_copy,
    proposals,
    report,
    resume,
    retention,
    transfer,
)

app_name = "chat"
urlpatterns = [
    path("", conversation.conversation, name="conversation"),
    path("message/", conversation.post_message, name="message"),
    path("messages/", conversation.messages, name="messages"),
    path("brouillon/", draft.leave, name="draft"),
    path("faits/", facts.facts, name="facts"),
    path("captures/", captures.captures, name="captures"),
    path("captures/envoi/", captures.upload, name="captures_upload"),
    path("captures/<uuid:capture_id>/<int:page>/", captures.drawing, name="capture_drawing"),
    path("signalement/", report.add_to_report, name="report"),
    path("suite/", conversation.news, name="news"),
    path("trames/", conversation.frames, name="frames"),
    path("reponses/", proposals.answers, name="answers"),
    path("rendez-vous/", proposals.slip, name="slip"),
    path("rendez-vous/papier/", proposals.slip_paper, name="slip_paper"),
    path("copie/", own_copy.copy, name="copy"),
    path("copie/plus-tard/", own_copy.later, name="copy_later"),
    path("copie/verifier/", own_copy.checker, name="copy_checker"),
    path("copie/preuve/", own_copy.proof, name="copy_proof"),
    path("copie/schema.json", own_copy.published_schema, name="copy_schema"),
    path("recepisse/", own_copy.receipt, name="receipt"),
    path("recepisse/papier/", own_copy.receipt_paper, name="receipt_paper"),
    path("suites/", follow_up.follow_up, name="follow_up"),
    path("suites/rendez-vous/", follow_up.meeting, name="follow_up_meeting"),
    path("suites/retrait/", follow_up.removal, name="follow_up_removal"),
    path("suites/retrait/reponse/", follow_up.removal_answer, name="follow_up_removal_answer"),
    path("suites/code/", follow_up.code, name="follow_up_code"),
    path("code/", resume.code, name="code"),
    path("code/annuler/", resume.annul, name="code_annul"),
    path("passage/", transfer.summary, name="handover"),
    path("terminer/", conversation.end, name="end"),
    path("conservation/", retention.keeping, name="keeping"),
    path("effacement/", retention.erasure, name="erasure"),
    path("reprendre/", resume.come_back, name="resume"),
]
