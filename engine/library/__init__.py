"""The facade and what it is made of: every call of users goes through here, and is wiring only."""
