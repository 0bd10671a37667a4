"""Libraries of a server, which are read when they change."""
