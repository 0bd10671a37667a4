"""Tests of Plex Monitor."""
