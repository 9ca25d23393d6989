"""Small, seeded traffic for samples and rule tests; nothing but the standard library.

A `Site` keeps the clock-ordered log; a `Visitor` makes requests on it, one after the other, at
times it is told. Times are seconds since the epoch (floats); the log is written in the order in
which requests end, as nginx does.

    site = Site(seed=1)
    person = Visitor(site, "192.0.2.7", CHROME)
    t = site.at("2026-03-02 08:00:00")
    t = person.page(t, "/booking/create/14500/0")       # the page and its parts
    t = person.post(t + 4, "/booking/create/14500/1", 302, loc="/booking/create/14500/2")
    site.write("traffic.log")                            # format nginx-crenel
    site.write_json("traffic.jsonl")                     # nginx escape=json
"""

import calendar
import json
import math
import random
import time

CHROME = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
          "Chrome/142.0.0.0 Safari/537.36")
EDGE = CHROME + " Edg/142.0.0.0"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
SAFARI = ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
          "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1")
ANDROID = ("Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) "
           "Chrome/142.0.0.0 Mobile Safari/537.36")
BROWSERS = [CHROME, CHROME, EDGE, FIREFOX, SAFARI, SAFARI, ANDROID, ANDROID]
REQUESTS = "python-requests/2.34.0"
LANGUAGES = ["fr-FR,fr;q=0.9,en;q=0.8", "fr-FR,fr;q=0.9", "fr,en-US;q=0.7,en;q=0.3",
             "en-US,en;q=0.9,fr;q=0.7", "ar,fr-FR;q=0.8", "pt-PT,fr;q=0.8"]
PARTS = ["/design/site/css/site.css", "/design/site/js/site.js", "/design/site/images/logo.png",
         "/design/site/fonts/marianne.woff2"]
HOST = "rdv.prefecture.example"


