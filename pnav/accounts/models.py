"""These are the accounts of people who sign in. Visitors never do."""

import itertools
import json
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.hashers import get_hasher
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.auth.password_validation import get_default_password_validators, validate_password
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from pnav.accounts.approval_rules import Act, State
from pnav.accounts.passwords.validators import OTHERS_AT_LEAST, GuessableValidator, unforeseen_part

# The password is handed over in person; after a leave, or for a lost note, another one is drawn.
FIRST_PASSWORD_DAYS = 3
# The iterations of PBKDF2 for a password that is drawn: 79 bits cannot be guessed, however fast each try is, and five
# hundred of them are hashed in some seconds (`hashers.QUICK_ITERATIONS`). At the first sign-in it is hashed like any
# other, and its owner then chooses another one.
DRAWN_ITERATIONS = 10_000
# Characters that cannot be taken for another one on paper. Sixteen of them hold 79 bits.
FIRST_PASSWORD_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105  an alphabet
NAME_TAKEN = _("Un autre compte a déjà ce nom, aux majuscules près : la connexion ne les distingue pas.")


class Role(models.TextChoices):
    """These are the roles of accounts. An account has one role, so that powers do not add up."""

    AGENT = "agent", _("Agent")
    SUPERVISOR = "supervisor", _("Superviseur")
    CUSTODIAN = "custodian", _("Référent levée d'anonymat")
    PSYCHOLOGIST = "psychologist", _("Psychologue")
    UNIT = "unit", _("Unité (point d'accueil)")
    ANALYST = "analyst", _("Analyste (chiffres seulement)")
    ADMINISTRATOR = "administrator", _("Administrateur")


class AccountManager(UserManager["User"]):
    """Creates accounts. Its superuser is an administrator."""

    def is_called(self, username: str) -> bool:
        """Return whether an account has this name, in whatever capitals.

        The sign-in does not tell capitals apart: two accounts with one name could neither sign in.
        """
        return self.filter(username__iexact=username).exists()

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> "User":
        """Create an administrator for `manage.py createsuperuser`, because there is no other superuser.

        Raises ValidationError for a name that differs from another one by its capitals alone, which the command says.
        """
        if self.is_called(username):
            raise ValidationError({"username": NAME_TAKEN})
        return self.create_user(username, email, password, **{**fields, "role": Role.ADMINISTRATOR})


