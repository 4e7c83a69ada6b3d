"""The command line: each command parses options, calls the facade, and prints."""
