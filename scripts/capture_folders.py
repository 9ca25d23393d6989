"""The folders of samples/ that hold captures: the traffic of traffic.py, put on the wire.

A proxy ends TLS in front of a booking server. The capture was taken on the proxy: its front, where
clients speak TLS, and its back, where it asks the server in clear and names the client in
X-Forwarded-For. As nginx does, the proxy puts Host, X-Forwarded-For and Content-Length first, takes
Connection away, leaves the other header fields in the client's order and case, and keeps idle
connections to the server for whoever comes next. Beside each capture stands the log that the
server wrote of the same requests, so that the two can be compared.
"""

import email.utils
import random
import struct
import zlib

import packets
from traffic import ANDROID, CHROME, EDGE, EZBooking, LANGUAGES, PARTS, Site, Visitor, form

FRONT = {4: "192.0.2.80", 6: "2001:db8:0:80::80"}
PROXY, SERVER = "192.0.2.10", "192.0.2.20"
PROXY_H2, SERVER_H2 = "2001:db8:0:10::11", "2001:db8:0:10::20"
TRUSTED = ["--trusted-proxy", PROXY, "--trusted-proxy", PROXY_H2]
IDLE = 60  # seconds after which the proxy ends a connection that nobody uses
KIOSK = "Mozilla/5.0 (X11; Linux i686; rv:45.0) Gecko/20100101 Firefox/45.0"
SLOTS = [1775030400 + 900 * i for i in range(20)]
FORMS = {"0": "condition=on&nextButton=Continuer", "1": "planning=15262&nextButton=Etape+suivante",
         "6": "eZHumanCAPTCHACode=k7w4m&nextButton=Etape+suivante"}
TYPES = {"css": "text/css", "js": "text/javascript", "png": "image/png", "woff2": "font/woff2"}
HTML = "text/html; charset=utf-8"


