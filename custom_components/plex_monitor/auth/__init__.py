"""The token of an entry: checks, issues and the sign-in prompt.

`plex/token_health.py` decides whether a token is valid; `guard.py` gathers the evidence for it.
"""
