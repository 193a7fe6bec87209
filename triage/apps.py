from django.apps import AppConfig


class TriageConfig(AppConfig):
    name = "triage"
    label = "triage"
    verbose_name = "Orientation"

    def ready(self) -> None:
        """The sentences of this room are in the catalogue, whoever asks."""
        from triage import texts as triage_texts  # noqa: F401
