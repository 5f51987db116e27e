"""The kubernetes provider's stand-in: server-side apply against an API server on this machine."""
