"""rules/tests/: for each rule a log that must make it fire and one that only just must not.

Each holds a citizen with a whole page, so that sources are known to log images and languages.
"""

from traffic import CHROME, EZBooking, FIREFOX, LANGUAGES, REQUESTS, Site, Visitor, form

BASE = "/booking/create/14500"
SLOT = 1775030400


def site_with_citizen(seed):
    site = Site(seed)
    t = site.at("2026-04-01 08:00:00")
    v = Visitor(site, "198.51.100.20", FIREFOX, LANGUAGES[0], "scitizen0000001")
    flow = EZBooking(v)
    flow.ask(flow.enter(t - 300) + 9)
    return site, t


def robot(site, sid="srobot000000001", ip="203.0.113.9", ua=REQUESTS):
    return Visitor(site, ip, ua, "", sid, "robot", True)


def poll(v, t, gaps, page=False):
    for gap in gaps:
        t = v.post(t, BASE + "/1", 302, loc=BASE + "/2", took=0.03) + gap
    return t


def fixed_interval_poller(fires):
    site, t = site_with_citizen(1)
    v = robot(site)
    gaps = [30 + site.random.gauss(0, 0.02) for _ in range(24)]
    if not fires:  # the same number of requests at a person's times
        gaps = [max(1, site.lognormal(20, 1.0)) for _ in range(24)]
    poll(v, t, gaps)
    return site


def jittered_poller(fires):
    site, t = site_with_citizen(2)
    v = robot(site)
    gaps = [site.random.uniform(9, 16) for _ in range(48)]
    if not fires:  # one long pause: nobody who sleeps a bounded time makes it
        for i in range(3, 48, 11):
            gaps[i] = 400
    poll(v, t, gaps)
    return site


def form_faster_than_typing(fires):
    site, t = site_with_citizen(3)
    v = robot(site, ua=CHROME)
    t = v.post(v.get(t, BASE + "/0") + 0.1, BASE + "/1", 302, loc=BASE + "/3")
    t = v.get(v.get(t + 5, f"{BASE}/5/{SLOT}") + 5, BASE + "/8", took=0.03)
    t = v.post(t + (0.2 if fires else 1.6), BASE + "/8", 302, loc=BASE + "/9", took=0.03)
    v.get(t + 0.05, BASE + "/9")
    return site


def slot_taken_faster_than_reading(fires):
    site, t = site_with_citizen(4)
    v = robot(site, ua=CHROME)
    t = v.post(v.get(t, BASE + "/0") + 0.1, BASE + "/1", 302, loc=BASE + "/3", took=0.03)
    v.get(t + (0.12 if fires else 0.75), f"{BASE}/5/{SLOT}", took=0.03)
    return site


def booking_without_pages(fires):
    site, t = site_with_citizen(5)
    v = robot(site)
    t += 3600  # sessions are judged by what they left out after an hour of log
    for n in range(4 if fires else 2):
        t = v.get(t + 30, f"{BASE}/5/{SLOT + 900 * n}", took=0.03)
    return site


def retry_hammer(fires):
    site, t = site_with_citizen(6)
    v = robot(site)
    for _ in range(30):
        t = v.post(t + (0.1 if fires else 7), BASE + "/1", 502, size=166, took=0.02)
    return site


def number_check_enumeration(fires):
    site, t = site_with_citizen(7)
    v = robot(site)
    t = v.get(t, BASE + "/0")
    if not fires:  # the form the check belongs to was shown
        t = v.get(t + 2, BASE + "/8")
    for _ in range(40):
        t = v.post(t + 1, "/ezjscore/call/bookingserver::verify", 200, size=52, took=0.02)
    return site


def one_session_many_addresses(fires):
    site, t = site_with_citizen(8)
    exits = ["203.0.113.1", "203.0.113.2", "198.51.100.1", "198.51.100.2", "192.0.2.1"]
    v = robot(site, ip=exits[0], ua=CHROME)
    for n in range(20):
        # A person who moves on never comes back to an address left behind.
        v.ip = exits[n % 5] if fires else exits[n // 4]
        t = v.post(t + 9 + site.random.uniform(0, 9), BASE + "/1", 302, loc=BASE + "/2")
    return site


def slot_hoarder(fires):
    site, t = site_with_citizen(9)
    v = robot(site, ua=CHROME)
    v.post(v.get(t, BASE + "/0") + 0.1, BASE + "/1", 302, loc=BASE + "/3")
    for round_ in range(5):
        # 3,602 s after the hold it has run out; two hours later it is no coincidence of clocks.
        every = 3602 if fires else 7400
        v.get(t + 20 + round_ * every, f"{BASE}/5/{SLOT}", took=0.03)
    return site


def many_spellings_of_one_mailbox(fires):
    site, t = site_with_citizen(10)
    mails = ["m.dupon@gmail.com", "md.upon@gmail.com", "mdupon+a@gmail.com",
             "mdu.pon@googlemail.com", "mdupo.n+rdv@gmail.com", "m.d.upon@gmail.com"]
    if not fires:  # as many mailboxes, none of them twice
        mails = [f"personne{i}@entraide.example" for i in range(6)]
    for n, mail in enumerate(mails):
        v = robot(site, f"srobot00000{n:04d}", ua=CHROME)
        t = v.get(v.get(t + 60, BASE + "/0") + 3, BASE + "/8", took=0.03)
        t = v.post(t + 0.2, BASE + "/8", 302, loc=BASE + "/9", body=form(mail), took=0.03)
    return site


def parallel_holds(fires):
    site, t = site_with_citizen(11)
    v = robot(site, ua=CHROME)
    v.post(v.get(t, BASE + "/0") + 0.1, BASE + "/1", 302, loc=BASE + "/3")
    for n in range(5):
        v.get(t + 20 + n * (0.5 if fires else 4), f"{BASE}/5/{SLOT + 900 * n}", took=0.03)
    return site


def declared_automation(fires):
    site, t = site_with_citizen(12)
    v = robot(site, sid="", ua="VeilleRDV/1.2 (+https://veille.example/robot)")
    for n in range(8 if fires else 4):
        v.post(t + 120 * n, BASE + "/1", 302, loc=BASE + "/2")
    return site


RULES = [fixed_interval_poller, jittered_poller, form_faster_than_typing,
         slot_taken_faster_than_reading, booking_without_pages, retry_hammer,
         number_check_enumeration, one_session_many_addresses, slot_hoarder,
         many_spellings_of_one_mailbox, parallel_holds, declared_automation]


def all_samples():
    """(rule, file, text) of every file in rules/tests/."""
    for make in RULES:
        name = make.__name__.replace("_", "-")
        as_json = make is many_spellings_of_one_mailbox
        for kind, fires in (("fires", True), ("near-miss", False)):
            site = make(fires)
            file = f"{kind}.{'jsonl' if as_json else 'log'}"
            yield name, file, site.json_text() if as_json else site.text()
        yield name, "case.yml", "site: ezbooking\n"
