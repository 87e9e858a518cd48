"""Create and first exec, cold: a fresh id and a fresh boot each time, hutch and peers in turn."""

from hutch import BenchError

BOOT_ID = "cat /proc/sys/kernel/random/boot_id"


def hutch_round(run, client, seen):
    vm = run.hutch.create_vm(client)
    _, exec_milliseconds = vm.exec("/bin/true")
    boot_id = vm.exec(BOOT_ID)[0]["stdout"].strip()
    if boot_id in seen or boot_id != vm.view.get("bootId"):
        raise BenchError(f"{vm.id} has boot id {boot_id}, its create said {vm.view.get('bootId')}: not a boot of its own")
    seen.add(boot_id)
    deleted = vm.delete()
    run.timelines.append({"id": vm.id, "bootId": boot_id, "createMs": vm.create_milliseconds, "firstExecMs": exec_milliseconds,
                          "deleteMs": deleted, "timeline": vm.view.get("bootTimeline") or []})
    return vm.create_milliseconds, exec_milliseconds, deleted


def peer_round(peer):
    sandbox, created = peer.create()
    try:
        executed = sandbox.exec(["/bin/true"])
    finally:
        deleted = sandbox.delete()
    return created, executed, deleted


def measure(run):
    subjects = {"hutch": []} | {peer.name: [] for peer in run.peers}
    seen = set()
    with run.hutch.client() as client:
        hutch_round(run, client, seen)  # the first of a new manager and the first of a peer fill the page cache
        run.timelines.clear()
        for peer in run.peers:
            if peer.name != "qemu-tcg":
                peer_round(peer)
        for number in range(run.counts.cold_rounds):
            order = list(subjects) if number % 2 == 0 else list(reversed(subjects))
            for name in order:
                if name == "hutch":
                    subjects[name].append(hutch_round(run, client, seen))
                elif name != "qemu-tcg" or number < 3:  # seconds each
                    subjects[name].append(peer_round(run.peer(name)))
    for name, rounds in subjects.items():
        run.results.add("create", name, "ms", [created for created, _, _ in rounds])
        run.results.add("first exec", name, "ms", [executed for _, executed, _ in rounds])
        run.results.add("create + first exec", name, "ms", [created + executed for created, executed, _ in rounds])
        run.results.add("delete", name, "ms", [deleted for _, _, deleted in rounds])
