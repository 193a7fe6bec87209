"""These are the sockets hold connections, their subscriptions to conversations, and what is delivered to them in this
process.
"""
