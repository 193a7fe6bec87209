from django.apps import AppConfig


class TriageConfig(AppConfig):
    name = "triage"
    label = "triage"
    verbose_name = "Orientation"

    def ready(self) -> None:
        """Put the sentences of this app into the catalogue, whoever asks for one."""
        from triage import texts as triage_texts  # noqa: F401
