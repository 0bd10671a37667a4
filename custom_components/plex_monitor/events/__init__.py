"""What happens at a server, as against how it is, and who is notified."""
