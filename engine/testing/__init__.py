"""Stand-ins for what tests cannot have: a fake encoder, a brute-force index, a chat server."""
