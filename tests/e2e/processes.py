"""Servers that a test starts: none of them outlives the test program, however that ends."""

import contextlib
import ctypes
import signal
import subprocess

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def start_server(arguments, log):
    """Ends when the thread that called this ends, killed or not: prctl(2)."""
    return subprocess.Popen(
        [str(argument) for argument in arguments], stdout=log, stderr=log,
        stdin=subprocess.DEVNULL, preexec_fn=end_with_parent)


def end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def stopped_on_failure(server):
    """What starts a server may fail halfway: nobody else would stop it then."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(Exception):
            server.stop()
        if server.process:
            server.process.kill()
            server.process.wait()
            server.process = None
        raise
