"""These are the tables of the app `chat`, in one module for each subject."""

from chat.models.agent import Agent, AgentQuerySet, Unit, first_capacity
from chat.models.captures import Capture, CaptureDrawing, CaptureState, ScanResult
from chat.models.casework import Closing, Emergency, EmergencyStep, FactSheet, Proposal
from chat.models.conversation import (
    UNREADABLE,
    Conversation,
    ConversationEvent,
    ConversationQuerySet,
    Departure,
    EventKind,
    Message,
    quick_exits,
)
from chat.models.danger import DangerMark, DangerPhrase
from chat.models.debrief import Debrief, Meeting
from chat.models.figures import ClosedDay, DailyFigure, FigureRemainder, KeptReading
from chat.models.handle import ConversationHandle
from chat.models.journal import JournalFact

# Django looks for models here, so those of all modules are imported.
from chat.models.lookalikes import ArrivalGroup
from chat.models.macro import Macro
from chat.models.notes import Aside, AsideMessage, AsidePart, Hold, Note, ReplyDraft
from chat.models.on_call import OnCall
from chat.models.proof_of_date import ItemShare
from chat.models.receipt import Receipt
from chat.models.referral import FollowUp, Transmission, TransmissionStep, UnitAccount
from chat.models.removal import RemovalCount, RemovalRequest
from chat.models.replies import CannedReply, CannedReplyText, OwnReply
from chat.models.transfer import Direction, Handover, HandoverText, Watch, Whisper
from chat.models.web_heartbeat import WebHeartbeat
from chat.models.worker_status import WorkerDuty, WorkerHeartbeat

__all__ = [
    "UNREADABLE",
    "Agent",
    "AgentQuerySet",
    "ArrivalGroup",
    "Aside",
    "AsideMessage",
    "AsidePart",
    "CannedReply",
    "CannedReplyText",
    "Capture",
    "CaptureDrawing",
    "CaptureState",
    "ClosedDay",
    "Closing",
    "Conversation",
    "ConversationEvent",
    "ConversationHandle",
    "ConversationQuerySet",
    "DailyFigure",
    "DangerMark",
    "DangerPhrase",
    "Debrief",
    "Departure",
    "Direction",
    "Emergency",
    "EmergencyStep",
    "EventKind",
    "FactSheet",
    "FigureRemainder",
    "FollowUp",
    "Handover",
    "HandoverText",
    "Hold",
    "ItemShare",
    "JournalFact",
    "KeptReading",
    "Macro",
    "Meeting",
    "Message",
    "Note",
    "OnCall",
    "OwnReply",
    "Proposal",
    "Receipt",
    "RemovalCount",
    "RemovalRequest",
    "ReplyDraft",
    "ScanResult",
    "Transmission",
    "TransmissionStep",
    "Unit",
    "UnitAccount",
    "Watch",
    "WebHeartbeat",
    "Whisper",
    "WorkerDuty",
    "WorkerHeartbeat",
    "first_capacity",
    "quick_exits",
]
