"""What the actions do, what they answer, and what they say when they fail."""
