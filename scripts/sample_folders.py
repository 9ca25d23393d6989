"""The folders of samples/: who comes, when, and what they are.

Think times: reading 12 s median and up (Weinreich et al. 2008; Liu, White, Dumais 2010), typing
0.24 s a key (Dhakal et al. 2018), captchas 9 to 15 s (Searles et al. 2023), reloads in bursts with
gaps of 3 to 8 s and pauses of minutes (assumed, kept wide). Robots: fixed sleeps with a standard
deviation of 10 to 40 ms, forms in 20 to 330 ms (measured on public tools).
"""

from traffic import (ANDROID, BROWSERS, CHROME, EDGE, EZBooking, FIREFOX, LANGUAGES, REQUESTS, SAFARI,
                     Site, Visitor, form)

SLOTS = [1775030400 + 900 * i for i in range(200)]


def person(site, i, ip=None, label="citizen"):
    """An ordinary visitor with a browser, a language and a session."""
    ua = BROWSERS[i % len(BROWSERS)] if ip is None else site.random.choice(BROWSERS)
    lang = site.random.choice(LANGUAGES)
    ip = ip or (f"198.51.100.{10 + i % 200}" if i % 4 else f"2001:db8:{i:x}::{i + 16:x}")
    return Visitor(site, ip, ua, lang, f"s{site.random.getrandbits(64):016x}", label, False)


def citizen(site, i, t, books=False, ip=None, label="citizen"):
    """Looks for a slot some times, with breaks; books when told to."""
    v = person(site, i, ip, label)
    flow = EZBooking(v)
    t = flow.enter(t)
    for _ in range(site.random.randint(1, 6)):
        t = flow.ask(t + site.lognormal(14, 1.0))
        if site.random.random() < 0.15:
            t += site.lognormal(600, 0.8)
    if books:
        t = flow.ask(t + site.lognormal(10, 0.8), free=True)
        t = flow.book(t, SLOTS[i % len(SLOTS)], f"camille.exemple{i}@mail.example",
                      f"99{i:08d}")
    return t


def crowd(site, start, count, spread, books=0.15):
    """Citizens spread over `spread` seconds."""
    for i in range(count):
        citizen(site, i, start + site.random.uniform(0, spread), site.random.random() < books)


def citizens():
    site = Site(101)
    t = site.at("2026-03-02 17:00:00")
    crowd(site, t, 48, 3 * 3600, 0.25)
    for i in range(6):  # a mobile network's address with several people behind it
        citizen(site, 300 + i, t + 1200 * i, i == 2, ip="192.0.2.200")
    for i in range(2):  # two people of one household
        citizen(site, 320 + i, t + 4000 + 40 * i, i == 1, ip="192.0.2.61")
    return site


def f5_evening():
    site = Site(102)
    t0 = site.at("2026-03-03 19:00:00")
    for i in range(18):
        v = person(site, i, label="f5")
        flow = EZBooking(v)
        t = flow.enter(t0 + site.random.uniform(0, 1200))
        for _ in range(site.random.randint(3, 7)):  # bursts of reloads with pauses between
            for _ in range(min(40, 3 + int(site.random.expovariate(1 / 9)))):
                if t0 + 1500 < t < t0 + 1800 and site.random.random() < 0.6:
                    for _ in range(site.random.randint(1, 3)):  # the site is down; some retries
                        t = v.get(t + site.lognormal(6, 0.7), flow.base + "/1", 502, size=166)
                    t += site.lognormal(25, 0.8)
                else:
                    t = flow.ask(t + site.lognormal(5, 0.9))
            t += site.lognormal(300, 0.9)
            if t > t0 + 3 * 3600:
                break
        if i in (3, 11, 16):
            t = flow.ask(t + 4, free=True)
            flow.book(t, SLOTS[i], f"noor.exemple{i}@mail.example", f"98{i:08d}")
    # A browser that reloads by itself once a minute, and a person who books when a slot appears.
    v = Visitor(site, "192.0.2.88", FIREFOX, LANGUAGES[0], "s00000000refresh", "auto-refresh", False)
    flow = EZBooking(v)
    t = flow.enter(t0)
    for _ in range(90):
        t = t + 60 + site.random.gauss(0, 0.2) - (t - t0) % 0.01
        flow.ask(t)
    t = flow.ask(t + 30, free=True)
    flow.book(t, SLOTS[60], "lou.exemple@mail.example", "9700000001")
    return site


