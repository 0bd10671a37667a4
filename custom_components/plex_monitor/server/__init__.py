"""The coordinator of one server: its polls, its push channel, its streams, its address."""
