"""The events of a server, and their dispatching to listeners."""
