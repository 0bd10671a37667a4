"""Specifications of the room auth."""
