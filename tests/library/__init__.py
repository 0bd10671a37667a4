"""Specifications of the room library."""
