"""Routes of the server, a module for each resource, and what their answers share."""
