"""Pure rules of reports: identity disclosure, retention, elements of an offence, proofs. They use no database."""
