"""Any open_clip model as an encoder, by every route that leads to its weights.

Nothing is imported here: a search asks for names alone.
"""
