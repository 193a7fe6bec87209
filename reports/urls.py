from django.urls import path

from reports import views

app_name = "reports"
urlpatterns = [
    path("", views.create, name="create"),
    path("patienter/", views.wait_or_work, name="effort"),
]