class Site:
    """One server's log, and the random numbers of everything on it."""

    def __init__(self, seed, host=HOST):
        self.random = random.Random(seed)
        self.host = host
        self.lines = []
        self.labels = []
        self.connections = 1000

    def at(self, text):
        """Seconds since the epoch of a UTC time."""
        return float(calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S")))

    def lognormal(self, median, sigma):
        """Think times of people: log-normal around a median, in seconds."""
        return self.random.lognormvariate(math.log(median), sigma)

    def service_time(self, median=0.04):
        """How long the server takes, in seconds: never under 2 ms."""
        return max(0.002, self.random.lognormvariate(math.log(median), 0.4))

    def label(self, client, session, label, robot):
        """Says who a client and session are, once."""
        entry = {"client": client, "session": session, "label": label, "robot": robot}
        if entry not in self.labels:
            self.labels.append(entry)

    def add(self, start, took, fields):
        """Keeps one request; `start` and `took` in seconds, exact for captures, rounded for logs."""
        end = math.floor((start + took) * 1000)
        self.lines.append((end, len(self.lines), dict(
            fields, rt=max(0, round(took, 3)), start=start, end=start + took)))
        return start + took

    def ordered(self):
        return sorted(self.lines, key=lambda line: line[:2])

    def text(self):
        """The log in the format nginx-crenel of docs/log-formats.md."""
        out = []
        for end, _, f in self.ordered():
            out.append(
                f'{f["ip"]} - - [{end // 1000}.{end % 1000:03d}] "{escaped(f["request"])}" '
                f'{f["status"]} {f["size"]} "{escaped(f["ref"])}" "{escaped(f["ua"])}" '
                f'rt={f["rt"]:.3f} c={f["conn"]}:{f["connreq"]} host="{self.host}" '
                f'lang="{f["lang"] or "-"}" loc="{f["loc"] or "-"}" sid="{f["sid"] or "-"}"\n')
        return "".join(out)

    def json_text(self, cookie="eZSESSID"):
        """The log as JSON lines, keys as nginx's variables."""
        out = []
        for end, _, f in self.ordered():
            line = {"msec": f"{end // 1000}.{end % 1000:03d}", "remote_addr": f["ip"],
                    "request": f["request"], "status": f["status"], "body_bytes_sent": f["size"],
                    "request_time": f'{f["rt"]:.3f}', "http_referer": f["ref"],
                    "http_user_agent": f["ua"], "host": self.host,
                    "sent_http_location": f["loc"] or "", "cookie_" + cookie: f["sid"] or "",
                    "connection": f["conn"], "connection_requests": f["connreq"],
                    "http_accept_language": f["lang"] or "", "request_body": f["body"] or ""}
            out.append(json.dumps(line, ensure_ascii=False) + "\n")
        return "".join(out)


def escaped(text):
    """What nginx writes for a quote, a backslash and control bytes."""
    if not text:
        return "-"
    return "".join(f"\\x{ord(c):02X}" if c in '"\\' or ord(c) < 32 or ord(c) == 127 else c
                   for c in text)


class Visitor:
    """One client of a site: an address, an agent, a session and a connection."""

    def __init__(self, site, ip, ua, lang="", sid="", label="citizen", robot=False):
        self.site, self.ip, self.ua, self.lang, self.sid = site, ip, ua, lang, sid
        self.seen = set()
        self.ref = ""
        self.connect()
        site.label(ip, sid, label, robot)

    def connect(self):
        """Opens a new connection."""
        self.site.connections += 1
        self.conn, self.connreq = self.site.connections, 0

    def send(self, t, method, target, status=200, size=None, loc="", took=None, body="", ref=None):
        """One request at `t`; returns when its answer was complete."""
        self.connreq += 1
        size = self.site.random.randint(4000, 15000) if size is None else size
        return self.site.add(t, self.site.service_time() if took is None else took, {
            "ip": self.ip, "request": f"{method} {target} HTTP/1.1", "status": status,
            "size": 0 if status in (302, 304) else size, "ref": self.ref if ref is None else ref,
            "ua": self.ua, "conn": self.conn, "connreq": self.connreq, "lang": self.lang,
            "loc": loc, "sid": self.sid, "body": body})

    def get(self, t, target, status=200, **more):
        return self.send(t, "GET", target, status, **more)

    def post(self, t, target, status=200, **more):
        return self.send(t, "POST", target, status, **more)

    def page(self, t, target, status=200, **more):
        """A page and its parts, as a browser loads them: whole the first time, then from cache."""
        end = self.get(t, target, status, **more)
        page = f"https://{self.site.host}{target}"
        part = end + 0.02
        if status == 200:
            for path in PARTS:
                known = path in self.seen
                if known and self.site.random.random() < 0.6:
                    continue
                self.seen.add(path)
                self.get(part, path, 304 if known else 200, ref=page, took=0.004)
                part += self.site.random.uniform(0.002, 0.03)
            self.ref = page
        return max(end, part)


class EZBooking:
    """The steps of the prefectures' booking module for one visitor (service 14500)."""

    def __init__(self, visitor, service=14500):
        self.v, self.site, self.base = visitor, visitor.site, f"/booking/create/{service}"

    def enter(self, t):
        """Landing page, conditions accepted, choice of counter."""
        v, s = self.v, self.site
        t = v.page(t, self.base + "/0")
        t = v.post(t + s.lognormal(6, 0.8), self.base + "/0", 302, loc=self.base + "/1")
        return v.page(t + 0.05, self.base + "/1")

    def ask(self, t, free=False, redirect=True):
        """Asks whether a slot is free; a browser follows the redirect."""
        target = self.base + ("/3" if free else "/2")
        t = self.v.post(t, self.base + "/1", 302, loc=target)
        return self.v.page(t + 0.05, target) if redirect else t

    def book(self, t, slot, mail, number="", think=1.0, confirm=True):
        """From a free slot to the mail's link, at a person's pace times `think`."""
        v, s = self.v, self.site
        t = v.page(t + s.lognormal(3.5, 0.6) * think, self.base + "/4")
        t = v.page(t + max(1.2, s.lognormal(4, 0.6)) * think, f"{self.base}/5/{slot}")
        t = v.page(t + s.lognormal(2, 0.5) * think, self.base + "/6")
        t = v.post(t + max(3, s.lognormal(11, 0.4)) * think, self.base + "/6", 302,
                   loc=self.base + "/8")
        t = v.page(t + 0.05, self.base + "/8")
        t = v.post(t + self.form_time() * think, self.base + "/8", 302, loc=self.base + "/9",
                   body=form(mail, number))
        t = v.page(t + 0.05, self.base + "/9")
        if confirm:
            t = v.page(t + s.lognormal(90, 0.9), f"/booking/confirm/{slot}")
        return t

    def form_time(self):
        """Seconds for the identity form: typed, copied, or filled by the browser."""
        kind = self.site.random.random()
        if kind < 0.75:
            return max(12, self.site.lognormal(55, 0.55))
        return max(6, self.site.lognormal(20, 0.4)) if kind < 0.95 else max(
            2.6, self.site.lognormal(4.5, 0.35))


def form(mail, number=""):
    """The body of the identity form."""
    mail = mail.replace("@", "%40").replace("+", "%2B")
    return f"firstname=Camille&lastname=Exemple&email={mail}&number_agdref={number}"
