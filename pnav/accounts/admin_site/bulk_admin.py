"""« Importer des agents » in the admin: it reads a sheet, shows what it would do, then creates the accounts."""

import json
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from pnav.accounts.admin_site import bulk, spreadsheets
from pnav.accounts.admin_site.audited_admin import subject_of
from pnav.accounts.models import FIRST_PASSWORD_DAYS, User
from pnav.accounts.reauthentication import ask_again
from reports.audit import log as audit_log
from reports.models import AccessKind, Motive

MOST_READ = max(bulk.MOST_BYTES, spreadsheets.MOST_BYTES) + 1  # bytes of a file; one more shows that it is too long
SHEET_TYPE = "text/csv; charset=utf-8"


class ImportsAgents(UserAdmin):
    """Adds two pages to `AccountAdmin`. Each page is recorded as what it does."""

    def get_urls(self) -> list[Any]:
        own = [
            path("importer/", self.admin_site.admin_view(self.import_agents), name="accounts_user_import"),
            path("exporter/", self.admin_site.admin_view(self.export_agents), name="accounts_user_export"),
        ]
        return [*own, *super().get_urls()]

    def import_agents(self, request: HttpRequest) -> HttpResponseBase:
        """Show the form (GET), say what a sheet would do (POST), or create the accounts and show their passwords («
        create »).

        The sheet travels in the page between the two steps, and is read and checked again, so that nothing of it is
        kept here. Nothing is created while a line is wrong, unless the sender asks to leave such lines out. They are
        then named below the passwords. Such lines can be had as a sheet (« wrong », « left_out »). When the form that
        created the accounts a moment ago is sent again, their passwords are shown again, because its first answer was
        lost.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        # Lines are given back without a new proof, because whoever printed the passwords first would lose them.
        # Nothing is created then.
        gives_back = request.method == "POST" and bool({"left_out", "wrong"} & set(request.POST))
        if not gives_back and (proof := ask_again(request)) is not None:
            return proof
        text, lines, error, key = "", [], "", ""
        if request.method == "POST":
            key = bulk.key_of(request.POST.get("key", ""))
            try:
                sheet = request.FILES.get("sheet")
                text = bulk.decode(sheet.read(MOST_READ)) if sheet else request.POST.get("text", "")
                lines = bulk.read(text)
            except bulk.SheetError as refusal:
                error = str(refusal)
        right = [line for line in lines if not line.errors]
        wrong = len(lines) - len(right)
        asked = lines if "left_out" in request.POST else [line for line in lines if line.errors]
        if gives_back and asked:
            headers = {"Content-Disposition": 'attachment; filename="a-corriger.csv"', "Cache-Control": "no-store"}
            return HttpResponse(bulk.write_to_correct(asked), content_type=SHEET_TYPE, headers=headers)
        if gives_back and (proof := ask_again(request)) is not None:
            return proof
        if "create" in request.POST and not error:
            if right and (not wrong or "skip" in request.POST):
                try:
                    return self._create(request, lines, key)
                except bulk.SheetError as refusal:
                    error, lines = str(refusal), bulk.read(text)  # the text as it is in the form now
                    right = [line for line in lines if not line.errors]
                    wrong = len(lines) - len(right)
            if key and (made := bulk.made_by(key, lines)):
                names = {one.user.username for one in made}
                # The line of an account that was made has one error by now: that its identifier is taken.
                left_out = [line for line in lines if len(line.errors) > (line.username in names)]
                return self._created_page(request, made, left_out)
            if right and not error:
                messages.error(request, _("Rien n'a été créé : corrigez les lignes signalées, ou laissez-les de côté."))
        # Those with errors come first, because nobody looks for them among five hundred.
        shown = sorted(lines, key=lambda line: not line.errors)
        context = {"text": text, "lines": shown, "right": len(right), "wrong": wrong, "error": error}
        context["unread"] = bulk.unread_titles(text) if lines else []
        context["key"] = bulk.new_key()
        context |= {"columns": bulk.COLUMNS, "most_lines": bulk.MOST_LINES}
        return self._sheet_page(request, "import", _("Importer des agents"), **context)

    def _create(self, request: HttpRequest, lines: list[bulk.Line], key: str) -> HttpResponse:
        """Create the accounts of the lines without errors, and show their passwords."""
        created = bulk.create([line for line in lines if not line.errors], key)
        # Each account gets a line of the register and of Django's log, as if it were created alone. They are written in
        # few statements, because others who write in the register wait meanwhile.
        subjects = [subject_of(self.model, one.user.pk) for one in created]
        audit_log.record_many(
            kind=AccessKind.ADMIN_ADD, by=request.user, motive=Motive.ADMINISTRATION, subjects=subjects
        )
        kind = ContentType.objects.get_for_model(self.model)
        told = json.dumps([{"added": {}}])
        LogEntry.objects.bulk_create(
            LogEntry(
                user=cast(User, request.user),
                content_type=kind,
                object_id=str(one.user.pk),
                object_repr=str(one.user),
                action_flag=ADDITION,
                change_message=told,
            )
            for one in created
        )
        return self._created_page(request, created, [line for line in lines if line.errors])

    def _created_page(
        self, request: HttpRequest, created: list[bulk.Created], left_out: list[bulk.Line]
    ) -> HttpResponse:
        """Show what to hand to each person, then the lines that were left out, so that none of them is lost."""
        return self._sheet_page(
            request,
            "imported",
            _("Comptes créés"),
            created=created,
            address=request.build_absolute_uri(reverse("account_login")),
            days=FIRST_PASSWORD_DAYS,
            left_out=left_out,
            text=bulk.text_of(left_out),
        )

    def _sheet_page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        frame = {**self.admin_site.each_context(request), "title": title, "opts": self.opts}
        answer = TemplateResponse(request, f"admin/accounts/user/{template}.html", frame | context)
        answer["Cache-Control"] = "no-store"
        return answer

    def export_agents(self, request: HttpRequest) -> HttpResponseBase:
        """Send the sheet of agents (POST only). The register first records that a list of names leaves the service."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        if (proof := ask_again(request, back=request.path.replace("exporter", "importer"))) is not None:
            return proof
        rows = bulk.rows_of_agents()
        audit_log.record(
            kind=AccessKind.EXPORT,
            by=request.user,
            motive=Motive.ADMINISTRATION,
            subject=self.model._meta.label,
            detail=f"csv {len(rows)}",
        )
        headers = {"Content-Disposition": 'attachment; filename="agents.csv"', "Cache-Control": "no-store"}
        return HttpResponse(bulk.write(rows), content_type=SHEET_TYPE, headers=headers)