def desk():
    site = Site(103)
    t0 = site.at("2026-03-04 09:00:00")
    agents = [CHROME, FIREFOX, EDGE]
    for i in range(25):
        ua = agents[i % 3]
        v = Visitor(site, "192.0.2.150", ua, LANGUAGES[0], f"s0desk{i:02d}{site.random.getrandbits(40):010x}",
                    "desk", False)
        flow = EZBooking(v)
        t = t0 + 1000 * i + site.random.uniform(0, 400)
        t = flow.enter(t)
        for _ in range(site.random.randint(1, 4)):
            t = flow.ask(t + site.lognormal(20, 1.0))
        t = flow.ask(t + site.lognormal(15, 0.8), free=True)
        flow.book(t, SLOTS[100 + i], f"contact{i}@entraide.example", f"96{i:08d}", think=2.2)
    crowd(site, t0, 25, 6 * 3600, 0.2)
    return site


def poller():
    site = Site(104)
    t0 = site.at("2026-03-05 00:30:00")
    crowd(site, t0 + 7 * 3600, 25, 3 * 3600)
    v = Visitor(site, "203.0.113.40", REQUESTS, "", "s0000000000poll1", "poller", True)
    t = t0
    for _ in range(1100):
        v.connect()
        t = v.post(t, "/booking/create/14500/1", 302, loc="/booking/create/14500/2")
        t += 30 + site.random.gauss(0, 0.02)
    return site


def sniper():
    site = Site(105)
    t0 = site.at("2026-03-06 06:40:00")
    crowd(site, t0, 35, 5400, 0.3)
    release = site.at("2026-03-06 07:30:00")
    for k in range(3):
        v = Visitor(site, f"203.0.113.{50 + k}", CHROME, "", f"s000000000snip{k}", "sniper", True)
        base = "/booking/create/14500"
        t = v.get(release - 120 + k * 7, base + "/0")
        t = v.post(t + 0.06, base + "/0", 302, loc=base + "/1")
        t = release - 20 + k * 0.3
        while t < release:
            t = v.post(t, base + "/1", 302, loc=base + "/2") + 1.0 + site.random.gauss(0, 0.015)
        t = v.post(t + 0.4 + 0.05 * k, base + "/1", 302, loc=base + "/3", took=0.03)
        for n in range(4):
            slot = SLOTS[20 + 4 * k + n]
            t = v.get(t + 0.05 + site.random.uniform(0, 0.03), f"{base}/5/{slot}", took=0.035)
            t = v.get(t + 0.03, base + "/6", took=0.02)
            t = v.post(t + 9 + site.random.uniform(0, 5), base + "/6", 302, loc=base + "/8", took=0.03)
            t = v.get(t + 0.02, base + "/8", took=0.03)
            t = v.post(t + 0.08 + site.random.uniform(0, 0.1), base + "/8", 302, loc=base + "/9",
                       took=0.05, body=form(f"client{k}{n}@mail.example", f"95{k:04d}{n:04d}"))
            t = v.get(t + 0.03, base + "/9", took=0.02)
            t = v.post(t + 0.5, base + "/1", 302, loc=base + "/3", took=0.03)
    return site


