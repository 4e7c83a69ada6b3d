"""From what was asked to hits: plan, execute, calibrate, fuse."""
