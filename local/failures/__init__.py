"""Failures on purpose: everything of the local platform that can be taken away, under one list of names."""
