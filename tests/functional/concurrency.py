"""Calls that start at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor


def at_once(count, call):
    """Calls `call(index)` on `count` threads that start together; the results in order."""
    barrier = threading.Barrier(count)

    def run(index):
        barrier.wait(60)
        return call(index)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))
