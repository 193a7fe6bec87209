import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# Table, column, and the index that Django made for its foreign key, or for searches by the beginning of a text, which
# nobody makes. A unique constraint, or an index, of the same table begins with that column and answers for it;
# nobody looks for the messages of an agent.
INDEXES = (
    ("chat_asidemessage", "aside_id", "chat_asidemessage_aside_id_54154744"),
    ("chat_asidepart", "aside_id", "chat_asidepart_aside_id_f89d0f77"),
    ("chat_capture", "conversation_id", "chat_capture_conversation_id_81e47b16"),
    ("chat_capturedrawing", "capture_id", "chat_capturedrawing_capture_id_f5817a2d"),
    ("chat_conversationhandle", "agent_id", "chat_conversationhandle_agent_id_03107eab"),
    ("chat_conversationhandle", "conversation_id", "chat_conversationhandle_conversation_id_c326c587"),
    ("chat_conversation", "assigned_to_id", "chat_conversation_assigned_to_id_91e09de8"),
    ("chat_emergencystep", "emergency_id", "chat_emergencystep_emergency_id_cacf242e"),
    ("chat_handovertext", "handover_id", "chat_handovertext_handover_id_c4c6505b"),
    ("chat_hold", "conversation_id", "chat_hold_conversation_id_0f07d1f5"),
    ("chat_journalfact", "conversation_id", "chat_journalfact_conversation_id_65c20e8c"),
    ("chat_message", "agent_id", "chat_message_agent_id_d49d2899"),
    ("chat_message", "conversation_id", "chat_message_conversation_id_a1207bf4"),
    ("chat_note", "conversation_id", "chat_note_conversation_id_6a7542f9"),
    ("chat_transmission", "point_id", "chat_transmission_point_id_7943aa9e"),
    ("chat_transmissionstep", "transmission_id", "chat_transmissionstep_transmission_id_c9660790"),
    ("chat_removalrequest", "conversation_id", "chat_removalrequest_conversation_id_09d99c1a"),
    ("chat_proposal", "file_number varchar_pattern_ops", "chat_proposal_file_number_774bac77_like"),
    ("chat_transmission", "file_number varchar_pattern_ops", "chat_transmission_file_number_7e2e99f7_like"),
    ("chat_receipt", "digest varchar_pattern_ops", "chat_receipt_digest_ba1c5d42_like"),
    ("chat_followup", "code_digest varchar_pattern_ops", "chat_followup_code_digest_6faf6a7f_like"),
)


class Migration(migrations.Migration):
    """Drop indexes that another one makes useless, while people write; find an agent's exchanges by their age."""

    atomic = False
    safe_because = {
        "sql drop index concurrently": "It waits for whoever uses the table, and nobody waits for it; the version before "
        "finds the same rows by the other index of the same first column, and names none of these.",
    }

    dependencies = [
        ("chat", "0039_receipts"),
        ("locations", "0003_municipality_largest"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="conversation",
            index=models.Index(fields=["assigned_to", "opened_at"], name="conversation_of_agent"),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
                    f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} ({column})",
                )
                for table, column, name in INDEXES
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="conversation",
                    name="assigned_to",
                    field=models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conversations",
                        to="chat.agent",
                    ),
                ),
                migrations.AlterField(
                    model_name="asidemessage",
                    name="aside",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="chat.aside",
                    ),
                ),
                migrations.AlterField(
                    model_name="asidepart",
                    name="aside",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="chat.aside",
                    ),
                ),
                migrations.AlterField(
                    model_name="capture",
                    name="conversation",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="captures",
                        to="chat.conversation",
                    ),
                ),
                migrations.AlterField(
                    model_name="capturedrawing",
                    name="capture",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drawings",
                        to="chat.capture",
                    ),
                ),
                migrations.AlterField(
                    model_name="conversationhandle",
                    name="agent",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="handles",
                        to="chat.agent",
                    ),
                ),
                migrations.AlterField(
                    model_name="conversationhandle",
                    name="conversation",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="handles",
                        to="chat.conversation",
                    ),
                ),
                migrations.AlterField(
                    model_name="emergencystep",
                    name="emergency",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="chat.emergency",
                    ),
                ),
                migrations.AlterField(
                    model_name="handovertext",
                    name="handover",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="texts",
                        to="chat.handover",
                    ),
                ),
                migrations.AlterField(
                    model_name="hold",
                    name="conversation",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="holds",
                        to="chat.conversation",
                    ),
                ),
                migrations.AlterField(
                    model_name="journalfact",
                    name="conversation",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="facts",
                        to="chat.conversation",
                    ),
                ),
                migrations.AlterField(
                    model_name="message",
                    name="agent",
                    field=models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="chat.agent",
                    ),
                ),
                migrations.AlterField(
                    model_name="message",
                    name="conversation",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="chat.conversation",
                    ),
                ),
                migrations.AlterField(
                    model_name="note",
                    name="conversation",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
                        to="chat.conversation",
                    ),
                ),
                migrations.AlterField(
                    model_name="removalrequest",
                    name="conversation",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="removal_requests",
                        to="chat.conversation",
                    ),
                ),
                migrations.AlterField(
                    model_name="transmission",
                    name="point",
                    field=models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="locations.receptionpoint",
                    ),
                ),
                migrations.AlterField(
                    model_name="transmissionstep",
                    name="transmission",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="chat.transmission",
                    ),
                ),
            ],
        ),
    ]
