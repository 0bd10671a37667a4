"""Specifications of the room players."""
