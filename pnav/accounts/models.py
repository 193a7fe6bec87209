"""People who sign in. Visitors never do."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person may do here; one role a person, so that powers do not add up."""

    AGENT = "agent", _("Agent")
    SUPERVISOR = "supervisor", _("Superviseur")
    CUSTODIAN = "custodian", _("Référent levée d'anonymat")
    ADMINISTRATOR = "administrator", _("Administrateur")


class User(AbstractUser):
    """An account. The role decides; `is_staff` follows from it."""

    role = models.CharField(_("rôle"), max_length=20, choices=Role)

    class Meta:
        verbose_name = _("compte")
        verbose_name_plural = _("comptes")

    @property
    def is_agent(self) -> bool:
        """Whether this person answers in conversations; a supervisor does too."""
        return self.role in {Role.AGENT, Role.SUPERVISOR}

    @property
    def is_supervisor(self) -> bool:
        return self.role == Role.SUPERVISOR
