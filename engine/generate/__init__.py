"""Language models: a protocol of chats, and the adapters behind it."""
