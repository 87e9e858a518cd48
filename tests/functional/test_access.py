"""Who may call: every route needs the key, before anything else is looked at."""

import json

import pytest

from client import assert_error

ROUTES = [
    ("GET", "/v1/vms"), ("POST", "/v1/vms"), ("GET", "/v1/vms/{id}"), ("DELETE", "/v1/vms/{id}"), ("POST", "/v1/vms/{id}/start"),
    ("POST", "/v1/vms/{id}/stop"), ("POST", "/v1/vms/{id}/exec"), ("GET", "/v1/images"), ("GET", "/v1/vms/vm-00000000000000000000"),
    ("POST", "/v1/vms/undefined/exec"), ("GET", "/v1/admin/overview"), ("POST", "/v1/images"), ("GET", "/v1/snapshots"),
    ("GET", "/v1/nothing"),
]
WRONG_KEYS = {
    "none": {}, "empty": {"X-API-Key": ""}, "wrong": {"X-API-Key": "wrong"}, "bearer wrong": {"Authorization": "Bearer wrong"},
    "bearer empty": {"Authorization": "Bearer "}, "basic": {"Authorization": "Basic d3Jvbmc6d3Jvbmc="},
    "long": {"X-API-Key": "x" * 4000}, "cookie": {"Cookie": "hutch_session=wrong"},
}


@pytest.mark.parametrize("method, path", ROUTES)
@pytest.mark.parametrize("kind", WRONG_KEYS)
def test_without_the_right_key(api, shared_vm, method, path, kind):
    answer = api.call(method, path.format(id=shared_vm.id), headers=WRONG_KEYS[kind], data="not json")
    assert_error(answer, 401)
    assert shared_vm.state() == "RUNNING"


def test_keys_that_are_nearly_right(api, manager):
    for key in (manager.key[:-1], manager.key + "x", manager.key.upper(), manager.key[::-1]):
        assert_error(api.call("GET", "/v1/vms", headers={"X-API-Key": key}), 401)


def test_the_key_as_a_bearer_token(api, manager):
    assert api.call("GET", "/v1/vms", headers={"Authorization": f"Bearer {manager.key}"}).status_code == 200


def test_the_key_in_the_address_is_not_taken(api, manager):
    assert_error(api.call("GET", f"/v1/vms?key={manager.key}&X-API-Key={manager.key}", headers={}), 401)


def test_health_needs_no_key(api):
    assert api.call("GET", "/healthz", headers={}).status_code == 200


def test_a_key_of_ones_own_is_made_and_kept_private(own_manager):
    """Without HUTCH_API_KEY: generated at the first start, printed once, kept in a file that only the owner reads."""
    manager = own_manager(settings={"HUTCH_API_KEY": ""}).start()
    holders = [path for path in manager.data_folder.iterdir() if path.is_file() and "key" in path.name]
    assert len(holders) == 1 and holders[0].stat().st_mode & 0o777 == 0o600, holders
    key = holders[0].read_text().strip()
    assert len(key) >= 20 and manager.log().count(key) == 1
    assert manager.api.call("GET", "/v1/vms", headers={"X-API-Key": key}).status_code == 200
    assert_error(manager.api.call("GET", "/v1/vms", headers={"X-API-Key": ""}), 401)
    manager.stop()
    manager.start()
    assert manager.api.call("GET", "/v1/vms", headers={"X-API-Key": key}).status_code == 200
    assert manager.log().count(key) == 1, "printed at the first start only"
    manager.stop()


def test_secrets_stay_secret(api, manager, vm):
    """Neither the key nor a value of an exec's environment is in the log, an error, or a jailed process."""
    vm.exec("exit 1", env={"TOKEN": "secret-of-the-environment"})
    vm.exec_answer("true", env={"TOKEN": "secret-of-the-environment", "": ""})
    log = manager.log()
    assert manager.key not in log and "secret-of-the-environment" not in log
    for process in manager.vm_processes(vm):
        assert manager.key.encode() not in process.environment()
        assert manager.key not in json.dumps(process.arguments())
    answer = api.call("GET", "/v1/vms", headers={"X-API-Key": manager.key + "x"})
    assert manager.key not in answer.text
