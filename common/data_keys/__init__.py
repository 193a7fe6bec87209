"""One random key an exchange, which seals its words: made, kept wrapped by the key ring, erased (docs/adr/0081)."""
