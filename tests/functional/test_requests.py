"""Requests that ask for something wrong, or for something that is not built yet."""

import json

import pytest

from client import assert_error

CREATE = {"cpu": 1, "memMb": 128, "allowIps": []}
UNKNOWN_IMAGE = "img-00000000000000000000"
DELETED = object()


def with_field(base, field, value):
    body = dict(base)
    if value is DELETED:
        del body[field]
    else:
        body[field] = value
    return body


WRONG_CREATE = [
    *[("cpu", value) for value in (DELETED, None, "1", 1.5, True, [], {}, 0, -1, 9, 2**63, 2**64, -(2**63) - 1)],
    *[("memMb", value) for value in (DELETED, None, "128", 128.5, False, [], 0, -128, 32, 127, 8193, 2**63, 2**80)],
    *[("allowIps", value) for value in (
        DELETED, None, "10.0.0.1", {}, 1, [1], [None], [[]], ["10.0.0.256"], ["10.0.0.0/33"], [""], ["10.0.0.1\0"],
        ["10.0.0.0/8", "not an address!"], ["10.0.0.0/-1"],
    )],
    *[("outboundInternet", value) for value in ("true", 1, 0, [], {})],
    *[("imageId", value) for value in (1, True, [], {}, "../images", "vm-00000000000000000000", "", "img-UPPER000000000000000")],
    *[("diskSizeMb", value) for value in ("1024", 1.5, True, [], 0, -1, 2**63, 2**80)],
    *[("name", value) for value in (1, True, [], {}, "x" * 100_000, "nul\0")],
    *[("labels", value) for value in ("a=b", 1, [], ["a"], {"a": 1}, {"a": None}, {"a": {}})],
    *[("profile", value) for value in (1, True, [], "", "lax", "STRICT")],
]


def label(value):
    """A part of the test's name."""
    return "missing" if value is DELETED else ascii(value)[:30]


@pytest.mark.parametrize("field, value", WRONG_CREATE, ids=label)
def test_create_with_a_wrong_field(api, field, value):
    assert_error(api.call("POST", "/v1/vms", json=with_field(CREATE, field, value)), 400, field)


@pytest.mark.parametrize("field, value", [
    ("secretEnv", ["TOKEN=x"]), ("peerLinks", [{"alias": "a", "vmId": "vm-00000000000000000000", "sourceMode": "hidden"}]),
    ("ttlSeconds", 60), ("idleTimeoutSeconds", 60), ("profile", "open"), ("snapshotId", "snap-00000000000000000000"),
    ("userOverlaySnapshotId", "snap-00000000000000000000"),
])
def test_create_fields_that_are_not_built_yet(api, field, value):
    assert_error(api.call("POST", "/v1/vms", json=with_field(CREATE, field, value)), 501, field)


@pytest.mark.parametrize("field, value", [
    ("secretEnv", "K=V"), ("secretEnv", {"K": "V"}), ("secretEnv", 1), ("peerLinks", "x"), ("peerLinks", {"a": 1}), ("ttlSeconds", "60"),
    ("ttlSeconds", -1), ("idleTimeoutSeconds", "60"), ("idleTimeoutSeconds", 1.5), ("snapshotId", 1), ("userOverlaySnapshotId", [1]),
])
def test_wrong_values_of_create_fields_that_are_not_built_yet(api, field, value):
    """Either answer is true: the value is wrong, and the field is not there yet."""
    assert_error(api.call("POST", "/v1/vms", json=with_field(CREATE, field, value)), (400, 501), field)


@pytest.mark.parametrize("field, value", [
    ("secretEnv", []), ("peerLinks", []), ("profile", "strict"), ("outboundInternet", False), ("unknownField", {"a": 1}),
    ("labels", {}), ("name", ""),
])
def test_create_fields_that_ask_for_nothing(api, field, value):
    answer = api.call("POST", "/v1/vms", json=with_field(CREATE, field, value))
    assert answer.status_code == 201, answer.text
    assert api.call("DELETE", f"/v1/vms/{answer.json()['id']}").status_code == 204


def test_create_from_an_unknown_image(api):
    assert_error(api.call("POST", "/v1/vms", json={**CREATE, "imageId": UNKNOWN_IMAGE}), 404)


def test_more_cpus_than_the_driver_can(api):
    """A user-mode guest without SMP has one vCPU; the answer says so instead of giving less."""
    assert_error(api.call("POST", "/v1/vms", json={**CREATE, "cpu": 8}), 400, "cpu")


def test_a_failed_create_leaves_no_vm(api, manager):
    before = {view["id"] for view in api.list_vms()}
    folders = {path.name for path in (manager.data_folder / "vms").iterdir()}
    for field, value in (("cpu", 0), ("imageId", UNKNOWN_IMAGE), ("ttlSeconds", 60)):
        assert api.call("POST", "/v1/vms", json=with_field(CREATE, field, value)).status_code >= 400
    assert {view["id"] for view in api.list_vms()} == before
    assert {path.name for path in (manager.data_folder / "vms").iterdir()} == folders


