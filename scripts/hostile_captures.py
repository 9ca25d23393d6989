#!/usr/bin/env python3
"""Captures of connections that want to be remembered: what bounds of memory are measured on.

    scripts/hostile_captures.py FOLDER [CONNECTIONS]

writes one capture a kind, together a few hundred MB and CONNECTIONS (a million) connections. Each
opens, says the beginning of something, and is never heard of again; they follow one another by
20 microseconds.
"""

import ipaddress
import struct
import sys

from packets import (ACK, END_HEADERS, END_STREAM, ETHERNET, H2_PREFACE, HEADERS, PSH, SETTINGS,
                     SYN, h2_frame, h2_headers)

SERVER = ipaddress.ip_address("198.51.100.9").packed
START = 1_777_593_600 * 10**9


def packet(client, port, flags, number, data=b"", answers=0, by_client=True):
    """An Ethernet frame; no checksums, as on a machine whose card fills them in."""
    ends = struct.pack("!HH", port, 8080) if by_client else struct.pack("!HH", 8080, port)
    addresses = client + SERVER if by_client else SERVER + client
    return (b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0"
            + struct.pack("!BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0x4000, 64, 6, 0) + addresses
            + ends + struct.pack("!IIBBHHH", number, answers, 0x50, flags, 501, 0, 0) + data)


def head(i, line=b"GET /rdv/creneaux?service=%d HTTP/1.1", fields=b""):
    return (line % i + b"\r\nHost: rdv.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
            b"Accept: text/html,application/xhtml+xml\r\nCookie: eZSESSID=%032x\r\n" % i + fields)


def hello(size):
    """The beginning of a ClientHello that says it is `size` bytes long."""
    return (b"\x16\x03\x01" + struct.pack("!H", min(size, 16384)) + b"\x01"
            + (size - 4).to_bytes(3, "big") + b"\x03\x03" + bytes(range(200)))


def request_h2(i, fields=()):
    return h2_frame(HEADERS, END_STREAM | END_HEADERS, 1, h2_headers(
        [(":method", "GET"), (":scheme", "http"), (":authority", "rdv.example"),
         (":path", f"/rdv/{i}"), ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)"), *fields]))


def indexed(count):
    """Fields that the other side must remember (RFC 7541 section 6.2.1), `count` of them."""
    return b"".join(b"\x40\x03%03d\x01x" % k for k in range(count))


H2_START = H2_PREFACE + h2_frame(SETTINGS, 0, 0)
FORM = (b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\n"
        b"nom=x&email=a%40rdv.example&motif=" + b"y" * 400)

# What the clients of each kind send, at which place of their stream, and how many of a hundred
# connections are of that kind.
KINDS = {
    "syn": (20, lambda i: []),
    "handshake": (8, lambda i: [(0, b"")]),
    "word": (8, lambda i: [(0, b"GE")]),
    "head": (12, lambda i: [(0, head(i))]),
    "hole": (12, lambda i: [(40, head(i))]),
    "open": (12, lambda i: [(0, head(i) + b"\r\n")]),
    "form": (5, lambda i: [(0, head(i, b"POST /rdv/%d HTTP/1.1", FORM))]),
    "hello": (10, lambda i: [(0, hello(517))]),
    "streams": (5, lambda i: [(0, H2_START + request_h2(i))]),
    "table": (3, lambda i: [(0, H2_START + h2_frame(HEADERS, END_HEADERS, 1, indexed(120)))]),
    "kept": (5, lambda i: [(0, head(i) + b"\r\n")]),
}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


def connection(kind, i, sends):
    client = (0x0a000000 + i).to_bytes(4, "big")
    port = 1024 + i % 60000
    first = (i * 2654435761) & 0xffffffff
    yield packet(client, port, SYN, first)
    if kind == "syn":
        return
    yield packet(client, port, SYN | ACK, 7, answers=(first + 1) & 0xffffffff, by_client=False)
    for place, data in sends:
        yield packet(client, port, ACK | PSH, (first + 1 + place) & 0xffffffff, data, answers=8)
    if kind == "kept":
        yield packet(client, port, ACK | PSH, 8, ANSWER, by_client=False,
                     answers=(first + 1 + len(sends[0][1])) & 0xffffffff)


def large(kind, i):
    """Connections that hold as much as one may: a head or a hello of 60 KB without an end."""
    data = head(i) + b"X-A: " + b"a" * 60_000 if kind == "large-head" else hello(60_000)
    if kind == "large-hello":
        data += b"".join(b"\x16\x03\x01" + struct.pack("!H", 16384) + b"b" * 16384
                         if k else b"b" * (16384 - 206) for k in range(3))
    return [(k, data[k:k + 1400]) for k in range(0, len(data), 1400)]


def write(path, kind, count, sends):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, ETHERNET))
        for i in range(count):
            at = START + i * 20_000
            for k, data in enumerate(connection(kind, i, sends(i))):
                stamp = struct.pack("<IIII", (at + k) // 10**9, (at + k) % 10**9, len(data),
                                    len(data))
                file.write(stamp + data)


def main():
    folder = sys.argv[1]
    total = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    for kind, (share, sends) in KINDS.items():
        write(f"{folder}/{kind}.pcap", kind, total * share // 100, sends)
    for kind in ("large-head", "large-hello"):
        write(f"{folder}/{kind}.pcap", kind, total // 700, lambda i, kind=kind: large(kind, i))


if __name__ == "__main__":
    main()
