"""Tests for the library package."""
