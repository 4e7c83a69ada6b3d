"""Each look through a library, with all that a run, a report and JSON say of it."""
