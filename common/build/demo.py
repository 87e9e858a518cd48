#!/usr/bin/env python3
"""The demo: starts the manager, boots a real guest through the HTTP API, runs code in it, and prints results with timings.

usage: demo.py [--once]      --once: end instead of keeping the manager running
"""

import json
import os
import platform
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HUTCHD = "build/release/manager/hutchd"
START_SECONDS = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listen_address(once):
    """127.0.0.1:3000 as configured by default, another port when that one is taken or it is only for once."""
    if "HUTCH_LISTEN" in os.environ:
        return os.environ["HUTCH_LISTEN"]
    if not once:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", 3000))
                return "127.0.0.1:3000"
            except OSError:
                print("port 3000 is taken; using another one")
    return f"127.0.0.1:{free_port()}"


class Api:
    def __init__(self, base, key):
        self.base = base
        self.key = key

    def call(self, method, path, body=None):
        """Answers (parsed JSON or None, milliseconds)."""
        request = urllib.request.Request(
            self.base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-API-Key": self.key, "Content-Type": "application/json"},
        )
        begin = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            sys.exit(f"demo: {method} {path} answered {error.code}: {error.read().decode(errors='replace')}")
        milliseconds = (time.monotonic() - begin) * 1000
        return (json.loads(text) if text else None), milliseconds


def wait_until_serving(api, manager):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if manager.poll() is not None:
            sys.exit(f"demo: hutchd ended with {manager.returncode}, see its messages above")
        try:
            urllib.request.urlopen(api.base + "/healthz", timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"demo: hutchd did not answer within {START_SECONDS} s")


def show(title, milliseconds, text):
    print(f"\n\033[1m{title}\033[0m  ({milliseconds:.1f} ms)")
    for line in text.rstrip("\n").split("\n"):
        print(f"  {line}")


def run_code(api):
    vm, milliseconds = api.call("POST", "/v1/vms", {"cpu": 1, "memMb": 256, "allowIps": [], "name": "demo"})
    steps = "\n".join(f"{step['atMs']:7.1f} ms  {step['step']}" for step in vm.get("bootTimeline", []))
    show(f"POST /v1/vms: {vm['id']} is {vm['state']}", milliseconds, steps)
    path = f"/v1/vms/{vm['id']}"

    def execute(title, command, expected=None):
        result, elapsed = api.call("POST", path + "/exec", {"cmd": command})
        show(f"POST …/exec: {title}", elapsed, result["stdout"] + result["stderr"] + f"exit code {result['exitCode']}")
        if result["exitCode"] != 0 or (expected and expected not in result["stdout"]):
            sys.exit(f"demo: that was not the expected answer: {result}")
        return result

    kernel = execute("uname -r; id", "uname -r; id")["stdout"].split("\n")[0]
    if kernel == platform.release():
        sys.exit("demo: the guest has the host's kernel?")
    print(f"  (the host's kernel is {platform.release()})")
    nonce = secrets.token_hex(4)
    execute("the same again, warm", f"echo {nonce}", nonce)
    execute("JavaScript", "node -e 'console.log(`node ${process.version}:`, [1,2,3].map(x => x*x))'", "1, 4, 9")
    execute("TypeScript", "deno eval --ext=ts 'const n: number = 6*7; console.log(`deno ${Deno.version.deno}:`, n)'", "42")
    execute("Python", "python3 -c 'import platform; print(platform.python_version(), sum(range(101)))'", "5050")
    _, milliseconds = api.call("DELETE", path)
    show("DELETE", milliseconds, "the VM and its disk are gone")


def main():
    arguments = sys.argv[1:]
    if arguments not in ([], ["--once"]):
        sys.exit(f"demo: unknown arguments {arguments}; only --once is known")
    once = bool(arguments)
    address = listen_address(once)
    key = os.environ.get("HUTCH_API_KEY") or secrets.token_hex(16)
    environment = dict(os.environ, HUTCH_LISTEN=address, HUTCH_API_KEY=key)
    scratch = tempfile.TemporaryDirectory(prefix="hutch-demo-") if once and "HUTCH_DATA_DIR" not in os.environ else None
    if scratch:
        environment["HUTCH_DATA_DIR"] = scratch.name
    environment.setdefault("HUTCH_LOG_LEVEL", "warning")
    manager = subprocess.Popen([HUTCHD], env=environment)
    try:
        api = Api(f"http://{address}", key)
        wait_until_serving(api, manager)
        run_code(api)
        if not once:
            print(f"\nThe admin page: {api.base}/   sign in with the API key {key}\nCtrl-C ends the manager.")
            manager.wait()
    except KeyboardInterrupt:
        pass
    finally:
        if manager.poll() is None:
            manager.send_signal(signal.SIGTERM)
        status = manager.wait()
        if scratch:
            scratch.cleanup()
    if status != 0:
        sys.exit(f"demo: hutchd ended with {status}")


if __name__ == "__main__":
    main()
