"""Choose a subset: diverse, balanced, or near to a text."""
