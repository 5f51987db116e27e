"""The rules: pure functions from plain data to verdicts, and the table that makes policies of them."""
