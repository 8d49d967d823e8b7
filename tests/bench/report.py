"""The figures as Markdown."""


def table(head, rows):
    """Markdown; the first column is text, the others are numbers."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def section(title, head, rows, note=""):
    return f"### {title}\n\n{note}{table(head, rows)}\n"


def ratio(summary, key):
    """The median, and the range over the rounds."""
    low, high = summary[f"{key}_ratio_range"]
    return f"**{summary[f'{key}_ratio']:.2f}** ({low:.2f}-{high:.2f})"


def operations(summary):
    """Redis operations per request, renewals of sessions included."""
    return f"{summary['redis_ops']:.2g}"


def load(title, peers, summary):
    rows = []
    for peer in peers:
        s = summary[peer.name]
        redis = [f"{s['redis_us']:.1f}", operations(s)] if peer.requires_session else ["-", "-"]
        rows.append([f"**{peer.name}**: {peer.detail}", f"{s['rps']:,.0f}", f"{s['cpu_us']:.1f}", ratio(s, "cpu_us"),
                     *redis, f"{s['both_us_ratio']:.2f}", f"{s['p50_us'] / 1000:.2f}", f"{s['p99_us'] / 1000:.2f}",
                     f"{s['rps_ratio']:.2f}", f"{s['p99_us_ratio']:.2f}"])
    head = ["peer", "requests/s", "CPU us/request", "CPU to nginx (rounds)", "Redis CPU us/request",
            "Redis operations/request", "both to nginx", "p50 ms", "p99 ms", "requests/s to nginx", "p99 to nginx"]
    return section(title, head, rows)


def idle(figures):
    head = ["peer", "ready, ms", "RSS at start, MiB", "bytes per connection, just used",
            "bytes per connection, idle 2 s"]
    rows = [[f"**{name}**", f"{f['ready_ms']:.0f}", f"{f['start_rss'] / 2**20:.1f}", f"{f['just_used_bytes']:,.0f}",
             f"{f['idle_bytes']:,.0f}"] for name, f in figures.items()]
    return section("2,000 idle keep-alive connections", head, rows)


def bulk(title, summary):
    head = ["peer", "down, CPU s/GiB", "to nginx (rounds)", "down, s", "up, CPU s/GiB", "to nginx (rounds)", "up, s"]
    rows = []
    for name, s in summary.items():
        row = [f"**{name}**"]
        for way in ("down", "up"):
            row += [f"{s[way]:.2f}", ratio(s, way), f"{s[f'{way}_s']:.2f}"]
        rows.append(row)
    return section(title, head, rows)


def workers(summary):
    head = ["peer", "requests/s", "CPU us/request", "CPU to one worker (rounds)", "requests/s to one worker"]
    rows = [[f"**{name}**", f"{s['rps']:,.0f}", f"{s['cpu_us']:.1f}", ratio(s, "cpu_us"), f"{s['rps_ratio']:.2f}"]
            for name, s in summary.items()]
    return section("Two workers", head, rows)


def latency(rate, summary):
    head = ["peer", "requests/s", "CPU us/request", "p50 us", "added", "to nginx'", "p99 us", "added", "to nginx'"]
    rows = []
    for name, s in summary.items():
        row = [f"**{name}**", f"{s['rps']:,.0f}", f"{s['cpu_us']:.1f}"]
        for key in ("p50_us", "p99_us"):
            row += [f"{s[key]:.0f}", f"{s[f'{key}_added']:.0f}", f"{s[f'{key}_to_nginx']:+.0f}"]
        rows.append(row)
    return section(f"Latency at {rate:,.0f} requests/s, 20 % of what one worker of nginx can do", head, rows)


def many_sessions(summary):
    head = ["sessions in use", "requests/s", "CPU us/request", "CPU to 1,000 (rounds)", "Redis operations/request",
            "RSS, MiB"]
    rows = [[f"**{name}**", f"{s['rps']:,.0f}", f"{s['cpu_us']:.1f}", ratio(s, "cpu_us"), operations(s),
             f"{s['rss'] / 2**20:.0f}"] for name, s in summary.items()]
    return section("A million sessions in Redis, 100,000 in use", head, rows)


def instructions(figures):
    """Owners as rows, the dearest first."""
    names = list(figures)
    owners = sorted({owner for f in figures.values() for owner in f}, key=lambda o: -figures[names[0]].get(o, 0))
    rows = [[f"**{owner}**", *(f"{figures[name].get(owner, 0):,.0f}" for name in names)] for owner in owners]
    rows.append(["all", *(f"{sum(figures[name].values()):,.0f}" for name in names)])
    return section("Instructions per request outside the kernel", ["room or library", *names], rows)
