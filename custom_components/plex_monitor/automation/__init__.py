"""Targets, filters and timers that triggers and conditions share."""
