"""Specifications of the room actions."""