def hammer():
    site = Site(106)
    t0 = site.at("2026-03-09 07:50:00")
    crowd(site, t0, 25, 5400)
    down = (t0 + 1200, t0 + 1260)
    for i in range(12):  # people who meet the outage
        v = person(site, 400 + i)
        t = v.page(down[0] + site.random.uniform(0, 40), "/booking/create/14500/0", 502, size=166)
        for _ in range(site.random.randint(1, 4)):
            t = v.page(t + site.lognormal(5, 0.7), "/booking/create/14500/0", 502, size=166)
        v.page(max(t + 60, down[1] + 10), "/booking/create/14500/0")
    v = Visitor(site, "203.0.113.66", REQUESTS, "", "s00000000hammer1", "hammer", True)
    t = down[0] - 30
    while t < down[0]:
        t = v.post(t, "/booking/create/14500/1", 302, loc="/booking/create/14500/2") + 5
    while t < down[1]:
        t = v.post(t + 0.05 + site.random.uniform(0, 0.05), "/booking/create/14500/1", 502,
                   size=166, took=0.01)
    v.post(t + 0.1, "/booking/create/14500/1", 302, loc="/booking/create/14500/2")
    return site


def api_direct():
    site = Site(107, host="agenda.mairie.example")
    t0 = site.at("2026-03-10 10:00:00")
    for i in range(25):  # people of Easy!Appointments
        v = person(site, 500 + i)
        t = v.page(t0 + site.random.uniform(0, 5400), "/index.php")
        for _ in range(site.random.randint(1, 4)):
            t = v.post(t + site.lognormal(9, 0.8), "/index.php/booking/get_available_hours")
        if i % 3 == 0:
            t = v.post(t + max(12, site.lognormal(60, 0.5)), "/index.php/booking/register")
            v.page(t + 0.2, f"/index.php/booking_confirmation/of/{i:012x}")
    v = Visitor(site, "203.0.113.77", "okhttp/5.1.0", "", "s000000000000api", "api", True)
    t = t0 + 4500  # over an hour of log before it: what it left out was left out, not missed
    for n in range(14):
        v.connect()
        t = v.post(t + 2.5 + site.random.uniform(0, 1), "/index.php/booking/register", 200, size=180)
    return site


def declared():
    site = Site(108)
    t0 = site.at("2026-03-11 08:00:00")
    crowd(site, t0, 25, 3 * 3600)
    up = Visitor(site, "203.0.113.90", "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
                 "", "", "declared", True)
    bot = Visitor(site, "203.0.113.91", "VeilleRDV/1.2 (+https://veille.example/robot)", "", "",
                  "declared", True)
    t = t0
    for n in range(60):
        up.get(t0 + 180 * n, "/booking/create/14500/0")
        bot.connect()
        bot.post(t0 + 5 + 120 * n + site.random.gauss(0, 0.02), "/booking/create/14500/1", 302,
                 loc="/booking/create/14500/2")
    return site


def alias_farm():
    site = Site(109)
    t0 = site.at("2026-03-12 06:00:00")
    crowd(site, t0, 25, 5400, 0.4)
    base = "/booking/create/14500"
    mails = ["m.dupon@gmail.com", "md.upon@gmail.com", "mdupon+a@gmail.com", "mdu.pon@googlemail.com",
             "mdupo.n+rdv@gmail.com", "x1@yopmail.com", "x2@yopmail.com", "x3@mailinator.com",
             "M.Du.Pon@gmail.com", "mdupon+7@gmail.com"]
    t = t0 + 600
    for n, mail in enumerate(mails):
        v = Visitor(site, "203.0.113.101", CHROME, "fr-FR,fr;q=0.9", f"s0000000alias{n:03d}", "farm", True)
        t = v.get(t + 40, base + "/0")
        t = v.post(t + 0.05, base + "/1", 302, loc=base + "/3")
        t = v.get(t + 0.3, f"{base}/5/{SLOTS[40 + n]}")
        t = v.get(t + 0.03, base + "/6")
        t = v.post(t + 12, base + "/6", 302, loc=base + "/8")
        t = v.get(t + 0.02, base + "/8")
        t = v.post(t + 0.11, base + "/8", 302, loc=base + "/9", body=form(mail, f"94{n:08d}"))
        t = v.get(t + 0.02, base + "/9")
    return site


