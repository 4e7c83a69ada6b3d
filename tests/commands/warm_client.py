"""Run `sensorium ARGUMENTS` by the process that `warm` has started.

    python -I -S warm_client.py SOCKET ARGUMENTS

The command gets the streams, the folder and the environment of this process, and this one ends
as it does. Where its environment has Python read and write otherwise than that process does,
Python starts anew.
"""

import array
import marshal
import os
import signal
import socket
import sys

_ENTRY = ["-m", "engine.commands.main"]
ANEW = 1000
"""Answered in the place of an exit code where a process must start anew."""
HEAVY = ".heavy"
"""Ends the name of the socket of the process that has imported what few commands need."""
_USE_HEAVY = {(b"curate", b"mislabeled"), (b"mcp",), (b"prepare-rerank",)}


def ask(place, arguments, streams=(0, 1, 2), states=()):
    """Run a command and return its exit code, negative where a signal ended it.

    Args:
        place: the socket; that of the heavy process is beside it.
        streams: descriptors of this process that are to be its streams.
        states: what becomes of each of them: `closed`, `full`, `broken`, or `own` for nothing.
    """
    typed = [os.fsencode(argument) for argument in arguments]
    document = marshal.dumps((typed, os.getcwdb(), dict(os.environb), list(states)))  # noqa: PTH109
    if not _USE_HEAVY.isdisjoint({tuple(typed[:1]), tuple(typed[:2])}):
        place += HEAVY
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(place)
        given = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))
        connection.sendmsg([len(document).to_bytes(8, "little")], [given])
        connection.sendall(document)
        return int(connection.recv(16))


if __name__ == "__main__":
    code = ask(sys.argv[1], sys.argv[2:])
    if code == ANEW:
        os.execv(sys.executable, [sys.executable, *_ENTRY, *sys.argv[2:]])
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
