"""The actions of Plex Monitor: what each does, returns and raises."""
