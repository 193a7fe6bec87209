"""These are the tables of the app `reports`, in one module for each subject."""

from common.service_settings.models import HouseRule
from reports.models.audit import AccessKind, AccessRecord, Motive
from reports.models.backup import BackupStatus
from reports.models.capture_contact import CaptureContact
from reports.models.closure import ChatClosure, ChatClosureText, ClosureReason
from reports.models.digest import DigestDelivery, RegisterDigest
from reports.models.key_erasure import KeyErasure
from reports.models.letterhead import Letterhead
from reports.models.proof_of_date import ProofChunk, ProofDay, ProofToken
from reports.models.report import AgeBand, Expectation, Fact, Platform, Report, ReporterRole, Since
from reports.models.retention import Erased, ErasureRequest, Freeze, RetentionRule, Tombstone
from reports.models.seal import OpeningField, OpeningRequest, OpeningStep, SealedField, SealedValue

__all__ = [
    "AccessKind",
    "AccessRecord",
    "AgeBand",
    "BackupStatus",
    "CaptureContact",
    "ChatClosure",
    "ChatClosureText",
    "ClosureReason",
    "DigestDelivery",
    "Erased",
    "ErasureRequest",
    "Expectation",
    "Fact",
    "Freeze",
    "HouseRule",
    "KeyErasure",
    "Letterhead",
    "Motive",
    "OpeningField",
    "OpeningRequest",
    "OpeningStep",
    "Platform",
    "ProofChunk",
    "ProofDay",
    "ProofToken",
    "RegisterDigest",
    "Report",
    "ReporterRole",
    "RetentionRule",
    "SealedField",
    "SealedValue",
    "Since",
    "Tombstone",
]
