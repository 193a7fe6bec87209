"""These are the numbers that an administrator may set: what each one means, and its present value (docs/adr/0044)."""
