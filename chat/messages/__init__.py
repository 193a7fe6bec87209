"""Messages: the protocol, writing and reading them, and how a thread is shown."""
