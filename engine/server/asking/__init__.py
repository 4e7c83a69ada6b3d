"""Questions that the server answers, whichever dialect they come in."""
