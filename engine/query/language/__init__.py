"""Parse what users type: queries, filters, and the values in them."""
