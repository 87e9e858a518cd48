"""Exec on a running VM, the ordinary path of any client, in blocks that take turns with the peers."""

import secrets

from hutch import BenchError

BLOCK = 20
"""Execs of hutch before the peers have their turn."""


def timed_true(vm, client):
    return vm.exec("/bin/true", client=client)


def timed_nonce(vm, client):
    nonce = secrets.token_hex(16)
    result, milliseconds = vm.exec(f"echo {nonce}", client=client)
    if result["stdout"] != nonce + "\n":
        raise BenchError(f"echo {nonce} answered {result['stdout']!r}")
    return result, milliseconds


def timed_shell(vm, client):
    nonce = secrets.token_hex(16)
    result, milliseconds = vm.exec(f"value={nonce}; test -d . && echo $value", client=client)
    if result["stdout"] != nonce + "\n":
        raise BenchError(f"a shell command with {nonce} answered {result['stdout']!r}")
    return result, milliseconds


def fresh_connection(run, vm):
    with run.hutch.client() as client:
        return vm.exec("/bin/true", client=client)[1]


def measure(run):
    counts = run.counts
    peers = [(peer, peer.create()[0]) for peer in run.peers]
    peer_true = {peer.name: [] for peer in run.peers}
    peer_node = {peer.name: [] for peer in run.peers if peer.name != "qemu-tcg"}  # its guest has no disk
    true, in_guest, nonces, shell, fresh, node, floor = ([] for _ in range(7))
    with run.hutch.client() as client:
        vm = run.hutch.create_vm(client)
        try:
            for _ in range(5):
                timed_true(vm, client)
            blocks = max(1, counts.execs // BLOCK)
            for block in range(blocks):
                for _ in range(BLOCK):
                    result, milliseconds = timed_true(vm, client)
                    true.append(milliseconds)
                    in_guest.append(result["durationMs"])
                nonces += [timed_nonce(vm, client)[1] for _ in range(BLOCK)]
                shell += [timed_shell(vm, client)[1] for _ in range(BLOCK)]
                fresh += [fresh_connection(run, vm) for _ in range(BLOCK)]
                floor += [client.call("GET", f"/v1/vms/{vm.id}").milliseconds for _ in range(BLOCK)]
                for peer, sandbox in peers:
                    peer_true[peer.name] += [sandbox.exec(["/bin/true"]) for _ in range(max(1, counts.peer_execs // blocks))]
            for _ in range(counts.slow_execs):
                node.append(vm.exec("node -e 1", client=client)[1])
                for peer, sandbox in peers:
                    if peer.name in peer_node:
                        peer_node[peer.name].append(sandbox.exec(["/usr/local/bin/node", "-e", "1"]))
        finally:
            vm.delete()
            for _, sandbox in peers:
                sandbox.delete()
    results = run.results
    results.add("exec /bin/true", "hutch", "ms", true)
    results.add("exec /bin/true, guest's part", "hutch", "ms", in_guest)
    results.add("exec echo of a nonce", "hutch", "ms", nonces)
    results.add("exec shell command", "hutch", "ms", shell)
    results.add("exec /bin/true, new connection", "hutch", "ms", fresh)
    results.add("exec node -e 1", "hutch", "ms", node)
    results.add("GET of a VM (HTTP alone)", "hutch", "ms", floor)
    for name, values in peer_true.items():
        results.add("exec /bin/true", name, "ms", values)
    for name, values in peer_node.items():
        results.add("exec node -e 1", name, "ms", values)
