"""A server over one library or several: it parses, calls the facade, and answers in JSON."""
