"""Specifications of the room server."""
