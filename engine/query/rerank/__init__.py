"""The top of a fused ranking, put in order by a language model."""
