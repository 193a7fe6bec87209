"""Accounts in the Django admin: create, give a role, set a provisional password, reset a second factor."""

from collections.abc import Iterable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import model_ngettext, unquote
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import UserChangeForm, UserCreationForm
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from chat import access
from chat.conversations import actions as conversation_actions
from chat.models import Agent, UnitAccount
from common import security_log
from common.pagination.searched_choice import SearchesChoices
from common.security_log import Event
from common.text_forms import ShownForm
from pnav.accounts.admin_site.bulk_admin import ImportsAgents
from pnav.accounts.approvals import actions as approval_actions
from pnav.accounts.approvals import admin as approval_admin  # noqa: F401  registers itself
from pnav.accounts.models import FIRST_PASSWORD_DAYS, NAME_TAKEN, User
from pnav.accounts.reauthentication import recently_proved
from pnav.accounts.second_factor import FACTORS
from pnav.accounts.sign_in_log import FACTOR_WAYS


class NewUserForm(UserCreationForm):
    """Creates an account with a random first password, which the administrator hands over."""

    password1 = password2 = None  # type: ignore[assignment]  # the first password is random

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username", "role", "first_name", "last_name")

    def set_password_and_save(self, user: User, password_field_name: str = "", commit: bool = True) -> User:
        """Give the account a random first password, in place of one that somebody chooses."""
        user.draw_first_password()
        if commit:
            user.save()
        return user


class AccountForm(ShownForm, UserChangeForm):
    """Changes an account. A new name differs from all others by more than its capitals, as that of a new account.

    A page that was open while a colleague closed the account, or changed its role, opens and gives back nothing.
    """

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        is_own = username.lower() == str(self.initial.get("username", "")).lower()
        if not is_own and User.objects.is_called(username):
            raise forms.ValidationError(NAME_TAKEN)
        return username


def warning_of_ties(request: HttpRequest, accounts: Iterable[User]) -> str:
    """Return what changing these accounts keeps this administrator and others from; "" if none of them is another
    administrator's (docs/adr/0054).
    """
    if not any(account.is_administrator and account.pk != request.user.pk for account in accounts):
        return ""
    text = _(
        "C'est le compte d'un autre administrateur : après ce changement, pendant %(days)d jours, vous ne pourrez plus "
        "décider l'un pour l'autre des changements proposés. Si vous n'êtes que deux, personne ne pourra fermer le "
        "tchat ni corriger un numéro pendant ce temps."
    )
    return text % {"days": approval_actions.APART.days}


def _make_absent(user: User) -> None:
    """Make the agent of an account whose sessions were ended absent, as signing out does, so that nobody new comes.

    Nothing for an account without an agent. The lease runs on: what is under way goes back to the queue with it, unless
    the agent signs in again before.
    """
    key = Agent.objects.filter(user=user).values_list("pk", flat=True).first()
    if key is not None:
        conversation_actions.signed_out(agent_id=key)


class FactorFilter(admin.SimpleListFilter):
    """Accounts that have a second factor, and those that must enrol one at their next sign-in."""

    title = _("second facteur")
    parameter_name = "facteur"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("avec", _("enregistré")), ("sans", _("à enregistrer"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() not in {"avec", "sans"}:
            return queryset
        factors = Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS))
        return queryset.filter(factors if self.value() == "avec" else ~factors)


class AgentFormSet(BaseInlineFormSet):
    def clean(self) -> None:
        """Require a unit and a public name of whoever answers conversations, and refuse them for anybody else."""
        super().clean()
        if any(self.errors) or not self.instance.role:
            return
        has_profile = self.instance.pk is not None and Agent.objects.filter(user=self.instance).exists()
        has_profile = has_profile or any(form.has_changed() for form in self.forms)
        if self.instance.is_agent and not has_profile:
            raise forms.ValidationError(_("Un agent ou un superviseur a besoin d'une unité et d'un nom affiché."))
        if not self.instance.is_agent and any(form.has_changed() for form in self.forms):
            raise forms.ValidationError(_("Seuls un agent ou un superviseur ont une unité."))


class AgentInline(SearchesChoices, admin.StackedInline):
    model = Agent
    form = ShownForm
    formset = AgentFormSet
    fields = ("unit", "public_name", "capacity")
    autocomplete_fields = ("unit",)
    can_delete = False  # conversations refer to the agent, so the account is deactivated instead
    # The title above the fields, which are there for each account.
    verbose_name = verbose_name_plural = _("pour un agent ou un superviseur : son unité et son nom affiché")
    classes = ("pnav-only-one",)


class UnitFormSet(BaseInlineFormSet):
    def clean(self) -> None:
        """Require a point d'accueil of an account with the role « unité », and refuse one for any other."""
        super().clean()
        if any(self.errors) or not self.instance.role:
            return
        has_point = self.instance.pk is not None and UnitAccount.objects.filter(user=self.instance).exists()
        is_given = any(form.has_changed() for form in self.forms)
        if self.instance.is_unit and not (has_point or is_given):
            raise forms.ValidationError(_("Un compte d'unité a besoin d'un point d'accueil."))
        if not self.instance.is_unit and is_given:
            raise forms.ValidationError(_("Seul un compte d'unité a un point d'accueil."))


