"""The end of a command that has loaded an app: it does not wait for ever for threads that cells have started."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click

from nbmicro.threads.workers import start_thread

P = ParamSpec("P")

#: Seconds that such threads have, once the command has ended.
GRACE = 5.0


def ends_in_time(command: Callable[P, None]) -> Callable[P, None]:
    """Make a command end although the app that it loads began threads that are no daemons: Python waits for those.

    They have :data:`GRACE` seconds for what they are doing; who must do more, writes a command of the app's own.
    """

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        before = set(threading.enumerate())
        code = 0
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            code = 130
            raise
        except BaseException:
            code = 1
            raise
        finally:
            left = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
            if left:
                start_thread("end", _end, left, code)

    return run


def _end(threads: list[threading.Thread], code: int) -> None:
    # A thread of a pool ends when Python, which ends meanwhile, has told its pool so.
    time.sleep(GRACE)
    names = ", ".join(thread.name for thread in threads if thread.is_alive())
    if not names:
        return
    click.echo(
        f"Cut off after {GRACE:.0f} s: {names}, begun by the app. With daemon=True nobody waits for it.", err=True
    )
    # Not sys.exit: that ends a thread. What is registered for the end is done, and what was printed is shown.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
