"""Lists every table of the site with what deletes its rows. A test fails for a table that is not here.

A table is under a retention rule (`Kind`, whose number an administrator sets), its rows have an end of their own
(`OwnEnd`), they are deleted with a row of another table (`With`), or they are kept, for a reason (`NoEnd`).
docs/operations.md has what is no table: cache, logs, backups, proxy.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from reports.rules.retention import Kind


@dataclass(frozen=True, slots=True)
class OwnEnd:
    """Each row contains its own end. enforcer: the command that then deletes it."""

    end: str
    enforcer: str


@dataclass(frozen=True, slots=True)
class With:
    """Rows are deleted with a row of another table, by a foreign key."""

    table: str


@dataclass(frozen=True, slots=True)
class NoEnd:
    """Rows are kept, for this reason."""

    reason: str


type Holding = Kind | OwnEnd | With | NoEnd

PUBLIC = NoEnd("public data of official sources; replaced at each import")
CONTENT = NoEnd("what the site says to everybody")
SCHEMA = NoEnd("Django's own names of models and permissions; holds nothing of anybody")
UNUSED = NoEnd("stays empty: accounts have no e-mail, no group and no permission of their own (ADR 0023)")
UNUSED_BY_ALLAUTH = NoEnd("stays empty: the provider is set by the environment, and no token is kept (ADR 0034)")
SITE = NoEnd("settings of a package; the site shows none of it")
TEAM = NoEnd("says who answered, as long as exchanges and register name them; an account is closed, not deleted")

HOLDINGS: Mapping[str, Holding] = {
    "reports.Report": Kind.EXCHANGE,  # Kind.REPORT when it opened no exchange
    "chat.Conversation": With("reports.Report"),
    "chat.Message": With("chat.Conversation"),
    "chat.ConversationEvent": With("chat.Conversation"),
    "chat.ConversationHandle": With("chat.Conversation"),
    "chat.DangerMark": With("chat.Conversation"),
    "chat.Hold": With("chat.Conversation"),
    "chat.Note": With("chat.Conversation"),
    "chat.ReplyDraft": OwnEnd("when it is sent, ended or handed over: at the next tick at the latest", "run_worker"),
    "chat.Aside": With("chat.Conversation"),
    "chat.AsidePart": With("chat.Aside"),
    "chat.AsideMessage": With("chat.Aside"),
    "chat.FactSheet": With("chat.Conversation"),
    "chat.JournalFact": With("chat.Conversation"),
    "chat.Capture": With("chat.Conversation"),  # its files are deleted after COMMIT (chat.captures.store)
    "chat.CaptureDrawing": With("chat.Capture"),
    "chat.ItemShare": With("chat.Conversation"),  # that of a fact goes with the fact, or with its correction
    "chat.Proposal": With("chat.Conversation"),
    "chat.Emergency": With("chat.Conversation"),
    "chat.EmergencyStep": With("chat.Emergency"),
    "chat.Closing": With("chat.Conversation"),
    "chat.Transmission": With("chat.Conversation"),
    "chat.TransmissionStep": With("chat.Transmission"),
    "chat.RemovalRequest": With("chat.Conversation"),  # deleted sooner, once the person says that the content is gone
    "chat.RemovalCount": OwnEnd("at once: emptied into the rounded numbers (chat.statistics.daily)", "run_worker"),
    "chat.ClosedDay": NoEnd("which days were counted; of nobody"),
    "chat.DailyFigure": NoEnd("tens of people by day, rounded before they were stored; of nobody (ADR 0083)"),
    "chat.FigureRemainder": NoEnd("digits that began at random, on which those numbers count on; of nobody"),
    "chat.KeptReading": OwnEnd("replaced every five minutes; a day after nobody did (ADR 0113)", "run_worker"),
    # Deleted sooner where nothing was transmitted (`until`, by `retention`).
    "chat.FollowUp": With("chat.Conversation"),
    "chat.Receipt": OwnEnd("until, six years after the report was filed (chat.conversations.receipts)", "retention"),
    "chat.Handover": With("chat.Conversation"),
    "chat.HandoverText": With("chat.Handover"),
    "chat.Direction": With("chat.Conversation"),
    "chat.Watch": With("chat.Conversation"),
    "chat.Whisper": With("chat.Conversation"),
    "reports.Freeze": With("reports.Report"),
    "reports.ErasureRequest": With("reports.Report"),
    "reports.SealedValue": With("reports.Report"),
    "reports.OpeningRequest": Kind.OPENING,  # counted from its last step, once it is over
    "reports.OpeningStep": With("reports.OpeningRequest"),
    "data_keys.WrappedKey": OwnEnd("once its report is deleted, after that commit (ADR 0081)", "retention"),
    "reports.KeyErasure": OwnEnd("once the noted key was erased: some seconds after its report", "retention"),
    "reports.Tombstone": Kind.TOMBSTONE,
    "reports.Erased": Kind.ERASED,
    "pages.Feedback": Kind.OPINION,
    "admin.LogEntry": Kind.ADMIN_LOG,
    "sessions.Session": OwnEnd("expire_date, SESSION_COOKIE_AGE after the last visit", "clearsessions"),
    "reports.AccessRecord": NoEnd(
        "a chain that loses its head proves nothing any more; it holds no content and no name (ADR 0031, 0033)"
    ),
    "reports.RegisterDigest": NoEnd("signed digests of that chain: numbers and digests, of nobody (ADR 0056)"),
    "reports.DigestDelivery": NoEnd("how far each destination of those digests has them"),
    "reports.BackupStatus": NoEnd("two rows: when backups were last taken; of nobody"),
    "reports.ProofDay": NoEnd("one digest a day, stamped: of nobody (ADR 0084)"),
    "reports.ProofChunk": NoEnd(
        "32 bytes for each item of a day, without a word, a salt or a name; without them no proof of that day could be "
        "given any more, the register's among them (ADR 0084)"
    ),
    "reports.ProofToken": NoEnd("what time-stamping authorities signed of those digests: of nobody (ADR 0084)"),
    "reports.RetentionRule": NoEnd("the rules themselves"),
    "reports.ChatClosure": CONTENT,
    "reports.Letterhead": CONTENT,
    "reports.CaptureContact": NoEnd("an office of the service, as long as it is named; nothing of anybody who writes"),
    "reports.ChatClosureText": CONTENT,
    "reports.HouseRule": NoEnd("settings of the service; nothing of anybody"),
    "accounts.User": TEAM,
    "accounts.PendingChange": Kind.ADMIN_LOG,  # a change that still waits has an earlier end of its own
    "chat.Agent": TEAM,
    "chat.UnitAccount": TEAM,
    "chat.Unit": TEAM,
    "chat.Departure": OwnEnd("once its conversation was told: at once, or at the worker's next tick", "run_worker"),
    "chat.WebHeartbeat": NoEnd("two rows: when web processes were last there; of nobody"),
    "chat.WorkerHeartbeat": OwnEnd("a day after its last beat (chat.conversations.worker_status.KEPT)", "run_worker"),
    "chat.WorkerDuty": NoEnd("a row for each duty of the worker: when it was last done; of nobody"),
    "chat.ArrivalGroup": OwnEnd("a day after its last arrival (chat.conversations.lookalikes.KEPT)", "run_worker"),
    "chat.OnCall": OwnEnd("a year after its end (chat.decisions.on_call.KEPT)", "retention"),
    "chat.Debrief": OwnEnd("ends_at, the day after the talk, or 60 days when nobody answers", "purge_debriefs"),
    "chat.OwnReply": With("chat.Agent"),  # deleted by their agent, or with the account
    "chat.CannedReply": CONTENT,
    "chat.CannedReplyText": CONTENT,
    "chat.DangerPhrase": CONTENT,
    "chat.Macro": CONTENT,
    "chat.Agent_supervised_units": TEAM,
    "mfa.Authenticator": With("accounts.User"),
    "socialaccount.SocialAccount": With("accounts.User"),  # the provider's name for an account
    "socialaccount.SocialApp": UNUSED_BY_ALLAUTH,
    "socialaccount.SocialToken": UNUSED_BY_ALLAUTH,
    "accounts.User_groups": UNUSED,
    "accounts.User_user_permissions": UNUSED,
    "auth.Group": UNUSED,
    "auth.Group_permissions": UNUSED,
    "account.EmailAddress": UNUSED,
    "account.EmailConfirmation": UNUSED,
    "auth.Permission": SCHEMA,
    "contenttypes.ContentType": SCHEMA,
    "dsfr.DsfrConfig": SITE,
    "dsfr.DsfrSocialMedia": SITE,
    "pages.HelpNumber": CONTENT,
    "pages.HelpNumberText": CONTENT,
    "pages.ContentBlock": CONTENT,
    "pages.ContentText": CONTENT,
    "pages.RemovalPlatform": CONTENT,
    "pages.RemovalPlatformText": CONTENT,
    "pages.Announcement": CONTENT,
    "pages.AnnouncementText": CONTENT,
    "sentences.ChangedSentence": CONTENT,
    "sentences.SentenceText": CONTENT,
    "triage.QuestionnaireVersion": NoEnd("what the site asks; reports name the version that they answered"),
    "locations.Municipality": PUBLIC,
    "locations.PlaceName": PUBLIC,
    "locations.PostalCode": PUBLIC,
    "locations.ReceptionPoint": PUBLIC,
    "locations.UnitAlias": PUBLIC,
    "locations.Competence": PUBLIC,
    "locations.Partner": PUBLIC,
    "locations.DataEdition": PUBLIC,
}