def enumerator():
    site = Site(110)
    t0 = site.at("2026-03-13 13:00:00")
    for i in range(25):  # people whose form checks their number once or twice
        v = person(site, 600 + i)
        flow = EZBooking(v)
        t = flow.enter(t0 + site.random.uniform(0, 5400))
        t = flow.ask(t + 8, free=i % 2 == 0)
        if i % 2 == 0:
            t = v.page(t + 5, f"/booking/create/14500/5/{SLOTS[i]}")
            t = v.page(t + 9, "/booking/create/14500/8")
            for _ in range(site.random.randint(1, 3)):
                t = v.post(t + max(4, site.lognormal(15, 0.6)),
                           "/ezjscore/call/bookingserver::verify", 200, size=0)
            v.post(t + 20, "/booking/create/14500/8", 302, loc="/booking/create/14500/9")
    v = Visitor(site, "203.0.113.120", REQUESTS, "", "s00000000oracle1", "enumerator", True)
    t = t0 + 4500  # over an hour of log before it: the form was not shown before the log began
    for n in range(400):
        t = v.post(t + 0.3 + site.random.uniform(0, 0.2), "/ezjscore/call/bookingserver::verify",
                   200, size=0 if n % 37 == 0 else 52)
    return site


def rotating():
    site = Site(111)
    t0 = site.at("2026-03-16 07:00:00")
    crowd(site, t0, 30, 5400)
    # A phone that leaves the house: two addresses, one after the other.
    v = person(site, 700, ip="192.0.2.30")
    flow = EZBooking(v)
    t = flow.ask(flow.enter(t0 + 300) + 9)
    v.ip = "198.51.100.250"
    flow.ask(flow.ask(t + 60) + 20)
    # One address in each of twelve networks: RFC 9637 gives 3fff::/20 to documentation.
    exits = [f"3fff:{i:x}::{i:x}" for i in range(1, 13)]
    v = Visitor(site, exits[0], CHROME, "", "s0000000rotating", "rotator", True)
    for ip in exits:
        site.label(ip, "s0000000rotating", "rotator", True)
    t = t0 + 900
    for n in range(300):
        v.ip = exits[n % len(exits)]
        v.connect()
        t = v.post(t + 4 + site.random.uniform(0, 3), "/booking/create/14500/1", 302,
                   loc="/booking/create/14500/2")
    return site


def hoarder():
    site = Site(112)
    t0 = site.at("2026-03-17 08:00:00")
    crowd(site, t0, 25, 6 * 3600, 0.25)
    v = Visitor(site, "203.0.113.140", CHROME, "", "s0000000hoarder1", "hoarder", True)
    base = "/booking/create/14500"
    t = v.get(t0, base + "/0")
    v.post(t + 0.1, base + "/1", 302, loc=base + "/3")
    for round_ in range(6):
        for n in range(3):
            # Each hold runs out after 60 minutes and is taken again within seconds.
            v.get(t0 + 10 + round_ * 3602 + n * 2, f"{base}/5/{SLOTS[70 + n]}")
    return site


def all_samples():
    """(folder, arguments of replay, files by name, labels)."""
    ez = ["--site", "ezbooking"]

    def folder(name, site, args=ez, split=False, as_json=False, packed=False):
        if as_json:
            return name, args, {"traffic.jsonl": site.json_text()}, site.labels
        text = site.text()
        if packed:
            return name, args, {"traffic.log.gz": text}, site.labels
        if not split:
            return name, args, {"traffic.log": text}, site.labels
        lines = text.splitlines(keepends=True)
        half = len(lines) // 2
        return name, args, {"traffic.log.1.gz": "".join(lines[:half]),
                            "traffic.log": "".join(lines[half:])}, site.labels

    return [
        folder("01-citizens", citizens()), folder("02-f5-evening", f5_evening(), split=True),
        folder("03-association-desk", desk(), packed=True), folder("04-naive-poller", poller()),
        folder("05-drop-sniper", sniper()), folder("06-retry-hammer", hammer()),
        folder("07-api-direct", api_direct(), ["--site", "easyappointments"]),
        folder("08-declared-watcher", declared()),
        folder("09-alias-farm", alias_farm(), as_json=True),
        folder("10-agdref-enumerator", enumerator()),
        folder("11-rotating-addresses", rotating()), folder("12-hoarder", hoarder()),
    ]
