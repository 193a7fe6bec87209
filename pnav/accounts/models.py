"""People who sign in. Visitors never do."""

import json
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person may do here; one role a person, so that powers do not add up."""

    AGENT = "agent", _("Agent")
    SUPERVISOR = "supervisor", _("Superviseur")
    CUSTODIAN = "custodian", _("Référent levée d'anonymat")
    PSYCHOLOGIST = "psychologist", _("Psychologue")
    ADMINISTRATOR = "administrator", _("Administrateur")


class AccountManager(UserManager["User"]):
    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> "User":
        """For `manage.py createsuperuser`: an administrator, there is no other superuser."""
        return self.create_user(username, email, password, **{**fields, "role": Role.ADMINISTRATOR})


class User(AbstractUser):
    """An account. The role decides; `is_staff` and `is_superuser` follow from it.

    `password_is_temporary`: the password was chosen by an administrator and must be changed at the next sign-in,
    so that nobody but its owner knows the password of an account in use.
    `session_generation`: sessions opened under another number are over. See `end_sessions`.
    """

    role = models.CharField(_("rôle"), max_length=20, choices=Role)
    password_is_temporary = models.BooleanField(_("mot de passe provisoire"), default=False)
    session_generation = models.PositiveIntegerField(_("génération de sessions"), default=0, editable=False)
    # `second_factor.link_mark` of the identity at a provider that the owner confirmed with a factor of their own.
    confirmed_link = models.CharField(max_length=64, blank=True, default="", editable=False)

    objects: ClassVar[AccountManager] = AccountManager()

    class Meta:
        verbose_name = _("compte")
        verbose_name_plural = _("comptes")
        ordering = ["username"]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=[value for value, _label in Role.choices]), name="user_role"),
            models.CheckConstraint(
                condition=Q(role=Role.ADMINISTRATOR, is_staff=True, is_superuser=True)
                | Q(~Q(role=Role.ADMINISTRATOR), is_staff=False, is_superuser=False),
                name="user_administrators_alone_are_staff",
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.is_staff = self.is_superuser = self.role == Role.ADMINISTRATOR
        fields = kwargs.get("update_fields")
        if fields is not None and "role" in fields:
            kwargs["update_fields"] = {*fields, "is_staff", "is_superuser"}
        super().save(*args, **kwargs)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What each session of this account carries: another password, another role or `end_sessions` ends it."""
        state = json.dumps([self.password, self.role, self.session_generation])
        return salted_hmac("pnav.accounts.session", state, secret=secret, algorithm="sha256").hexdigest()

    def end_sessions(self) -> None:
        """End every open session of this account, sockets within seconds. One statement; this object follows."""
        User.objects.filter(pk=self.pk).update(session_generation=models.F("session_generation") + 1)
        self.refresh_from_db(fields=["session_generation"])

    @property
    def is_agent(self) -> bool:
        """Whether this person answers in conversations; a supervisor does too."""
        return self.role in {Role.AGENT, Role.SUPERVISOR}

    @property
    def is_supervisor(self) -> bool:
        return self.role == Role.SUPERVISOR

    @property
    def is_custodian(self) -> bool:
        """Whether this person holds a share of the seal's key."""
        return self.role == Role.CUSTODIAN

    @property
    def is_psychologist(self) -> bool:
        """Whether this person receives agents who wish to talk, and sees nothing else."""
        return self.role == Role.PSYCHOLOGIST

    @property
    def is_administrator(self) -> bool:
        return self.role == Role.ADMINISTRATOR
