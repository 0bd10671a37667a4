"""Specifications of the room media."""
