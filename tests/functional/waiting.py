"""Waiting for a condition, never for a time."""

import time


def wait_until(condition, what, seconds=30.0):
    """Polls `condition` until it returns something true and returns that; fails naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"gave up after {seconds:.0f} s waiting until {what}")
        time.sleep(0.02)
