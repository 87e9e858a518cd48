"""VMs from create to delete: states, moves between them, and many at once."""

import re
import socket

import raw_http
from client import RunningExec, assert_error
from concurrency import at_once
from waiting import wait_until

VM_FIELDS = {
    "id", "state", "cpu", "memMb", "guestIp", "outboundInternet", "createdAt", "provisionMode", "imageId", "name",
    "labels", "driver", "diskSizeMb",
}


def test_create_exec_delete(api):
    vm = api.create_vm()
    assert vm.output("echo hello") == "hello\n"
    vm.delete()
    assert_error(vm.call("GET"), 404)
    assert_error(vm.exec_answer("true"), 404)
    assert vm.id not in [view["id"] for view in api.list_vms()]


def test_the_view_of_a_vm(api):
    vm = api.create_vm(name="first", labels={"team": "blue"}, memMb=160)
    view = vm.view()
    assert VM_FIELDS <= view.keys(), VM_FIELDS - view.keys()
    assert re.fullmatch(r"vm-[a-z0-9]{20}", view["id"])
    assert re.fullmatch(r"172\.16\.\d+\.\d+", view["guestIp"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", view["createdAt"])
    assert (view["cpu"], view["memMb"], view["provisionMode"]) == (1, 160, "boot")
    assert (view["name"], view["labels"], view["outboundInternet"]) == ("first", {"team": "blue"}, False)
    images = api.call("GET", "/v1/images").json()
    assert view["imageId"] in [image["id"] for image in images if image["isDefault"]]
    assert [seen for seen in api.list_vms() if seen["id"] == vm.id] == [view]
    vm.delete()


def test_network_wishes_are_kept_and_answered_with_a_warning(api):
    answer = api.call("POST", "/v1/vms", json={
        "cpu": 1, "memMb": 128, "allowIps": ["10.0.0.0/8", "192.0.2.7"], "outboundInternet": True,
    })
    assert answer.status_code == 201, answer.text
    view = answer.json()
    assert view["outboundInternet"] is True
    assert view["warnings"] and all(isinstance(text, str) for text in view["warnings"])
    assert api.call("DELETE", f"/v1/vms/{view['id']}").status_code == 204


def test_ten_vms_at_once(api):
    vms = at_once(10, lambda index: api.create_vm(name=f"vm {index}"))
    try:
        assert len({vm.id for vm in vms}) == 10
        assert len({vm.created["guestIp"] for vm in vms}) == 10
        outputs = at_once(10, lambda index: vms[index].output(f"echo {index}; cat /proc/sys/kernel/random/boot_id"))
        assert [output.split()[0] for output in outputs] == [str(index) for index in range(10)]
        assert len({output.split()[1] for output in outputs}) == 10, "each is a guest of its own"
    finally:
        at_once(10, lambda index: vms[index].delete())
    assert not {vm.id for vm in vms} & {view["id"] for view in api.list_vms()}


def test_stop_and_start_keep_the_files(vm):
    boot_id = vm.output("echo kept >/workspace/file; echo too >/tmp/file; cat /proc/sys/kernel/random/boot_id")
    vm.stop()
    assert vm.state() == "STOPPED"
    vm.start()
    assert vm.state() == "RUNNING"
    assert vm.output("cat /workspace/file /tmp/file") == "kept\ntoo\n"
    assert vm.output("cat /proc/sys/kernel/random/boot_id") != boot_id


def test_the_guest_address_stays_over_stop_and_start(vm):
    address = vm.view()["guestIp"]
    vm.stop()
    vm.start()
    assert vm.view()["guestIp"] == address


def test_calls_in_the_wrong_state(vm):
    assert_error(vm.call("POST", "/start"), 409)
    vm.stop()
    assert_error(vm.call("POST", "/stop"), 409)
    answer = vm.exec_answer("true")
    assert_error(answer, 409)
    assert answer.json()["code"] == "vm_not_running"
    vm.start()
    assert vm.output("echo back") == "back\n"


def test_delete_of_a_stopped_vm(api):
    vm = api.create_vm()
    vm.stop()
    vm.delete()
    assert_error(vm.call("GET"), 404)


def test_delete_leaves_no_file(api, manager):
    vm = api.create_vm()
    assert manager.vm_folder(vm).is_dir()
    vm.delete()
    assert not manager.vm_folder(vm).exists()


def test_two_starts_at_once(vm):
    vm.stop()
    answers = at_once(2, lambda _: vm.call("POST", "/start"))
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert vm.output("echo one guest") == "one guest\n"


def test_two_stops_at_once(vm):
    answers = at_once(2, lambda _: vm.call("POST", "/stop"))
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert vm.state() == "STOPPED"


def test_two_deletes_at_once(api):
    vm = api.create_vm()
    statuses = sorted(answer.status_code for answer in at_once(2, lambda _: vm.call("DELETE")))
    assert statuses in ([204, 204], [204, 404])
    assert_error(vm.call("GET"), 404)


def test_stop_during_an_exec(vm):
    running = RunningExec(vm)
    vm.stop()
    running.join_failed()
    assert vm.state() == "STOPPED"
    vm.start()
    assert vm.output("echo back") == "back\n"


def test_delete_during_an_exec(api):
    vm = api.create_vm()
    running = RunningExec(vm)
    vm.delete()
    running.join_failed()
    assert_error(vm.call("GET"), 404)


def test_a_client_that_goes_away_during_create_leaves_no_vm(api, manager):
    body = b'{"cpu":1,"memMb":128,"allowIps":[],"name":"nobody waits for it"}'

    def there():
        return [view for view in api.list_vms() if view["name"] == "nobody waits for it"]

    with socket.create_connection(("127.0.0.1", manager.port)) as client:
        client.sendall(raw_http.request(b"POST", b"/v1/vms", manager.key, body=body))
        wait_until(there, "the create has begun")
    wait_until(lambda: not there(), "the VM that nobody waits for is gone")


def test_moves_of_one_vm_in_a_storm_end_in_a_legal_state(vm):
    """Starts, stops and execs from many threads: each answers by the contract, and the VM is whole afterwards."""
    calls = ("/start", "/stop") * 6
    answers = at_once(len(calls), lambda index: vm.call("POST", calls[index]))
    assert {answer.status_code for answer in answers} <= {204, 409}
    if vm.state() == "STOPPED":
        vm.start()
    assert vm.output("echo whole") == "whole\n"


def test_an_unknown_vm(api):
    path = "/v1/vms/vm-00000000000000000000"
    for method, suffix in (("GET", ""), ("DELETE", ""), ("POST", "/start"), ("POST", "/stop")):
        assert_error(api.call(method, path + suffix), 404)
    assert_error(api.call("POST", path + "/exec", json={"cmd": "true"}), 404)


def test_the_images(api):
    images = api.call("GET", "/v1/images").json()
    assert [image["isDefault"] for image in images].count(True) == 1
    for image in images:
        assert re.fullmatch(r"img-[a-z0-9]{20}", image["id"])
        assert image["hasRootfs"] is True and image["baseRootfsBytes"] > 0
