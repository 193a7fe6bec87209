"""This is the admin of the questionnaire's versions: they are drafted, looked at in the real pages, and published.

Who did what is in Django's history and, through the admin site, in the audit log. Publishing asks for a recent proof
of identity (`pnav.accounts.middleware.SENSITIVE`).
"""

import json
from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from common.choices import label_of
from common.texts import contacts, languages
from triage import rules, versions
from triage.editing import describing, parts
from triage.editing.parts import NEW, PARTS, Document, Part
from triage.models import QuestionnaireVersion, State
from triage.questionnaire import document, past
from triage.questionnaire.definition import Questionnaire
from triage.questionnaire.document import SAID, DocumentError, Problem, fixed_questions
from triage.questionnaire.questions import Voice
from triage.questionnaire.results import BUILT_IN, TO_VERIFY
from triage.views import question_page, result_page

OF_CODE = "code"
VOICES = {
    "vous": (gettext_lazy("un adulte"), Voice()),
    "tu": (gettext_lazy("un mineur"), Voice(familiar=True)),
    "other": (gettext_lazy("un proche, un témoin"), Voice(about_other=True)),
}
DOCUMENT_MAX_LENGTH = 500_000  # the most characters of a document


class NewVersionForm(forms.ModelForm):
    """It is the form that makes a draft, which begins as a copy of another version."""

    source = forms.ChoiceField(label=gettext_lazy("Copie de"))

    class Meta:
        model = QuestionnaireVersion
        fields = ("source", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = QuestionnaireVersion.objects.order_by("-number").values_list("number", "state", "note")
        choices = [(str(number), f"{number} – {label_of(State, state)} – {note}") for number, state, note in rows]
        field = self.fields["source"]
        field.choices = [*choices, (OF_CODE, _("Le questionnaire d'origine, celui du code"))]  # type: ignore[attr-defined]
        in_force = next((str(number) for number, state, _note in rows if state == State.IN_FORCE), OF_CODE)
        self.initial.setdefault("source", in_force)

    def save(self, commit: bool = True) -> QuestionnaireVersion:
        draft: QuestionnaireVersion = super().save(commit=False)
        source = self.cleaned_data["source"]
        if source == OF_CODE:
            draft.document = document.dump(BUILT_IN)
        else:
            draft.based_on = int(source)
            draft.document = QuestionnaireVersion.objects.get(number=draft.based_on).document
        if commit:
            draft.save()
        return draft


class DocumentForm(forms.Form):
    """It is the form that shows and takes the whole document as JSON."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    document = forms.CharField(
        label=gettext_lazy("Document"),
        max_length=DOCUMENT_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 30, "spellcheck": "false"}),
    )

    def clean_document(self) -> Document:
        """Refuse a document with faults, naming each with its place; return a sound one as JSON reads it."""
        try:
            given = json.loads(self.cleaned_data["document"])
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", 0)
            raise forms.ValidationError(_("Ce n'est pas du JSON : voyez la ligne %(line)d.") % {"line": line}) from None
        try:
            return document.dump(document.load(given, version=""))
        except DocumentError as error:
            told = [f"{describing.describe_place(one.place).capitalize()} : {one.message}" for one in error.problems]
            raise forms.ValidationError(told) from None


class PublishForm(forms.Form):
    """It holds what the page showed when somebody decided to publish, so that a change meanwhile is noticed."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    instead_of = forms.IntegerField(widget=forms.HiddenInput, required=False)


@admin.register(QuestionnaireVersion)
class QuestionnaireVersionAdmin(admin.ModelAdmin):
    list_display = ("number", "state", "note", "author", "changed_at", "published_at", "publisher")
    list_display_links = ("number", "note")
    list_filter = ("state",)
    readonly_fields = ("state", "based_on", "author", "created_at", "changed_at", "published_at", "publisher")

    # --- who may, and what is listed

    def has_change_permission(self, request: HttpRequest, obj: QuestionnaireVersion | None = None) -> bool:
        """Allow changes of drafts only, because a published version stays as it was."""
        return super().has_change_permission(request, obj) and (obj is None or obj.is_draft)

    def has_delete_permission(self, request: HttpRequest, obj: QuestionnaireVersion | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_draft)

    def get_queryset(self, request: HttpRequest) -> QuerySet[QuestionnaireVersion]:
        accounts = get_user_model()._default_manager
        names = {
            name: Subquery(accounts.filter(pk=OuterRef(key)).values("username")[:1])
            for name, key in (("author_name", "author_id"), ("publisher_name", "published_by_id"))
        }
        return super().get_queryset(request).annotate(**names)

    @admin.display(description=gettext_lazy("auteur"), ordering="author_id")
    def author(self, row: Any) -> str:
        """Return who wrote the version, by the name that the account has today."""
        return self._account(row.author_id, getattr(row, "author_name", None))

    @admin.display(description=gettext_lazy("publiée par"), ordering="published_by_id")
    def publisher(self, row: Any) -> str:
        """Return who published it, by the name that the account has today."""
        return self._account(row.published_by_id, getattr(row, "publisher_name", None))

    @staticmethod
    def _account(key: int | None, name: str | None) -> str:
        """Return the name that the account has today, or its key when the account is gone."""
        return "–" if key is None else name or _("compte %(key)s, supprimé") % {"key": key}

    # --- adding, and the page of one version

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewVersionForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("source", "note") if obj is None else ("note", *self.readonly_fields)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        source = request.GET.get("source", "")
        return {"source": source} if source == OF_CODE or source.isdigit() else {}

    def save_model(self, request: HttpRequest, obj: QuestionnaireVersion, form: Any, change: bool) -> None:
        """Save a new draft whole, but of an existing one only the note: its document may have changed meanwhile."""
        if not change:
            obj.author_id = request.user.pk
            obj.save()
            return
        self._locked(obj.number)
        obj.save(update_fields=["note", "changed_at"])

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """Lead straight to the new draft, because a copy alone changes nothing."""
        messages.success(request, _("Brouillon créé. Rien ne change pour les personnes avant sa publication."))
        return HttpResponseRedirect(self._url("change", obj))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            context.update(self._overview(row))
            context["languages"] = [(code, languages.name(code)) for code in languages.others()]
        return super().render_change_form(request, context, *args, **kwargs)

    def _overview(self, row: QuestionnaireVersion) -> dict[str, Any]:
        """Return all that a version holds, part by part, and what still has to be mended in it."""
        try:
            questionnaire, found = row.read(), versions.checked(row)
        except DocumentError as error:
            return {"version": row, "problems": self._told(row, error.problems, None), "parts": None}
        return {
            "version": row,
            "found": found,
            "problems": self._told(row, list(found.problems), questionnaire),
            "parts": {
                "questions": [
                    {
                        "url": self._part_url(row, "question", question.id),
                        "name": describing.question_name(question),
                        "when": describing.describe_conditions(
                            question.asked_when, questionnaire, otherwise=_("à tout le monde")
                        ),
                        "count": len(question.options),
                        "is_fixed": question.id in fixed_questions(questionnaire),
                    }
                    for question in questionnaire.questions
                ],
                "rules": [
                    {
                        "url": self._part_url(row, "regle", str(number)),
                        "name": one.outcome.label,
                        "when": describing.describe_conditions(one.when, questionnaire),
                    }
                    for number, one in enumerate(questionnaire.decisions, 1)
                ],
                "results": [{"url": self._part_url(row, "resultat", str(one)), "name": one.label} for one in SAID],
                "urgent": {
                    "url": self._part_url(row, "urgence", "tout"),
                    "when": describing.describe_conditions(questionnaire.urgent, questionnaire, otherwise=_("jamais")),
                },
                "to_verify": _to_verify(row),
                "new_question": self._part_url(row, "question", NEW),
                "new_rule": self._part_url(row, "regle", NEW),
            },
        }

    def _told(
        self, row: QuestionnaireVersion, problems: list[Problem], questionnaire: Questionnaire | None
    ) -> list[dict[str, str]]:
        told = []
        for problem in problems:
            address = parts.address_of(problem.place) if questionnaire and row.is_draft else None
            url = self._part_url(row, *address) if address and self._has(questionnaire, *address) else ""
            where = describing.describe_place(problem.place, questionnaire)
            told.append({"where": where[:1].upper() + where[1:], "message": problem.message, "url": url})
        return told

    @staticmethod
    def _has(questionnaire: Questionnaire | None, kind: str, key: str) -> bool:
        return questionnaire is not None and (kind != "question" or key in questionnaire.by_id)

    # --- pages of our own

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:number>/partie/<str:kind>/<str:key>/", wrap(self.part_view), name=self._name("part")),
            path("<int:number>/document/", wrap(self.document_view), name=self._name("document")),
            path("<int:number>/apercu/", wrap(self.preview_view), name=self._name("preview")),
            path("<int:number>/differences/", wrap(self.differences_view), name=self._name("differences")),
            path("<int:number>/publier/", wrap(self.publish_view), name=self._name("publish")),
        ]
        return [*own, *super().get_urls()]

    @staticmethod
    def _name(page: str) -> str:
        return f"triage_questionnaireversion_{page}"

    def _url(self, page: str, row: QuestionnaireVersion) -> str:
        return reverse(f"admin:{self._name(page)}", args=[row.number])

    def _part_url(self, row: QuestionnaireVersion, kind: str, key: str) -> str:
        return reverse(f"admin:{self._name('part')}", args=[row.number, kind, key])

    def _row(self, request: HttpRequest, number: int, *, to_change: bool = False) -> QuestionnaireVersion:
        """Return the version with this number. It raises Http404, and PermissionDenied to change a published one."""
        row = self.get_queryset(request).filter(number=number).first()
        if row is None:
            raise Http404
        if not (self.has_change_permission(request, row) if to_change else self.has_view_permission(request, row)):
            raise PermissionDenied
        return row

    @staticmethod
    def _locked(number: int) -> QuestionnaireVersion:
        """Return the draft as it is now, locked until the page is done.

        It raises PermissionDenied when it is no draft any more.
        """
        row = QuestionnaireVersion.objects.select_for_update().filter(number=number, state=State.DRAFT).first()
        if row is None:
            raise PermissionDenied
        return row

    def _page(
        self, request: HttpRequest, row: QuestionnaireVersion, template: str, title: str, **context: Any
    ) -> TemplateResponse:
        frame = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, "version": row}
        answer = TemplateResponse(request, f"admin/triage/questionnaireversion/{template}.html", frame | context)
        answer["Cache-Control"] = "no-store"
        return answer

    def _save(self, request: HttpRequest, row: QuestionnaireVersion, changed: Document, what: str) -> bool:
        """Save the draft, and return whether that was done: it is not when somebody saved it since `row` was read.

        The draft, and the register with the line of this change, are locked from here to the end of the page, so that
        nothing may follow that takes long.
        """
        if self._locked(row.number).revision != row.revision:
            return False
        row.write(changed)
        row.save(update_fields=["document", "revision", "changed_at"])
        self.log_change(request, row, [{"changed": {"fields": [what]}}])
        return True

    def part_view(self, request: HttpRequest, number: int, kind: str, key: str) -> HttpResponse:
        """Show one part of a draft as a form. A POST saves it, previews it (`_preview`) or deletes it (`_delete`)."""
        row = self._row(request, number, to_change=True)
        if kind not in PARTS:
            raise Http404
        sent: Any = request.POST if request.method == "POST" else None
        is_stale = sent is not None and sent.get("revision") != str(row.revision)
        try:
            part = PARTS[kind](row.document, row.read(), key, sent)
        except (KeyError, DocumentError):
            part = None
        if is_stale and (part is None or sent.get("shown") != part.shown):
            return self._meanwhile(request, row, parts.unsaved_texts(sent, row.document))
        if part is None:
            raise Http404
        if sent is not None and (answer := self._answer_part(request, row, part, kind, key, is_stale)) is not None:
            return answer
        if sent is None:
            part.tell([one for one in versions.checked(row).problems if kind != "question" or key != NEW])
        part.focus()
        context = {"part": part, "voices": VOICES, "kind": kind, "is_bound": sent is not None}
        context["languages"] = [(code, languages.name(code)) for code in languages.codes()]
        return self._page(request, row, "part", part.title, **context)

    def _answer_part(
        self, request: HttpRequest, row: QuestionnaireVersion, part: Part, kind: str, key: str, is_stale: bool
    ) -> HttpResponse | None:
        """Do what was pressed on the page of a part. It returns None when the page comes again with what is wrong."""
        is_valid = part.is_valid()
        if "_preview" in request.POST:
            return self._preview_part(request, row, part, part.changed(row.document)) if is_valid else None
        if is_stale:
            message = _("Quelqu'un a modifié ce brouillon entre-temps : relisez, puis enregistrez de nouveau.")
            part.form.add_error(None, message)
            return None
        if "_delete" in request.POST and part.can_be_deleted:
            what = _("%(part)s, enlevée") % {"part": _kind(kind, key)}
            if not self._save(request, row, part.without(row.document), what):
                return self.part_view(request, row.number, kind, key)
            messages.success(request, _("%(title)s : enlevée.") % {"title": part.title})
            return HttpResponseRedirect(self._url("change", row))
        return self._save_part(request, row, part, kind, key) if is_valid else None

    def _save_part(
        self, request: HttpRequest, row: QuestionnaireVersion, part: Part, kind: str, key: str
    ) -> HttpResponse | None:
        """Save a valid part, and lead on. It returns None, with the errors in its forms, for what no document holds.

        A child process walks all paths first, while nothing is locked.
        """
        changed = part.changed(row.document)
        try:
            found = versions.walked(changed)
        except DocumentError as error:
            part.tell(error.problems, is_refused=True)
            return None
        if not self._save(request, row, changed, _kind(kind, key)):
            return self.part_view(request, row.number, kind, key)
        if any(one.place[: len(part.place)] == part.place for one in found.problems):
            messages.warning(request, _("Enregistré dans le brouillon. Il reste à corriger ici avant de publier."))
            address = parts.address_of(part.place)
            return HttpResponseRedirect(self._part_url(row, *address) if address else self._url("change", row))
        messages.success(request, _("%(title)s : enregistré dans le brouillon.") % {"title": part.title})
        return HttpResponseRedirect(self._url("change", row))

    def _meanwhile(self, request: HttpRequest, row: QuestionnaireVersion, unsaved: str) -> HttpResponse:
        """Say that somebody has changed or deleted meanwhile what a page sent. It shows what was written there, and has
        no form, because whoever saved it once more would undo a change that they have not read."""
        return self._page(request, row, "meanwhile", _("Rien n'est enregistré"), unsaved=unsaved)

    def document_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show the whole document as JSON to whoever may see the version; it can be changed while it is a draft."""
        row = self._row(request, number, to_change=request.method == "POST")
        if request.method == "POST":
            form = DocumentForm(request.POST)
            is_stale = request.POST.get("revision") != str(row.revision)
            if not is_stale and form.is_valid():
                is_stale = not self._save(request, row, form.cleaned_data["document"], _("Document"))
                if not is_stale:
                    messages.success(request, _("Document enregistré dans le brouillon."))
                    return HttpResponseRedirect(self._url("change", row))
            if is_stale:
                return self._meanwhile(request, row, request.POST.get("document", ""))
        else:
            written = json.dumps(row.document, ensure_ascii=False, indent=1)
            form = DocumentForm(initial={"revision": row.revision, "document": written})
        return self._page(
            request, row, "document", _("Document de la version %(number)d") % {"number": number}, form=form
        )

    # --- looking at it

    def _preview_part(
        self, request: HttpRequest, row: QuestionnaireVersion, part: Part, changed: Document
    ) -> HttpResponse | None:
        """Draw the real page with what the form holds. Nothing is written. It returns None as `_save_part` does."""
        try:
            questionnaire = document.load(changed, version=row.key)
        except DocumentError as error:
            part.tell(error.problems, is_refused=True)
            return None
        language = _language(request.POST["_preview"])
        voice = VOICES.get(request.POST.get("voice", ""), VOICES["vous"])[1]
        with translation.override(language):
            question = questionnaire.by_id.get(str(part.place[1])) if part.place[0] == "questions" else None
            context: dict[str, Any]
            if question is not None:
                template = "triage/question.html"
                context = question_page(question, {}, questionnaire, voice=voice)
            else:
                template = "triage/result.html"
                context = self._result_context(questionnaire, str(part.place[-1]), voice)
            page = render(request, template, {**context, "preview": {"version": row}})
        page["Content-Language"], page["Cache-Control"] = language, "no-store"
        return page

    @staticmethod
    def _result_context(questionnaire: Questionnaire, key: str, voice: Voice) -> dict[str, Any]:
        """Return a result with every reason that it may give; which of them are said depends on the answers."""
        outcome = next((one for one in questionnaire.results if str(one) == key), SAID[0])
        return result_page(rules.preview_assessment(outcome, voice, under=questionnaire), {}, questionnaire)

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def preview_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show a version in the real pages. The answers are nobody's: the address has their keys, and none is kept."""
        row = self._row(request, number)
        try:
            questionnaire = row.read()
        except DocumentError:
            return HttpResponseRedirect(self._url("change", row))
        language = _language(request.GET.get("langue", ""))
        answers = {name: str(value) for name, value in request.GET.items() if name in questionnaire.by_id}
        asked = questionnaire.by_slug.get(request.GET.get("page", ""))
        if asked is None or rules.question_position(asked, answers, under=questionnaire) is None:
            asked = rules.next_question(answers, under=questionnaire)

        def address(slug: str = "", given: dict[str, str] = answers) -> str:
            query = QueryDict(mutable=True)
            query.update({**given, "langue": language} | ({"page": slug} if slug else {}))
            return f"{request.path}?{query.urlencode()}"

        if request.method == "POST" and asked is not None:
            value = request.POST.get("answer", "")
            if asked.option(value) is None:
                return HttpResponseRedirect(address(asked.slug))
            given = {**answers, asked.id: value}
            following = rules.question_after(asked, given, under=questionnaire)
            return HttpResponseRedirect(address(following.slug if following else "", given))
        with translation.override(language):
            if asked is not None:
                template, context = "triage/question.html", question_page(asked, answers, questionnaire)
                context["action"] = address(asked.slug)
            else:
                assessment = rules.assess_answers(answers, under=questionnaire)
                template, context = "triage/result.html", result_page(assessment, answers, questionnaire)
                for line in context["lines"]:
                    line["address"] = address(line["slug"])
            if context["previous"]:
                context["previous_address"] = address(context["previous"].slug)
            context["preview"] = {"version": row, "restart": f"{request.path}?langue={language}"}
            page = render(request, template, context)
        page["Content-Language"], page["Cache-Control"] = language, "no-store"
        return page

    @method_decorator(require_safe)
    def differences_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show what this version says differently from the one in force."""
        row = self._row(request, number)
        try:
            found = self._compared(row)
        except DocumentError:
            return HttpResponseRedirect(self._url("change", row))
        title = _("Version %(number)d, comparée à celle en vigueur") % {"number": number}
        return self._page(request, row, "differences", title, **found)

    @staticmethod
    def _compared(row: QuestionnaireVersion) -> dict[str, Any]:
        before = versions.in_force()
        reference = before.read() if before else BUILT_IN
        now = row.read()
        return {
            "in_force": before,
            "differences": describing.find_differences(reference, now),
            "outdated": describing.find_outdated_translations(reference, now),
        }

    # --- publishing

    def publish_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show what will change, and the button (GET); publish the version, or say why it cannot be (POST)."""
        row = self._row(request, number)
        if not self.has_add_permission(request) or row.state == State.IN_FORCE:
            raise PermissionDenied
        if request.method == "POST":
            form = PublishForm(request.POST)
            try:
                # What is judged below is what is published: a revision that comes meanwhile is another one.
                if not form.is_valid() or form.cleaned_data["revision"] != row.revision:
                    raise versions.Changed
                if reasons := self.reasons_to_wait(row):
                    self._ask_to_publish(request, row, form.cleaned_data, reasons)
                    return HttpResponseRedirect(self._url("change", row))
                row = versions.publish(number=number, by=request.user, **form.cleaned_data)
            except versions.Faulty:
                messages.error(request, _("Cette version n'est pas publiée : il reste à corriger."))
                return HttpResponseRedirect(self._url("change", row))
            except versions.NotNow:
                messages.error(
                    request,
                    _("Rien n'est publié : la vérification n'a pas pu se faire maintenant. Réessayez dans une minute."),
                )
                return HttpResponseRedirect(self._url("publish", row))
            except versions.Changed:
                messages.error(
                    request, _("Rien n'est publié : quelque chose a changé entre-temps. Relisez cette page.")
                )
                return HttpResponseRedirect(self._url("publish", row))
            self.log_change(request, row, [{"changed": {"fields": [_("Publication")]}}])
            seconds = {"seconds": versions.KEEP_SECONDS}
            messages.success(request, _("Version en vigueur : vue partout dans %(seconds)d secondes.") % seconds)
            return HttpResponseRedirect(self._url("change", row))
        try:
            found, compared = versions.checked(row), self._compared(row)
        except DocumentError:
            return HttpResponseRedirect(self._url("change", row))
        before = compared["in_force"]
        form = PublishForm(initial={"revision": row.revision, "instead_of": before.number if before else None})
        title = _("Publier la version %(number)d") % {"number": number}
        return self._page(request, row, "publish", title, form=form, found=found, **compared)

    # --- the second person (ADR 0054)

    @staticmethod
    def reasons_to_wait(row: QuestionnaireVersion) -> list[str]:
        """Return why a second person must agree: links and numbers that no version in force or of the code says."""
        of_code = [BUILT_IN, *filter(None, map(past.find, sorted(past.VERSIONS)))]
        known = [document.dump(one) for one in (*of_code, versions.current())]
        is_new = contacts.new_in(contacts.texts_of(known), contacts.texts_of(row.document))
        return [_("liens ou numéros du questionnaire")] if is_new else []

    def _ask_to_publish(
        self, request: Any, row: QuestionnaireVersion, read: dict[str, Any], reasons: list[str]
    ) -> None:
        """Ask a second person to agree. read is what the page showed when somebody decided to publish. It raises
        versions.Changed, NotNow and Faulty as publishing does."""
        versions.require(number=row.number, **read)
        self.ask_second(request, row, act="publish", reasons=reasons, after=read)  # type: ignore[attr-defined]

    @staticmethod
    def prepare_to_apply(change: Any) -> None:
        """Walk all paths of a version whose publication is to be accepted. It raises versions.NotNow."""
        row = QuestionnaireVersion.objects.filter(number=int(change.object_id)).first()
        with suppress(DocumentError):  # then publishing refuses it
            if row is not None and not versions.checked(row).is_final:
                raise versions.NotNow

    def apply_publish(self, request: HttpRequest, change: Any) -> None:
        """Publish the version once it was accepted, as whoever asked read it. It raises versions.Refused."""
        row = versions.publish(number=int(change.object_id), by=change.asked_by, **change.after)
        self.log_change(request, row, [{"changed": {"fields": [_("Publication")]}}])


def _to_verify(row: QuestionnaireVersion) -> list[dict[str, str]]:
    """Return the sentences of this version that somebody has yet to verify, with what is doubtful about them."""
    with translation.override(languages.source()):
        doubts = [{"text": str(wording.vous), "why": str(why)} for wording, why in TO_VERIFY]
    written = json.dumps(row.document, ensure_ascii=False)
    return [one for one in doubts if one["text"] in written]


def _language(asked: str) -> str:
    """Return the language of a preview: the one that was asked for, if the site has it."""
    return asked if asked in languages.codes() else languages.source()


def _kind(kind: str, key: str) -> str:
    """Return what was changed, for the history and the audit log: a name and a key, never a text."""
    names = {"question": _("Question"), "regle": _("Règle"), "urgence": _("Urgence"), "resultat": _("Résultat")}
    return names[kind] if kind == "urgence" else f"{names[kind]} {key[:40]}"
