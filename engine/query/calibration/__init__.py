"""Estimate backgrounds of scores, and turn raw scores into log odds."""
