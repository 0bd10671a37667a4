"""Specifications of the room events."""
