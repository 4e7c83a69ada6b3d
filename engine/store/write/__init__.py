"""The one writer of a library, and the parts that it is composed of."""
