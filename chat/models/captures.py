"""These are the tables of captures: images and PDF documents from the person, or from an agent (docs/adr/0082, 0100).

The files themselves are not in the database.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from chat.models.casework import SealedWords


class CaptureState(models.TextChoices):
    """These are the states of a capture, in order. DRAWN and UNREADABLE are final; neither means that the file is
    safe. One for which the machine was too slow stays RECEIVED."""

    ARRIVING = "arriving", _("En cours d'envoi")
    RECEIVED = "received", _("Reçue, à dessiner")
    DRAWN = "drawn", _("Dessinée")
    UNREADABLE = "unreadable", _("Illisible")


class ScanResult(models.TextChoices):
    """It is the scanner's verdict on the original. A file that it could not read is UNSCANNABLE, never CLEAN."""

    NOT_ASKED = "not_asked", _("Aucune analyse n'est branchée")
    WAITING = "waiting", _("Analyse en attente")
    CLEAN = "clean", _("Rien de connu n'a été trouvé")
    FOUND = "found", _("Un programme malveillant a été trouvé")
    UNSCANNABLE = "unscannable", _("L'analyse n'a pas pu le lire")


class Capture(SealedWords):
    """It is one file of an exchange: where its encrypted chunks are, and what was made of it.

    sent_by: the agent who sent it to the person (`chat.captures.handouts`); None if it is the person's.
    public_id: made by the page or its script before the first byte, so that an interrupted upload can go on; unique in
    its conversation. store_id: drawn by the server, names the folder of its chunks, so that nobody who chooses a
    public_id reaches another capture's file (`chat.captures.store`).
    number: from 1, in the order in which captures were begun.
    sealed_words: the file's key (base64), its name on the sender's device, an agent's `title`, and once it was read its
    SHA-256, its kind and what was found; `slow`: for how many tries the machine was too slow. They are deleted with the
    row, and without them nobody can decrypt the chunks.
    size: bytes, declared before the first one, and enforced. received: how many bytes are acknowledged. tokens: those
    of the acknowledged chunks, in order, the only ones that can be decrypted.
    shown_at, read_at: when it was shown to the agent, and when its drawing was first on the agent's page; for an
    agent's file, when it was sent, and when it was first on the person's page.
    claimed_at, attempts: when a worker claimed it to draw it, in the future where the next try is put off
    (`chat.captures.drawing`), and how often that was tried. is_tried_again: whether one had claimed it before, for the
    worker that has it now; it is not stored.
    scan_tries, scan_after: how often a scanner was asked for its verdict, and when it may be asked again
    (`chat.captures.scanning`).
    locked_at: since when nobody sees it, because it may be an offence to possess; the person is told.
    """

    conversation = models.ForeignKey(
        "chat.Conversation", on_delete=models.CASCADE, related_name="captures", db_index=False
    )
    sent_by = models.ForeignKey("chat.Agent", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    store_id = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=CaptureState, default=CaptureState.ARRIVING)
    scan = models.CharField(max_length=12, choices=ScanResult, default=ScanResult.NOT_ASKED)
    size = models.PositiveIntegerField()
    received = models.PositiveIntegerField(default=0)
    tokens = ArrayField(models.CharField(max_length=32), default=list)
    begun_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True)
    shown_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    is_tried_again: bool = False
    scan_tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    scan_after = models.DateTimeField(null=True)
    locked_at = models.DateTimeField(null=True)
    fact = models.ForeignKey("chat.JournalFact", on_delete=models.SET_NULL, null=True, related_name="captures")

    class Meta:
        verbose_name = _("capture")
        verbose_name_plural = _("captures")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "public_id"], name="capture_once"),
            models.UniqueConstraint(fields=["conversation", "number"], name="capture_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="capture_number_from_one"),
            models.CheckConstraint(condition=Q(size__gte=1), name="capture_is_not_empty"),
            models.CheckConstraint(condition=Q(received__lte=F("size")), name="capture_received_within_size"),
            models.CheckConstraint(
                condition=Q(state="arriving", received_at__isnull=True)
                | (~Q(state="arriving") & Q(received_at__isnull=False, received=F("size"))),
                name="capture_received_whole",
            ),
            models.CheckConstraint(
                condition=Q(read_at__isnull=True) | Q(shown_at__isnull=False), name="capture_read_was_shown"
            ),
        ]
        indexes = [
            models.Index(fields=["received_at"], condition=Q(state="received"), name="capture_to_draw"),
            models.Index(fields=["begun_at"], condition=Q(state="arriving"), name="capture_arriving"),
            models.Index(fields=["received_at"], name="capture_received"),  # the tree of a day reads by it
            models.Index(fields=["locked_at"], condition=Q(locked_at__isnull=False), name="capture_set_aside"),
        ]

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted words to this row."""
        return f"capture:{self.conversation.public_id}:{self.public_id}"

    @property
    def file_context(self) -> str:
        """Return the context that binds the chunks to this capture."""
        return f"capture-file:{self.store_id}"


class CaptureDrawing(models.Model):
    """It is one page that we drew of a capture: a WebP file in chunks, encrypted with the key of its capture.

    page: from 1; an image has one. size: in bytes. width, height: in pixels.
    """

    capture = models.ForeignKey(Capture, on_delete=models.CASCADE, related_name="drawings", db_index=False)
    page = models.PositiveSmallIntegerField()
    size = models.PositiveIntegerField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    tokens = ArrayField(models.CharField(max_length=32), default=list)

    class Meta:
        verbose_name = _("dessin d'une capture")
        verbose_name_plural = _("dessins de captures")
        ordering = ["page"]
        constraints = [
            models.UniqueConstraint(fields=["capture", "page"], name="capture_page_once"),
            models.CheckConstraint(condition=Q(page__gte=1, size__gte=1), name="capture_drawing_is_one"),
        ]

    @property
    def file_context(self) -> str:
        """Return the context that binds the chunks of the drawing to its capture and page."""
        return f"capture-drawing:{self.capture.store_id}:{self.page}"
