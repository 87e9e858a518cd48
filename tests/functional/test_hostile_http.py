"""Hostile HTTP (attacks.md: ids and paths, HTTP): a clear refusal, and the service answers on."""

import socket

import pytest

import raw_http

EXEC = b'{"cmd":"true"}'

BAD_IDS = [
    b"..", b"../x", b"..%2fx", b"%2e%2e", b"%2e%2e%2f", b"%2e%2e%2f%2e%2e%2fetc%2fpasswd", b"%00", b"vm-%00", b"vm-", b"x",
    b"vm-" + b"a" * 65, b"vm-" + b"a" * 19, b"vm-" + b"a" * 21, b"vm-AAAAAAAAAAAAAAAAAAAA", b"VM-aaaaaaaaaaaaaaaaaaaa",
    b"vm-%D0%B0aaaaaaaaaaaaaaaaaaa", b"img-aaaaaaaaaaaaaaaaaaaa", b"vm_aaaaaaaaaaaaaaaaaaaa", b"vm-aaaaaaaaaaaaaaaaaaa%0a",
    b"%20", b"vm-aaaaaaaaaaaaaaaaaaaa%2f..", b"vm-*", b"a" * 5000, b"%ff%fe", b"vm-aaaaaaaaaaaaaaaaaa%27%3b",
]


@pytest.fixture
def send(manager):
    """Sends raw bytes; the manager must serve an ordinary call right after."""

    def exchange(data):
        response = raw_http.exchange(manager.port, data)
        assert manager.api.call("GET", "/healthz").status_code == 200
        return raw_http.status_of(response)

    return exchange


@pytest.mark.parametrize("vm_id", BAD_IDS)
def test_ids_of_the_wrong_shape(send, manager, vm_id):
    for method, suffix, body in ((b"GET", b"", b""), (b"DELETE", b"", b""), (b"POST", b"/start", b""), (b"POST", b"/exec", EXEC)):
        status = send(raw_http.request(method, b"/v1/vms/" + vm_id + suffix, manager.key, body=body))
        assert status in (400, 404, 405, 414), (method, vm_id, status)


@pytest.mark.parametrize("vm_id", [b"undefined", b"null"])
def test_ids_that_a_script_forgot(send, manager, vm_id):
    assert send(raw_http.request(b"GET", b"/v1/vms/" + vm_id, manager.key)) == 400
    assert send(raw_http.request(b"POST", b"/v1/vms/" + vm_id + b"/exec", manager.key, body=EXEC)) == 400


def test_an_empty_id(send, manager):
    assert send(raw_http.request(b"GET", b"/v1/vms/", manager.key)) in (400, 404)
    assert send(raw_http.request(b"POST", b"/v1/vms//exec", manager.key, body=EXEC)) in (400, 404)


CHUNKED = b"Transfer-Encoding: chunked"
SMUGGLED = b"0\r\n\r\nGET /v1/vms HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("headers, body", [
    ([CHUNKED, f"Content-Length: {len(SMUGGLED)}"], SMUGGLED),
    ([f"Content-Length: {len(SMUGGLED)}", CHUNKED], SMUGGLED),
    (["Content-Length: 14", "Content-Length: 0"], EXEC),
    (["Content-Length: 0", "Content-Length: 14"], EXEC),
    (["Content-Length: -1"], EXEC),
    (["Content-Length: 1e3"], EXEC),
    (["Content-Length: 99999999999999999999999"], EXEC),
    ([CHUNKED], b"zz\r\nhello\r\n0\r\n\r\n"),
    ([CHUNKED], b"-1\r\nhello\r\n0\r\n\r\n"),
], ids=["TE.CL", "CL.TE", "two lengths", "two lengths 2", "negative", "exponent", "overflow", "bad chunk", "negative chunk"])
def test_bodies_of_unclear_length(send, manager, shared_vm, headers, body):
    path = shared_vm.path.encode() + b"/exec"
    status = send(raw_http.request(b"POST", path, manager.key, headers=headers, body=body))
    assert status == 0 or 400 <= status < 500


def test_a_body_over_the_limit_is_refused_by_its_length(send, manager):
    """Refused from the header alone: nothing of the 10 GiB is ever sent."""
    status = send(raw_http.request(b"POST", b"/v1/vms", manager.key, headers=["Content-Length: 10737418240"]))
    assert status == 413


@pytest.mark.parametrize("data", [
    b"\r\n\r\n", b"nonsense\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", b"\0" * 1000 + b"\r\n\r\n",
], ids=["empty", "word", "no path", "version", "TLS", "long path", "long header", "many headers", "NULs"])
def test_garbage(manager, send, data):
    with socket.create_connection(("127.0.0.1", manager.port), timeout=30) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            response = b""
            while chunk := connection.recv(65536):
                response += chunk
        except (ConnectionResetError, BrokenPipeError):
            response = b""
    assert raw_http.status_of(response) in (0, 400, 404, 414, 431, 505)
    assert manager.api.call("GET", "/healthz").status_code == 200


def test_spoofed_headers_change_nothing(send, manager):
    spoofed = ["X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: admin", "X-Real-IP: 127.0.0.1", "X-Original-URL: /healthz",
               "X-HTTP-Method-Override: GET"]
    assert send(raw_http.request(b"GET", b"/v1/vms", "wrong", headers=spoofed)) == 401


def test_idle_and_slow_connections_do_not_stop_the_service(manager, shared_vm):
    """200 connections that say half a request, and the manager still answers others."""
    held = [socket.create_connection(("127.0.0.1", manager.port)) for _ in range(200)]
    try:
        for connection in held[:100]:
            connection.sendall(b"POST /v1/vms HTTP/1.1\r\nHost: x\r\nContent-Le")
        assert manager.api.call("GET", "/healthz").status_code == 200
        assert shared_vm.output("echo on") == "on\n"
    finally:
        for connection in held:
            connection.close()
