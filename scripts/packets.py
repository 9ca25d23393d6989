"""Small captures, packet by packet; nothing but the standard library.

A `Wire` keeps packets in the order of their times and writes them as pcapng or pcap, with whole
microseconds in nanoseconds. A `Talk` is one TCP connection on it: handshake, segments of at most the maximum size,
acknowledgements, an end. `requests_hello` and `chromium_hello` spell the ClientHello that two kinds
of client send, `h2_headers` and `h2_frame` the little of HTTP/2 that a request needs.

    wire = Wire(random.Random(1))
    talk = Talk(wire, ("192.0.2.10", 40000), ("192.0.2.20", 8080), link=1)
    talk.open(t)
    talk.send(t, b"GET / HTTP/1.1\\r\\nHost: rdv.example\\r\\n\\r\\n")
    talk.send(t + 0.03, b"HTTP/1.1 204 No Content\\r\\n\\r\\n", by_client=False)
    talk.close(t + 1)
    wire.pcap()
"""

import ipaddress
import struct

ETHERNET = 1
FIN, SYN, PSH, ACK = 1, 2, 8, 16


def checksum(data):
    """The sum of IP, TCP and UDP (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def mac(address):
    """A locally administered hardware address that goes with an IP address."""
    return b"\x02\x00" + address.packed[-4:]


class Wire:
    """What an observer of some links saw; `random` draws ports, numbers and keys."""

    def __init__(self, random, links=("front", "back")):
        self.random, self.links = random, links
        self.packets = []

    def add(self, t, link, data):
        self.packets.append((round(t * 1e6) * 1000, len(self.packets), link, data))

    def ordered(self):
        return sorted(self.packets)

    def pcap(self):
        """The classic format with nanoseconds, little-endian; links are not told apart."""
        out = [struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, ETHERNET)]
        for at, _, _, data in self.ordered():
            out.append(struct.pack("<IIII", at // 10**9, at % 10**9, len(data), len(data)) + data)
        return b"".join(out)

    def pcapng(self):
        """One section, an interface a link."""
        def block(kind, body):
            body += b"\0" * (-len(body) % 4)
            size = struct.pack("<I", len(body) + 12)
            return struct.pack("<I", kind) + size + body + size

        def option(code, value):
            return struct.pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)

        out = [block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))]
        for name in self.links:
            out.append(block(1, struct.pack("<HHI", ETHERNET, 0, 262144) + option(2, name.encode())
                             + option(9, b"\x09") + option(0, b"")))
        for at, _, link, data in self.ordered():
            out.append(block(6, struct.pack("<IIIII", link, at >> 32, at & 0xffffffff, len(data),
                                            len(data)) + data))
        return b"".join(out)


class Talk:
    """One TCP connection; `client` and `server` are (address, port), `rtt` seconds there and back."""

    def __init__(self, wire, client, server, link=0, rtt=0.0003):
        self.wire, self.link, self.rtt = wire, link, rtt
        self.ends = [(ipaddress.ip_address(a), port) for a, port in (client, server)]
        self.is_ipv6 = self.ends[0][0].version == 6
        self.mss = 1440 if self.is_ipv6 else 1460
        self.next = [wire.random.getrandbits(32), wire.random.getrandbits(32)]

    def open(self, t):
        """The handshake; it is over half a round trip before `t`."""
        self.segment(t - 1.5 * self.rtt, 0, SYN, options=True)
        self.segment(t - self.rtt, 1, SYN | ACK, options=True)
        self.segment(t - 0.5 * self.rtt, 0, ACK)

    def send(self, t, data, by_client=True, retransmit=None, swap=None):
        """Sends `data`, the first byte of a client's or the last of a server's at `t`, and the
        other side's acknowledgement. Segment `retransmit` is sent twice, 200 ms apart; segment
        `swap` arrives after the one that follows it."""
        side = 0 if by_client else 1
        pieces = [data[i:i + self.mss] for i in range(0, len(data), self.mss)]
        gap = 20e-6
        start = t if by_client else t - gap * (len(pieces) - 1)
        times = [start + gap * i for i in range(len(pieces))]
        if swap is not None:
            times[swap], times[swap + 1] = times[swap + 1], times[swap]
        for i, piece in enumerate(pieces):
            flags = ACK | PSH if i == len(pieces) - 1 else ACK
            if i == retransmit:
                self.segment(times[i] + 0.2, side, flags, piece, keep=True)
            self.segment(times[i], side, flags, piece)
        self.segment(start + gap * len(pieces) + 50e-6, 1 - side, ACK)

    def close(self, t, by_client=True):
        """Both sides end."""
        side = 0 if by_client else 1
        self.segment(t, side, FIN | ACK)
        self.segment(t + self.rtt, 1 - side, FIN | ACK)
        self.segment(t + 1.5 * self.rtt, side, ACK)

    def segment(self, t, side, flags, data=b"", options=False, keep=False):
        """One packet; the sequence number goes on, but for `keep`."""
        (source, from_port), (target, to_port) = self.ends[side], self.ends[1 - side]
        extra = struct.pack("!BBH4B", 2, 4, self.mss, 1, 3, 3, 7) if options else b""
        head = struct.pack("!HHIIBBHHH", from_port, to_port, self.next[side],
                           self.next[1 - side] if flags & ACK else 0, (20 + len(extra)) << 2,
                           flags, 501, 0, 0) + extra
        size = len(head) + len(data)
        pseudo = source.packed + target.packed + (
            struct.pack("!IBBBB", size, 0, 0, 0, 6) if self.is_ipv6
            else struct.pack("!BBH", 0, 6, size))
        head = head[:16] + struct.pack("!H", checksum(pseudo + head + data)) + head[18:]
        if self.is_ipv6:
            ip = struct.pack("!IHBB", 6 << 28, size, 6, 64) + source.packed + target.packed
            kind = 0x86dd
        else:
            ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + size, 0, 0x4000, 64, 6, 0)
            ip += source.packed + target.packed
            ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
            kind = 0x0800
        self.wire.add(t, self.link, mac(target) + mac(source) + struct.pack("!H", kind) + ip + head
                      + data)
        if not keep:
            step = len(data) + (1 if flags & (SYN | FIN) else 0)
            self.next[side] = (self.next[side] + step) & 0xffffffff


# TLS (RFC 8446)

def record(kind, data, version=0x0303):
    return struct.pack("!BHH", kind, version, len(data)) + data


def vector(data, width=2):
    return len(data).to_bytes(width, "big") + data


def numbers(values):
    return b"".join(struct.pack("!H", value) for value in values)


def client_hello(random, ciphers, extensions):
    body = struct.pack("!H", 0x0303) + random.randbytes(32) + vector(random.randbytes(32), 1)
    body += vector(numbers(ciphers)) + vector(b"\0", 1)
    body += vector(b"".join(struct.pack("!H", kind) + vector(data) for kind, data in extensions))
    return record(22, b"\x01" + vector(body, 3), 0x0301)


def server_name(host):
    return 0x0000, vector(b"\0" + vector(host.encode()))


def protocols(names):
    return 0x0010, vector(b"".join(vector(name.encode(), 1) for name in names))


REQUESTS_JA4 = "t13d1812h1_85036bcba153_b26ce05bbdd6"
CHROMIUM_JA4 = "t13d1517h2_8daaf6152771_cb7bf5808d99"


def requests_hello(random, host):
    """python-requests 2.34 with urllib3 2 and OpenSSL 3.0, as measured: `REQUESTS_JA4`."""
    ciphers = [0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc024,
               0xc028, 0xc023, 0xc027, 0x009f, 0x009e, 0x006b, 0x0067, 0x00ff]
    signatures = [0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b, 0x0804, 0x0805,
                  0x0806, 0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0302, 0x0402, 0x0502, 0x0602]
    groups = [0x001d, 0x0017, 0x001e, 0x0019, 0x0018, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104]
    extensions = [
        server_name(host), (0x000b, vector(bytes([0, 1, 2]), 1)), (0x000a, vector(numbers(groups))),
        protocols(["http/1.1"]), (0x0016, b""), (0x0017, b""), (0x0031, b""),
        (0x000d, vector(numbers(signatures))), (0x002b, vector(numbers([0x0304, 0x0303]), 1)),
        (0x002d, vector(b"\x01", 1)),
        (0x0033, vector(struct.pack("!H", 0x001d) + vector(random.randbytes(32))))]
    bare = client_hello(random, ciphers, extensions)
    return client_hello(random, ciphers, extensions + [(0x0015, b"\0" * (517 - len(bare) - 4))])


def chromium_hello(random, host):
    """Chromium 156, as measured: `CHROMIUM_JA4`, though the order of extensions and the values of
    GREASE (RFC 8701), in the signature algorithms too, are drawn anew each time. Two segments long,
    by its key share."""
    def grease():
        return 0x0a0a + 0x1010 * random.randrange(16)

    group, first = grease(), grease()
    last = first
    while last == first:  # an extension comes once
        last = grease()
    ciphers = [grease(), 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
               0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035]
    signatures = [grease(), 0x0904, 0x0905, 0x0906, 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501,
                  0x0806, 0x0601]
    keys = (struct.pack("!H", group) + vector(b"\0") + struct.pack("!H", 0x11ec)
            + vector(random.randbytes(1216)) + struct.pack("!H", 0x001d)
            + vector(random.randbytes(32)))
    extensions = [
        server_name(host), (0x0017, b""), (0xff01, b"\0"),
        (0x000a, vector(numbers([group, 0x11ec, 0x001d, 0x0017, 0x0018]))),
        (0x000b, vector(b"\0", 1)), (0x0023, b""), protocols(["h2", "http/1.1"]),
        (0x0005, b"\x01\0\0\0\0"), (0x000d, vector(numbers(signatures))), (0x0012, b""),
        (0x0033, vector(keys)), (0x002d, vector(b"\x01", 1)),
        (0x002b, vector(numbers([grease(), 0x0304, 0x0303]), 1)), (0x001b, vector(numbers([2]), 1)),
        (0x44cd, vector(vector(b"h2", 1))), (0xca34, vector(b"")),
        (0xfe0d, b"\0\0\x01\0\x01" + random.randbytes(1) + vector(random.randbytes(32))
         + vector(random.randbytes(144)))]
    random.shuffle(extensions)
    return client_hello(random, ciphers, [(first, b"")] + extensions + [(last, b"\0")])


def server_hello(random):
    """TLS 1.3, and what the server sends with it, encrypted; its content is filler."""
    body = struct.pack("!H", 0x0303) + random.randbytes(32) + vector(random.randbytes(32), 1)
    body += struct.pack("!HB", 0x1301, 0)
    body += vector(struct.pack("!HHH", 0x002b, 2, 0x0304) + struct.pack("!H", 0x0033)
                   + vector(struct.pack("!H", 0x001d) + vector(random.randbytes(32))))
    return record(22, b"\x02" + vector(body, 3)) + record(20, b"\x01") + sealed(2600)


def sealed(size):
    """A record of application data: filler, since nobody here could open it."""
    return b"".join(record(23, b"\xa5" * (min(size - i, 16384) + 17)) for i in range(0, size, 16384))


# HTTP/2 (RFC 9113) with header fields as literals without indexing (RFC 7541 section 6.2.2)

H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS = 0, 1, 4
END_STREAM, END_HEADERS = 1, 4


def h2_frame(kind, flags, stream, data=b""):
    return len(data).to_bytes(3, "big") + struct.pack("!BBI", kind, flags, stream) + data


def h2_headers(fields):
    def text(value):
        data = value.encode()
        if len(data) < 127:
            return bytes([len(data)]) + data
        rest, out = len(data) - 127, [127]
        while rest >= 128:
            out.append(rest % 128 + 128)
            rest //= 128
        return bytes(out + [rest]) + data

    return b"".join(b"\0" + text(name) + text(value) for name, value in fields)
