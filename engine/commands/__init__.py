"""How people and programs reach a library: the command line, later a server."""
