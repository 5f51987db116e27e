"""RTO and RPO measured by a client, not asserted by the tool."""
