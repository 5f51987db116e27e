"""The state inventory of source code (PV-SOURCE): what a service keeps in its own memory or on its own disk."""
