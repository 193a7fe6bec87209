"""The addresses of the three pages."""

from django.urls import path

from benchmarks.stock import views

urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("chat/", views.conversation, name="conversation"),
]