class UnitForm(ShownForm):
    """It is the point d'accueil of a unit account. While none was agreed to yet, it may be left out: the rest of the
    account can be changed meanwhile.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None and self.instance.point_id is None:
            self.fields["point"].required = False
            self.fields["point"].help_text = _(
                "Aucun n'est accepté : le compte ne lit rien. Celui qui attend est dans « Changements proposés »."
            )


class UnitInline(SearchesChoices, admin.StackedInline):
    """It is the point d'accueil whose transmissions the account reads. A new one waits for a second person."""

    model = UnitAccount
    form = UnitForm
    formset = UnitFormSet
    fields = ("point",)
    autocomplete_fields = ("point",)
    can_delete = False
    verbose_name = verbose_name_plural = _("pour un compte d'unité : son point d'accueil")
    classes = ("pnav-only-one",)


class LinkForm(ShownForm):
    uid = forms.CharField(
        label=_("identifiant chez le fournisseur (« sub »)"),
        max_length=191,
        help_text=_("Tel que le fournisseur le donne. Ni une adresse électronique, ni un nom."),
    )

    class Meta:
        model = SocialAccount
        fields = ("uid",)

    def clean_uid(self) -> str:
        """Refuse a subject that is linked to another account already.

        The provider is the one that is configured now.
        """
        uid = self.cleaned_data["uid"].strip()
        self.instance.provider = settings.OPENID_PROVIDER
        others = SocialAccount.objects.filter(provider=settings.OPENID_PROVIDER, uid=uid).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(_("Un autre compte est déjà relié à cet identifiant."))
        return uid


class LinkInline(admin.StackedInline):
    """It is the identity of this person at the provider. It is linked here, and never by signing in."""

    model = SocialAccount
    form = LinkForm
    extra = 1  # so that the form is there without a script
    max_num = 1
    verbose_name = _("identité chez le fournisseur")
    verbose_name_plural = _("identité chez le fournisseur")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SocialAccount]:
        return super().get_queryset(request).filter(provider=settings.OPENID_PROVIDER)


