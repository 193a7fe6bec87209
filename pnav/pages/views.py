"""The information pages and the quick exit."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from . import display
from .forms import DisplaySettingsForm


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/home.html")


@require_http_methods(["GET", "HEAD", "POST"])
def quit_site(request: HttpRequest) -> HttpResponseBase:
    """POST ends the visit and leaves the site; GET explains what a browser keeps."""
    if request.method != "POST":
        return render(request, "pages/quit.html")
    request.session.flush()
    response = HttpResponse(status=303, headers={"Location": settings.QUICK_EXIT_URL, "Cache-Control": "no-store"})
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@require_safe
def feedback(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/feedback.html")


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/accessibility.html")


@require_safe
def legal(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/legal.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/privacy.html")


@require_http_methods(["GET", "HEAD", "POST"])
def display_settings(request: HttpRequest) -> HttpResponseBase:
    """Theme and language, kept in two cookies; then back to the page the person came from."""
    came_from = request.GET.get("next", "")
    form = DisplaySettingsForm(
        request.POST or None,
        initial={"theme": display.theme(request), "language": get_language(), "next": came_from},
    )
    if request.method == "POST" and form.is_valid():
        target = form.cleaned_data["next"]
        if not target.startswith("/") or not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
            target = ""
        response = redirect(target or "pages:home")
        display.remember(response, theme=form.cleaned_data["theme"], language=form.cleaned_data["language"])
        return response
    return render(request, "pages/display_settings.html", {"form": form})
