"""This is the seal: what can name a person, encrypted so that the server cannot open it. Pure (docs/adr/0030)."""
