"""Stand-ins for the official Pulumi plugins, used where those cannot be installed."""
