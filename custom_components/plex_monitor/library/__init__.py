"""The libraries of a server, counted when they change."""
