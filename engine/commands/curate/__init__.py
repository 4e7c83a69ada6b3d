"""The commands of `sensorium curate`."""
