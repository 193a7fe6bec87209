"""Previews a text of the admin on its page, before it is saved."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from common.text_forms import language_previews
from common.texts import languages
from pnav.pages import information


class Previewed(admin.ModelAdmin):
    """Adds « Aperçu » buttons beside those that save.

    They show the page with what the form holds, and write nothing.
    """

    change_form_template = "admin/pages/previewed_form.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        language = request.POST.get("_preview", "")
        if request.method == "POST" and language:
            shown = self._preview(request, object_id, language if language in languages.codes() else languages.source())
            if shown is not None:
                return shown
        context = {**(extra_context or {}), "previews": language_previews()}
        return super().changeform_view(request, object_id, form_url, context)

    def _preview(self, request: HttpRequest, object_id: str | None, language: str) -> HttpResponse | None:
        """Show the page; None for a form with errors, which Django shows as it does when it is saved."""
        before = self.get_object(request, unquote(object_id)) if object_id else None
        is_allowed = self.has_change_permission(request, before) if before else self.has_add_permission(request)
        if not is_allowed:
            raise PermissionDenied
        form = self.get_form(request, before, change=before is not None)(request.POST, instance=before)
        if not form.is_valid():
            return None
        with translation.override(language):
            shown, context = information.preview(form.save(commit=False))
            page = render(request, "pages/preview.html", {**context, "shown": shown})
        page["Content-Language"], page["Cache-Control"] = language, "no-store"
        return page
