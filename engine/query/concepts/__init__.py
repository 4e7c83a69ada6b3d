"""Names that a library was taught by examples, and that queries can use."""
