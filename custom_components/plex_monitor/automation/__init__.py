"""Which servers, streams and media a trigger or a condition is about."""
