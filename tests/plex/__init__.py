"""Tests of the Plex client."""
