"""`python -m streams.serve.questions.child`: calls functions for the server, one after the other, and can be ended.

Its argument is how many bytes of memory it may have. Standard input has pickled calls, standard output the pickled
answers; the server alone writes and reads them. It ends with its input, when a call takes longer than its seconds,
and when it has no memory left.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import struct
import sys
from typing import Any, BinaryIO

from streams.errors import LeadstreamError

HEADER = struct.Struct(">Q")


def write_message(pipe: BinaryIO, message: Any) -> None:
    """Writes one pickled message."""
    data = pickle.dumps(message)
    pipe.write(HEADER.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def read_message(pipe: BinaryIO) -> Any:
    """The next message. Raises EOFError where the other side has ended."""
    header = pipe.read(HEADER.size)
    if len(header) < HEADER.size:
        raise EOFError
    (size,) = HEADER.unpack(header)
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)


def run(memory_bytes: int) -> None:
    """Answers until the input ends. Raises MemoryError."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    os.nice(5)  # who only reads goes before
    while True:
        try:
            seconds, function, arguments = read_message(sys.stdin.buffer)
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, seconds)  # for a server that was killed and ends nothing
        try:
            answer = (True, function(*arguments))
        except LeadstreamError as error:
            answer = (False, error.with_traceback(None))
        signal.setitimer(signal.ITIMER_REAL, 0)
        write_message(answers, answer)


if __name__ == "__main__":
    try:
        run(int(sys.argv[1]))
    except MemoryError:
        os._exit(os.EX_UNAVAILABLE)
