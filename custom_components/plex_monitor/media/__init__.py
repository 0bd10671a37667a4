"""What leaves Home Assistant for a screen: pictures of items, and links to them in Plex."""
