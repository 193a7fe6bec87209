"""Sockets: connections, subscriptions to conversations, and what reaches the pages of this process."""
