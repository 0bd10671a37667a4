"""Specifications of the room automation."""
