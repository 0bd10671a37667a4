"""The token of an entry: whether it is valid, and what the user is shown when it is not."""
