"""The figures as Markdown."""


def table(head, rows):
    """Markdown; the first column is text, the others are numbers."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def load(title, peers, summary):
    rows = []
    for peer in peers:
        s = summary[peer.name]
        low, high = s["cpu_us_ratio_range"]
        redis = f"{s['redis_us']:.1f}" if s["redis_us"] >= 0.5 else "-"
        rows.append([f"**{peer.name}**: {peer.detail}", f"{s['rps']:,.0f}", f"{s['cpu_us']:.1f}",
                     f"**{s['cpu_us_ratio']:.2f}** ({low:.2f}-{high:.2f})", redis, f"{s['both_us_ratio']:.2f}",
                     f"{s['p50_us'] / 1000:.2f}", f"{s['p99_us'] / 1000:.2f}", f"{s['rps_ratio']:.2f}",
                     f"{s['p99_us_ratio']:.2f}"])
    head = ["peer", "requests/s", "CPU us/request", "CPU to nginx (rounds)", "Redis CPU us/request", "both to nginx",
            "p50 ms", "p99 ms", "requests/s to nginx", "p99 to nginx"]
    return f"### {title}\n\n{table(head, rows)}\n"


def idle(figures):
    head = ["peer", "ready, ms", "RSS at start, MiB", "bytes per connection, just used",
            "bytes per connection, idle 2 s"]
    rows = [[f"**{name}**", f"{f['ready_ms']:.0f}", f"{f['start_rss'] / 2**20:.1f}", f"{f['just_used_bytes']:,.0f}",
             f"{f['idle_bytes']:,.0f}"] for name, f in figures.items()]
    return f"### 2,000 idle keep-alive connections\n\n{table(head, rows)}\n"


def bulk(figures, base):
    head = ["peer", "down, CPU s/GiB", "to nginx", "down, s", "up, CPU s/GiB", "to nginx", "up, s"]
    rows = []
    for name, f in figures.items():
        row = [f"**{name}**"]
        for way in ("down", "up"):
            row += [f"{f[way]['cpu_s']:.2f}", f"{f[way]['cpu_s'] / figures[base][way]['cpu_s']:.2f}",
                    f"{f[way]['seconds']:.2f}"]
        rows.append(row)
    return f"### Bodies of 1 GiB\n\n{table(head, rows)}\n"
