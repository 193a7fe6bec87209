"""The three pages: home, search, conversation."""

import uuid

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from benchmarks.stock.models import Conversation, HelpNumber, Municipality, Section


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html", {"sections": Section.objects.all(), "numbers": HelpNumber.objects.all()})


def search(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "")
    found = Municipality.objects.filter(Q(name__iexact=text) | Q(postal_code=text)).order_by("name")
    return render(request, "search.html", {"text": text, "found": found})


def conversation(request: HttpRequest) -> HttpResponse:
    """Show the place in the queue and the thread of the conversation that this session holds."""
    current = get_object_or_404(Conversation, pk=request.session.get("conversation"))
    before = Q(urgency__gt=current.urgency) | Q(urgency=current.urgency, queued_at__lt=current.queued_at)
    context = {
        "conversation": current,
        "position": Conversation.objects.filter(before, status="waiting").count() + 1,
        "lines": current.messages.select_related("agent"),
        "numbers": HelpNumber.objects.all(),
        "client_id": uuid.uuid4(),
    }
    return render(request, "conversation.html", context)