class Scene:
    """Puts a site's requests on the wire, and their sizes and connections into its log."""

    def __init__(self, site, seed):
        self.site, self.random = site, random.Random(seed)
        self.wire = packets.Wire(self.random)
        self.ways = {}          # address -> "h2" or "direct"; all others come by the first proxy
        self.libraries = set()  # addresses of programs
        self.odd = {}           # number of a page, from 0 -> more arguments of Talk.send
        self.fronts, self.own, self.idle, self.backs, self.pages = {}, {}, [], 0, 0

    def play(self):
        """Every request and every answer, in the order of their times."""
        events = []
        for i, (_, _, f) in enumerate(self.site.ordered()):
            self.dress(f)
            f["front"], f["host"] = f["conn"], self.site.host
            events += [(f["start"], i, self.ask, f), (f["end"], i, self.answer, f)]
            if self.way(f) != "direct":
                events += [(f["start"] - 0.0004, i, self.front_ask, f),
                           (f["end"] + 0.0004, i, self.front_answer, f)]
        for t, _, act, f in sorted(events, key=lambda event: event[:2]):
            act(t, f)
        for front in self.fronts.values():
            self.hang_up(front)
        for back in self.idle + list(self.own.values()):
            back["talk"].close(back["free"] + IDLE)
        return self.wire

    def way(self, f):
        return self.ways.get(f["ip"], "proxy")

    @staticmethod
    def dress(f):
        """Small answers, and a form for every step that sends one."""
        method, target, _ = f["request"].split(" ")
        if f["size"]:
            f["size"] = (400 + f["size"] % 500 if target in PARTS else 1700 + f["size"] % 1500)
        if method == "POST" and not f["body"]:
            f["body"] = FORMS.get(target.rsplit("/", 1)[1], "")

    # What clients and proxy say to each other

    def front_ask(self, t, f):
        """A record on the client's TLS connection, which is new after a long pause."""
        front = self.fronts.get(f["front"])
        if front and t - front["free"] > IDLE:
            self.hang_up(front)
            front = None
        if not front:
            version = 6 if ":" in f["ip"] else 4
            program = f["ip"] in self.libraries
            rtt = 0.008 if program else self.random.uniform(0.012, 0.045)
            talk = packets.Talk(self.wire, (f["ip"], self.port()), (FRONT[version], 443), 0, rtt)
            hello = packets.requests_hello if program else packets.chromium_hello
            began = t - 0.0016 - rtt
            talk.open(began)
            talk.send(began, hello(self.random, self.site.host))
            talk.send(began + 0.001, packets.server_hello(self.random), by_client=False)
            talk.send(t - 0.0006, packets.record(20, b"\x01") + packets.sealed(36))
            front = self.fronts[f["front"]] = {"talk": talk, "program": program}
        front["free"] = max(f["end"], front.get("free", 0))
        fields = sum(len(name) + len(value) for name, value in self.client_fields(f))
        front["talk"].send(t, packets.sealed(40 + fields // 3 + len(f["body"])))

    def front_answer(self, t, f):
        self.fronts[f["front"]]["talk"].send(
            t, packets.sealed(90 + (0 if f["status"] in (302, 304) else f["size"])),
            by_client=False)

    @staticmethod
    def hang_up(front):
        """A program goes when it is done; a browser stays until the proxy ends the connection."""
        front["talk"].close(front["free"] + (0.05 if front["program"] else IDLE),
                            by_client=front["program"])

    def port(self):
        return self.random.randint(32768, 60999)

    # What proxy and server say to each other

    def ask(self, t, f):
        way = self.way(f)
        back = f["back"] = self.back(t, f, way)
        back["asked"] += 1
        f["conn"], f["connreq"] = back["number"], back["asked"]
        method, target, _ = f["request"].split(" ")
        if way == "h2":
            f["request"] = f"{method} {target} HTTP/2.0"
            f["stream"] = 2 * back["asked"] - 1
            back["talk"].send(t, self.request_h2(f, method, target))
        else:
            head = [f["request"]] + [f"{name}: {value}" for name, value in self.fields(f, way)]
            back["talk"].send(t, "\r\n".join(head + ["", f["body"]]).encode())

    def back(self, t, f, way):
        """A connection to the server: its own, or the one that was used last."""
        if way in self.own:
            self.own[way]["free"] = max(self.own[way]["free"], f["end"])
            return self.own[way]
        if way == "proxy":
            for back in [back for back in self.idle if t - back["free"] > IDLE]:
                back["talk"].close(back["free"] + IDLE)
                self.idle.remove(back)
            if self.idle:
                back = self.idle.pop()
                back["free"] = f["end"]
                return back
        ends = {"proxy": (PROXY, SERVER), "h2": (PROXY_H2, SERVER_H2),
                "direct": (f["ip"], SERVER)}[way]
        talk = packets.Talk(self.wire, (ends[0], self.port()), (ends[1], 8080), 1)
        talk.open(t - 0.0001)
        self.backs += 1
        back = {"talk": talk, "number": self.backs, "asked": 0, "free": f["end"]}
        if way != "proxy":
            self.own[way] = back
        return back

    def answer(self, t, f):
        way = self.way(f)
        target = f["request"].split(" ")[1]
        is_page = f["status"] == 200 and target not in PARTS
        fields = [("Server", "Apache"), ("Date", email.utils.formatdate(int(t), usegmt=True))]
        body = page(f["size"])
        if f["loc"]:
            fields.append(("Location", f["loc"]))
        if f["status"] != 304:
            kind = TYPES.get(target.rsplit(".", 1)[-1], HTML) if target in PARTS else HTML
            fields.append(("Content-Type", kind))
            if is_page and way == "h2":
                fields.append(("Content-Encoding", "gzip"))
                body = zipped(page(f["size"] - 23))
            fields.append(("Content-Length", str(len(body))))
        odd = self.odd.get(self.pages, {}) if is_page else {}
        self.pages += is_page
        if way == "h2":
            data = self.answer_h2(f, fields, body)
        else:
            reason = {200: "OK", 302: "Found", 304: "Not Modified"}[f["status"]]
            head = [f"HTTP/1.1 {f['status']} {reason}"] + [f"{a}: {b}" for a, b in fields]
            data = "\r\n".join(head + ["", ""]).encode() + body
        f["back"]["talk"].send(t, data, by_client=False, **odd)
        if way == "proxy":
            self.idle.append(f["back"])

    def request_h2(self, f, method, target):
        fields = [(":method", method), (":scheme", "http"), (":authority", self.site.host),
                  (":path", target), ("x-forwarded-for", f["ip"])]
        if f["body"]:
            fields.append(("content-length", str(len(f["body"]))))
        fields += self.client_fields(f)
        flags = packets.END_HEADERS | (0 if f["body"] else packets.END_STREAM)
        data = packets.h2_frame(packets.HEADERS, flags, f["stream"], packets.h2_headers(fields))
        if f["body"]:
            data += packets.h2_frame(packets.DATA, packets.END_STREAM, f["stream"],
                                     f["body"].encode())
        if f["connreq"] > 1:
            return data
        return packets.H2_PREFACE + packets.h2_frame(packets.SETTINGS, 0, 0) + data

    @staticmethod
    def answer_h2(f, fields, body):
        fields = [(":status", str(f["status"]))] + [(a.lower(), b) for a, b in fields]
        flags = packets.END_HEADERS | (0 if body else packets.END_STREAM)
        data = packets.h2_frame(packets.HEADERS, flags, f["stream"], packets.h2_headers(fields))
        if body:
            data += packets.h2_frame(packets.DATA, packets.END_STREAM, f["stream"], body)
        return data if f["connreq"] > 1 else packets.h2_frame(packets.SETTINGS, 0, 0) + data

    # Header fields

    def fields(self, f, way):
        """As the server gets them by HTTP/1.1."""
        first = [("Host", self.site.host)]
        if way == "proxy":
            first.append(("X-Forwarded-For", f["ip"]))
        if f["request"].startswith("POST"):
            first.append(("Content-Length", str(len(f["body"]))))
        return first + self.client_fields(f)

    def client_fields(self, f):
        """As the client sent them, but for those that a proxy makes anew."""
        cookie = ("cookie", f"eZSESSID={f['sid']}")
        sends = f["request"].startswith("POST")
        if f["ip"] in self.libraries:  # as measured; `Connection: keep-alive` is gone
            kind = [("Content-Type", "application/x-www-form-urlencoded")] if sends else []
            return [("User-Agent", f["ua"]), ("Accept-Encoding", "gzip, deflate"), ("Accept", "*/*"),
                    ("Cookie", cookie[1])] + kind
        if self.ways.get(f["ip"]) == "direct":
            return [(a, b) for a, b in [
                ("User-Agent", f["ua"]), ("Accept", "text/html,*/*;q=0.8"),
                ("Accept-Language", f["lang"]), ("Accept-Encoding", "gzip, deflate"),
                ("Referer", f["ref"]), ("Cookie", cookie[1]), ("Connection", "keep-alive"),
                ("Content-Type", "application/x-www-form-urlencoded" if sends else "")] if b]
        return self.chromium_fields(f, sends) + [cookie]

    @staticmethod
    def chromium_fields(f, sends):
        """In Chromium's order, in small letters since it spoke HTTP/2 to the proxy."""
        mobile = "Mobile" in f["ua"]
        brand = "Microsoft Edge" if "Edg/" in f["ua"] else "Google Chrome"
        platform = "Android" if mobile else "Windows"
        hints = [("sec-ch-ua", f'"Chromium";v="142", "{brand}";v="142", "Not_A Brand";v="99"'),
                 ("sec-ch-ua-mobile", "?1" if mobile else "?0")]
        system = ("sec-ch-ua-platform", f'"{platform}"')
        last = [("referer", f["ref"])] if f["ref"] else []
        last += [("accept-encoding", "gzip, deflate, br, zstd"), ("accept-language", f["lang"])]
        target = f["request"].split(" ")[1]
        if target in PARTS:
            dest = {"css": "style", "js": "script", "png": "image", "woff2": "font"}
            return [system, ("user-agent", f["ua"])] + hints + [
                ("accept", "*/*"), ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "no-cors"),
                ("sec-fetch-dest", dest[target.rsplit(".", 1)[1]])] + last
        form_fields = [("content-type", "application/x-www-form-urlencoded")] if sends else []
        origin = [("origin", "https://" + f["host"])] if sends else []
        return (([("cache-control", "max-age=0")] if sends else []) + hints + [system]
                + [("upgrade-insecure-requests", "1")] + form_fields + [("user-agent", f["ua"])]
                + origin + [("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
                            ("sec-fetch-site", "same-origin" if f["ref"] else "none"),
                            ("sec-fetch-mode", "navigate"), ("sec-fetch-user", "?1"),
                            ("sec-fetch-dest", "document")] + last)


def page(size):
    """So many bytes of a page."""
    line = b"<p>Aucun rendez-vous n'est disponible pour le moment.</p>\n"
    return (line * (size // len(line) + 1))[:size]


def zipped(data):
    """gzip in one stored block: the same bytes with every compressor, 23 more than `data`."""
    return (b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01" + struct.pack("<HH", len(data), len(data) ^ 0xffff)
            + data + struct.pack("<II", zlib.crc32(data), len(data)))


def browser(site, i, ip, ua, label="citizen"):
    return Visitor(site, ip, ua, site.random.choice(LANGUAGES), f"s{site.random.getrandbits(64):016x}",
                   label)


def looks(site, v, t, asks, books=None):
    """Looks for a slot some times, and books slot `books`."""
    flow = EZBooking(v)
    t = flow.enter(t)
    for _ in range(asks):
        t = flow.ask(t + site.lognormal(14, 0.9))
    if books is not None:
        t = flow.ask(t + site.lognormal(10, 0.8), free=True)
        t = flow.book(t, SLOTS[books], f"camille.exemple{books}@mail.example", f"99{books:08d}")
    return t


def library_bot():
    site = Site(113)
    t0 = site.at("2026-03-18 06:50:00")
    agents = [CHROME, EDGE, ANDROID, CHROME, ANDROID]
    for i, ua in enumerate(agents):
        ip = "2001:db8:31::7" if i == 2 else f"198.51.100.{20 + i}"
        v = browser(site, i, ip, ua)
        looks(site, v, t0 + site.random.uniform(0, 420), site.random.randint(1, 3),
              i if i in (1, 3) else None)
    # A program that says it is Chrome.
    v = Visitor(site, "203.0.113.60", CHROME, "", "s00000000library", "sniper", True)
    base = "/booking/create/14500"
    release = site.at("2026-03-18 07:00:00")
    t = v.get(release - 60, base + "/0")
    t = v.post(t + 0.06, base + "/0", 302, loc=base + "/1")
    t = release - 20
    while t < release:
        t = v.post(t, base + "/1", 302, loc=base + "/2") + 1.0 + site.random.gauss(0, 0.015)
    t = v.post(t + 0.4, base + "/1", 302, loc=base + "/3", took=0.03)
    for n in range(3):
        t = v.get(t + 0.05 + site.random.uniform(0, 0.03), f"{base}/5/{SLOTS[8 + n]}", took=0.035)
        t = v.get(t + 0.03, base + "/6", took=0.02)
        t = v.post(t + 9 + site.random.uniform(0, 5), base + "/6", 302, loc=base + "/8", took=0.03)
        t = v.get(t + 0.02, base + "/8", took=0.03)
        t = v.post(t + 0.08 + site.random.uniform(0, 0.1), base + "/8", 302, loc=base + "/9",
                   took=0.05, body=form(f"client{n}@mail.example", f"95{n:08d}"))
        t = v.get(t + 0.03, base + "/9", took=0.02)
        t = v.post(t + 0.5, base + "/1", 302, loc=base + "/3", took=0.03)
    scene = Scene(site, 213)
    scene.libraries.add("203.0.113.60")
    return scene


def browsers():
    site = Site(114)
    t0 = site.at("2026-03-19 16:00:00")
    scene = Scene(site, 214)
    people = [("198.51.100.40", CHROME), ("2001:db8:32::9", EDGE), ("198.51.100.41", ANDROID)]
    for i, (ip, ua) in enumerate(people):
        looks(site, browser(site, i, ip, ua), t0 + 90 * i, 2, 14 + i if i < 2 else None)
    scene.ways["198.51.100.41"] = "h2"  # by a second proxy, which speaks HTTP/2 to the server
    # A kiosk in the hall, on the server's side of the proxy, asks for the parts of its page at once.
    v = browser(site, 9, "192.0.2.77", KIOSK, "kiosk")
    scene.ways["192.0.2.77"] = "direct"
    for n in range(2):
        begun = t0 + 200 + 75 * n
        t = v.get(begun, "/booking/create/14500/0")
        ref = f"https://{site.host}/booking/create/14500/0"
        for k, part in enumerate(PARTS):
            v.get(t + 0.03 + 0.0005 * k, part, 304 if n else 200, ref=ref, took=0.004 + 0.001 * k)
    scene.odd = {2: {"retransmit": 0}, 5: {"swap": 0}, 8: {"retransmit": 1}, 11: {"swap": 0}}
    return scene


def all_samples():
    """(folder, arguments of replay, files by name, labels)."""
    made = []
    for name, scene, write in [
            ("13-library-bot-capture", library_bot(), lambda wire: ("pcapng", wire.pcapng())),
            ("14-browser-capture", browsers(), lambda wire: ("pcap", wire.pcap()))]:
        kind, data = write(scene.play())
        made.append((name, ["--site", "ezbooking"] + TRUSTED,
                     {f"traffic.{kind}.gz": data, "server.jsonl.gz": scene.site.json_text()},
                     scene.site.labels))
    return made
