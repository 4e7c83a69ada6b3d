"""The scripts that fit the heads of the compact encoder."""
