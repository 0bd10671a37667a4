"""Players that the user selected, and what they are playing."""
