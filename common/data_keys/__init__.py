"""Makes, stores and erases data keys: one random key for each exchange, wrapped by the key ring (docs/adr/0081)."""
