"""The pages about places."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def search(request: HttpRequest) -> HttpResponse:
    return render(request, "locations/search.html")


def my_contacts(request: HttpRequest) -> HttpResponse:
    return render(request, "locations/my_contacts.html")
