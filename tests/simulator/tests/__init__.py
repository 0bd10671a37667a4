"""Specifications of the simulated Plex world."""