class User(AbstractUser):
    """It is an account. Its role decides what it may do; `is_staff` and `is_superuser` follow from the role.

    `password_is_temporary`: the password was drawn for an administrator and must be changed at the next sign-in, so
    that nobody but its owner knows the password of an account in use. It opens nothing after `first_password_until`.
    `session_generation`: sessions opened under another number are over. See `end_sessions`.
    `history_layout`: of a supervisor or an analyst, the parts of « Historique » as they arranged it
    (`chat.arranging.layout.Layout.kept`); empty for the order of the beginning.
    """

    role = models.CharField(_("rôle"), max_length=20, choices=Role)
    password_is_temporary = models.BooleanField(_("mot de passe provisoire"), default=False)
    first_password_until = models.DateTimeField(null=True, editable=False)
    session_generation = models.PositiveIntegerField(_("génération de sessions"), default=0, editable=False)
    # What proved the last sign-in, as `sign_in_log.way_of` writes it. The time is in Django's `last_login`.
    last_way = models.CharField(max_length=60, blank=True, default="", editable=False)
    # `second_factor.link_mark` of the identity at a provider, once the owner confirmed it with a factor of their own.
    confirmed_link = models.CharField(max_length=64, blank=True, default="", editable=False)
    history_layout = ArrayField(
        models.CharField(max_length=20), default=list, db_default=[], blank=True, editable=False
    )

    drawn_password = ""  # only on this object, to be shown once; never stored

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
            models.CheckConstraint(
                condition=Q(first_password_until=None) | Q(password_is_temporary=True),
                name="user_first_passwords_alone_end",
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.is_staff = self.is_superuser = self.role == Role.ADMINISTRATOR
        fields = kwargs.get("update_fields")
        if fields is not None and "role" in fields:
            kwargs["update_fields"] = {*fields, "is_staff", "is_superuser"}
        super().save(*args, **kwargs)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what each session of this account carries.

        It changes with the password, the role or `end_sessions`.
        """
        state = json.dumps([self.password, self.role, self.session_generation])
        return salted_hmac("pnav.accounts.session", state, secret=secret, algorithm="sha256").hexdigest()

    def draw_first_password(self, signs: Iterator[str] | None = None) -> None:
        """Set a new provisional password and leave its text in `drawn_password`. The caller has to save this object.

        signs: as in `first_password_of`; without them the password is random.
        """
        if signs is None:
            signs = (secrets.choice(FIRST_PASSWORD_SIGNS) for _sign in itertools.count())
        self.drawn_password = self.first_password_of(signs)
        hasher = get_hasher()
        self.password = hasher.encode(self.drawn_password, hasher.salt(), iterations=DRAWN_ITERATIONS)  # type: ignore[call-arg]
        self.password_is_temporary = True
        self.first_password_until = timezone.now() + timedelta(days=FIRST_PASSWORD_DAYS)

    def first_password_of(self, signs: Iterator[str]) -> str:
        """Return the first good password that these characters form.

        signs: an endless iterator of characters of FIRST_PASSWORD_SIGNS.
        """
        while True:
            password = "-".join("".join(itertools.islice(signs, 4)) for _part in range(4))
            if self._is_good(password):
                return password

    def _is_good(self, password: str) -> bool:
        """Return whether the password passes the validators. By chance it may hold a row (abcd).

        zxcvbn does not estimate how many tries find it: of a drawn one that is known, and five hundred estimates take
        longer than all the hashes.
        """
        others = [one for one in get_default_password_validators() if not isinstance(one, GuessableValidator)]
        try:
            validate_password(password, self, others)
        except ValidationError:
            return False
        return len(unforeseen_part(password)) >= OTHERS_AT_LEAST

    def first_password_has_ended(self, now: datetime) -> bool:
        """Return whether this account needs another first password. A provisional password without a date has ended."""
        if not self.password_is_temporary:
            return False
        return self.first_password_until is None or self.first_password_until <= now

    def end_sessions(self) -> None:
        """End every open session of this account, sockets within seconds. One statement, then this object is read
        again.
        """
        User.objects.filter(pk=self.pk).update(session_generation=models.F("session_generation") + 1)
        self.refresh_from_db(fields=["session_generation"])

    @property
    def is_agent(self) -> bool:
        """Return whether this person answers in conversations; a supervisor does too."""
        return self.role in {Role.AGENT, Role.SUPERVISOR}

    @property
    def is_supervisor(self) -> bool:
        """Return whether it is a supervisor's account."""
        return self.role == Role.SUPERVISOR

    @property
    def is_custodian(self) -> bool:
        """Return whether this person holds a share of the seal's key."""
        return self.role == Role.CUSTODIAN

    @property
    def is_psychologist(self) -> bool:
        """Return whether this person receives agents who wish to talk, and sees nothing else."""
        return self.role == Role.PSYCHOLOGIST

    @property
    def is_unit(self) -> bool:
        """Return whether this person reads what is transmitted to one point d'accueil, and sees nothing else."""
        return self.role == Role.UNIT

    @property
    def is_analyst(self) -> bool:
        """Return whether this person reads figures of the service, and sees nothing else."""
        return self.role == Role.ANALYST

    @property
    def is_administrator(self) -> bool:
        """Return whether it is an administrator's account."""
        return self.role == Role.ADMINISTRATOR


class PendingChange(models.Model):
    """A change that one administrator asks for and another must accept before visitors see it (docs/adr/0054).

    `model`, `object_id`: the object, as « pages.HelpNumber » and its key, which is empty for one that is to be added.
    `name`: the object's name at the time of the request. `before`, `after`: the values of the fields that change, by
    column. `changed`: names of the form's fields that changed. `reasons`: what needs a second person, as it is shown.
    `motive`: the words of whoever decided. `lapses_at`: without an answer until then, the change is never applied.
    """

    model = models.CharField("objet", max_length=100, editable=False)
    object_id = models.CharField("clé", max_length=100, blank=True, editable=False)
    name = models.CharField("fiche", max_length=200, editable=False)
    act = models.CharField("nature", max_length=10, choices=Act, editable=False)
    before = models.JSONField(encoder=DjangoJSONEncoder, editable=False)
    after = models.JSONField(encoder=DjangoJSONEncoder, editable=False)
    changed = models.JSONField(default=list, editable=False)
    reasons = models.JSONField(default=list, editable=False)
    asked_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name="proposé par", editable=False
    )
    asked_at = models.DateTimeField("proposé le", editable=False)
    lapses_at = models.DateTimeField("sans réponse, abandonné le", editable=False)
    state = models.CharField("état", max_length=10, choices=State, default=State.PENDING, editable=False)
    decided_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", verbose_name="décidé par", editable=False
    )
    decided_at = models.DateTimeField("décidé le", null=True, editable=False)
    motive = models.CharField("motif de la décision", max_length=300, blank=True, editable=False)

    class Meta:
        verbose_name = "changement proposé"
        verbose_name_plural = "changements proposés"
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="change_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=[State.ACCEPTED, State.REFUSED], decided_by__isnull=False)
                & ~Q(decided_by=F("asked_by"))
                | Q(state=State.WITHDRAWN, decided_by=F("asked_by"))
                | Q(state__in=[State.PENDING, State.LAPSED], decided_by__isnull=True),
                name="change_decided_by_another",
            ),
            models.UniqueConstraint(
                fields=["model", "object_id"],
                condition=Q(state=State.PENDING) & ~Q(object_id=""),
                name="change_one_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["lapses_at"], name="change_pending", condition=Q(state=State.PENDING))]

    def __str__(self) -> str:
        return self.name
