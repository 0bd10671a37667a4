"""One server, polled and pushed: its state, its streams, its address."""
