"""The visitor's addresses, below /tchat/."""

from django.urls import path

from chat import views

app_name = "chat"
urlpatterns = [
    path("", views.conversation, name="conversation"),
    path("message/", views.post_message, name="message"),
    path("suite/", views.news, name="news"),
    path("trames/", views.frames, name="frames"),
    path("code/", views.code, name="code"),
    path("terminer/", views.end, name="end"),
    path("reprendre/", views.resume, name="resume"),
]