@admin.register(User)
class AccountAdmin(ImportsAgents):
    sensitive = frozenset({"add", "change", "action"})  # for `Proved`: with these one could take over any account
    form = AccountForm
    add_form = NewUserForm
    add_form_template = "admin/accounts/user/add_form.html"
    change_list_template = "admin/accounts/user/change_list.html"
    list_display = ("username", "last_name", "first_name", "role", "unit", "is_active", "second_factor", "last_login")
    list_filter = ("role", "is_active", FactorFilter)
    list_select_related = ("agent__unit",)
    list_per_page = 50
    search_fields = ("username", "first_name", "last_name", "agent__public_name", "agent__unit__name")
    search_help_text = _("Un compte, un nom ou une unité.")
    filter_horizontal = ()
    inlines = (AgentInline, UnitInline)
    actions = ("reset_second_factor",)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Personne"), {"fields": ("first_name", "last_name")}),
        (_("Droits"), {"fields": ("role", "is_active", "second_factor", "exchanges")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "role", "first_name", "last_name")}),)
    readonly_fields = ("second_factor", "exchanges", "last_login", "date_joined")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Say first what a change of another administrator's account keeps both from."""
        first, *others = super().get_fieldsets(request, obj)
        if obj is None or not (warning := warning_of_ties(request, [obj])):
            return [first, *others]
        return [(first[0], {**first[1], "description": warning}), *others]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
        return super().get_queryset(request).annotate(has_second_factor=Exists(factors))

    @admin.display(description=_("second facteur"), boolean=True, ordering="has_second_factor")
    def second_factor(self, user: User) -> bool:
        return bool(getattr(user, "has_second_factor", False))

    @admin.display(description=_("échanges en cours"))
    def exchanges(self, user: User) -> str:
        """Return how many people this account answers now, and what becomes of them when it is closed. Two queries."""
        agent = Agent.objects.filter(user=user).first()
        count = access.assigned_to(agent).count() if agent is not None else 0
        if not count:
            return str(_("aucun"))
        text = _(
            "%(count)d : retour dans la file en %(seconds)d secondes environ si le compte est fermé, ou si son rôle, "
            "son mot de passe, son second facteur ou son identité sont changés ici, sauf si l'agent se reconnecte "
            "avant."
        )
        return text % {"count": count, "seconds": settings.LEASE_SECONDS}

    @admin.display(description=_("unité"), ordering="agent__unit__name")
    def unit(self, user: User) -> str:
        return str(user.agent.unit) if hasattr(user, "agent") else "–"

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        """Return the account. When something is sent it is read under its lock, with its agent's.

        So the form compares with what is stored (`ShownForm`), and nothing is overwritten that a colleague saves in the
        same moment. The locks are those of an update of both rows, in the order in which the form saves them.
        """
        user: User | None = super().get_object(request, object_id, from_field)
        if user is None or request.method != "POST":
            return user
        own: tuple[Any, ...] = (User.objects.filter(pk=user.pk), Agent.objects.filter(user=user))
        for rows in own:
            rows.select_for_update(of=("self",), no_key=True).order_by("pk").first()
        return super().get_object(request, object_id, from_field)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Make one's own role and state read-only, so that nobody can lock themselves out."""
        own = ("role", "is_active") if obj is not None and obj.pk == request.user.pk else ()
        return (*self.readonly_fields, *own)

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        """End the sessions of an account that is deactivated, so that they do not come back when it is activated again.

        A change of role ends them by itself (`User._get_session_auth_hash`).
        """
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data:
            obj.end_sessions()

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:
        """Offer the link to an identity when a provider is configured and the account exists already."""
        return [*self.inlines, LinkInline] if settings.OPENID_ISSUER and obj is not None else list(self.inlines)

    def save_formset(self, request: HttpRequest, form: forms.ModelForm, formset: Any, change: bool) -> None:
        """Save the inlines; the point d'accueil of a unit account as its own page does, so that it waits for a second
        person (docs/adr/0054).

        Until then the account has none and reads nothing. The history does not tell as done what waits.
        """
        if formset.model is not UnitAccount:
            super().save_formset(request, form, formset, change)
            return
        site: Any = self.admin_site
        for row in formset.save(commit=False):
            if row.pk is None:
                asked, row.point = row.point, None
                row.save()
                row.point = asked
            site._registry[UnitAccount].save_beside(request, row, ["point"])
        waiting = getattr(request, "waiting_objects", ())
        formset.new_objects = [row for row in formset.new_objects if row not in waiting]
        formset.changed_objects = [(row, names) for row, names in formset.changed_objects if row not in waiting]
        formset.save_m2m()

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        is_out = change and bool({"is_active", "role"} & set(form.changed_data))
        if any(formset.model is SocialAccount and formset.has_changed() for formset in formsets):
            form.instance.end_sessions()
            is_out = True
        if is_out:  # after the agent's own row was saved, which holds whether they are available
            _make_absent(form.instance)

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        """Show the first password whatever button was pressed, because it cannot be shown later."""
        return self._show_first_password(request, obj)

    @recently_proved
    def user_change_password(  # type: ignore[override]
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Draw another first password, after a question. The open sessions of the account end at once."""
        user = self.get_object(request, unquote(id))
        if user is None:
            raise Http404
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        if request.method != "POST":
            return self._page(request, user, "admin/accounts/user/change_password.html")
        user.draw_first_password()
        user.save()
        _make_absent(user)
        self.log_change(request, user, [{"changed": {"fields": [str(_("Mot de passe provisoire"))]}}])
        security_log.log(Event.PASSWORD_CHANGED, account=user.pk, by=request.user.pk)
        if user.pk == request.user.pk:
            update_session_auth_hash(request, user)
        return self._show_first_password(request, user)

    def _show_first_password(self, request: HttpRequest, user: User) -> HttpResponse:
        """Show the first password in this one response. Only its hash is kept."""
        address = request.build_absolute_uri(reverse("account_login"))
        return self._page(
            request, user, "admin/accounts/user/first_password.html", address=address, days=FIRST_PASSWORD_DAYS
        )

    def _page(self, request: HttpRequest, user: User, template: str, **more: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Mot de passe provisoire"),
            "original": user,
            "warning_of_ties": warning_of_ties(request, [user]),
            "opts": self.opts,
            **more,
        }
        return TemplateResponse(request, template, context)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Refuse deletion, because what the account did must keep its author. Accounts are deactivated instead."""
        return False

    @admin.action(description=_("Réinitialiser le second facteur"), permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """Remove every factor of the chosen accounts, after a question. Their open sessions end at once.

        Each reset is an entry of the admin's log, which holds names and no address. All rows are locked first, in the
        order of other acts, and the lines of the register, whose tail is a lock too, are written last. These are two
        queries more, whatever the number of accounts.
        """
        users = list(queryset.order_by("username"))
        if "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": _("Réinitialiser le second facteur"),
                "users": users,
                "warning_of_ties": warning_of_ties(request, users),
                "opts": self.opts,
                "action_checkbox_name": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/accounts/user/reset_second_factor.html", context)
        keys = [user.pk for user in users]
        with transaction.atomic():
            rows: tuple[Any, ...] = (User.objects.filter(pk__in=keys), Agent.objects.filter(user__in=keys))
            for chosen in rows:
                list(chosen.select_for_update(of=("self",), no_key=True).order_by("pk"))
            for user in users:
                for factor in Authenticator.objects.filter(user=user):
                    factor.delete()
                    security_log.log(
                        Event.FACTOR_REMOVED, account=user.pk, way=FACTOR_WAYS[factor.type], by=request.user.pk
                    )
                user.end_sessions()
                _make_absent(user)
            for user in users:
                self.log_change(request, user, str(_("Second facteur réinitialisé.")))
        self.message_user(
            request,
            _("Second facteur réinitialisé pour %(count)d %(name)s.")
            % {"count": len(users), "name": model_ngettext(self.opts, len(users))},
            messages.SUCCESS,
        )
        return None