WRONG_EXEC = [
    *[("cmd", value) for value in (DELETED, None, 1, True, [], ["ls"], {}, "", "nul\0byte")],
    *[("cwd", value) for value in (1, True, [], {})],
    *[("env", value) for value in ("A=B", ["A=B"], 1, {"A": 1}, {"A": None}, {"A": ["x"]}, {"A": "nul\0"}, {"": "x"})],
    *[("timeoutMs", value) for value in ("1000", 1.5, True, [], 0, -1, 2**53, 2**63, 2**64)],
    *[("stdin", value) for value in (1, True, [], {})],
]


@pytest.mark.parametrize("field, value", WRONG_EXEC, ids=label)
def test_exec_with_a_wrong_field(shared_vm, field, value):
    assert_error(shared_vm.call("POST", "/exec", json=with_field({"cmd": "true"}, field, value)), 400, field)


@pytest.mark.parametrize("field, value", [("background", True), ("user", "root")])
def test_exec_fields_that_are_not_built_yet(shared_vm, field, value):
    assert_error(shared_vm.call("POST", "/exec", json={"cmd": "true", field: value}), 501, field)


@pytest.mark.parametrize("field, value", [("background", "true"), ("background", 1), ("user", 1), ("user", ["root"])])
def test_wrong_values_of_exec_fields_that_are_not_built_yet(shared_vm, field, value):
    assert_error(shared_vm.call("POST", "/exec", json={"cmd": "true", field: value}), (400, 501), field)


def test_exec_ignores_unknown_fields(shared_vm):
    assert shared_vm.exec("echo x", colour="blue", background=False).stdout == "x\n"


NOT_JSON_OBJECTS = {
    "empty": b"", "text": b"hello", "cut": b'{"cmd": "tr', "array": b"[]", "string": b'"cmd"', "number": b"1", "null": b"null",
    "two": b'{"cmd":"true"}{}', "comma": b'{"cmd":"true",}', "NaN": b'{"cmd":"true","timeoutMs":NaN}',
    "huge number": b'{"cmd":"true","timeoutMs":1e309}', "not UTF-8": b'{"cmd":"\xff"}', "lone surrogate": b'{"cmd":"\\ud800"}',
    "deep": b"[" * 200_000, "deep object": b'{"cmd":' + b'{"a":' * 50_000, "NUL": b'{"cmd":"true"}\0', "BOM": b"\xff\xfe{\0}\0",
}


@pytest.mark.parametrize("name", NOT_JSON_OBJECTS)
@pytest.mark.parametrize("where", ["create", "exec"])
def test_bodies_that_are_not_a_json_object(api, shared_vm, where, name):
    path = "/v1/vms" if where == "create" else shared_vm.path + "/exec"
    assert_error(api.call("POST", path, data=NOT_JSON_OBJECTS[name]), 400)
    assert shared_vm.output("echo on") == "on\n"


@pytest.mark.parametrize("method, path", [
    ("POST", "{vm}/pause"), ("POST", "{vm}/resume"), ("POST", "{vm}/exec/stream"), ("POST", "{vm}/run-ts"), ("POST", "{vm}/run-js"),
    ("POST", "{vm}/files/upload?dest=/workspace"), ("GET", "{vm}/files/download?path=/workspace"), ("GET", "{vm}/logs"),
    ("POST", "{vm}/snapshots"), ("GET", "/v1/snapshots"), ("POST", "/v1/images"), ("GET", "/v1/admin/overview"),
])
def test_routes_that_are_not_built_yet(api, shared_vm, method, path):
    assert_error(api.call(method, path.format(vm=shared_vm.path), json={}), 501)


@pytest.mark.parametrize("method, path", [("PUT", "/v1/vms"), ("PATCH", "/v1/images"), ("GET", "/v1/nothing"), ("GET", "/v2/vms")])
def test_routes_that_are_not_there(api, method, path):
    assert_error(api.call(method, path), (404, 405))


def test_the_error_names_the_field_and_not_its_value(api):
    """A value may be a secret: only the name comes back."""
    answer = api.call("POST", "/v1/vms", json={**CREATE, "secretEnv": ["TOKEN=hidden-value"]})
    assert_error(answer, 501, "secretEnv")
    assert "hidden-value" not in answer.text


def test_messages_are_utf8_json_whatever_was_sent(api):
    answer = api.call("POST", "/v1/vms", json={**CREATE, "profile": "\u202eé\"<script>"})
    assert_error(answer, 400, "profile")
    json.loads(answer.content.decode("utf-8"))
