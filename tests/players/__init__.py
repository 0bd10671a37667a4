"""Tests for the players package."""
