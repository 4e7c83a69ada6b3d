"""The command line: ``python -m sensorium`` is ``sensorium``."""

from __future__ import annotations

from engine.commands.main import main

if __name__ == "__main__":
    main(prog_name="sensorium")
