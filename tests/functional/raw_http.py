"""Requests written byte by byte, for what a well-behaved client would never send."""

import socket


def exchange(port, request, *, seconds=30):
    """Sends bytes on a connection of its own and returns everything that came back until the other side closed.

    Empty when it closed without a word. The request should hold `Connection: close`.
    """
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        try:
            connection.sendall(request)
            while chunk := connection.recv(65536):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
    return received


def status_of(response):
    """The status of a response's first line; 0 when the connection was closed without one."""
    return int(response.split(b" ", 2)[1]) if response.startswith(b"HTTP/1.") else 0


def request(method, path, key, *, headers=(), body=b""):
    """A request with the key's header and whatever `headers` (bytes, or text lines) adds."""
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: 127.0.0.1", b"X-API-Key: " + key.encode(), b"Connection: close"]
    lines += [line if isinstance(line, bytes) else line.encode() for line in headers]
    if body and not any(line.lower().startswith((b"content-length", b"transfer-encoding")) for line in lines):
        lines.append(b"Content-Length: " + str(len(body)).encode())
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
