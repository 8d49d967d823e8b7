"""From the rows of the rounds to figures."""
import statistics

CPU = ("cpu_us", "both_us", "rps", "p99_us")


def middle(rows):
    """{key: median} over the rounds; the mean of what comes in bursts, such as the renewal of sessions."""
    return {key: (statistics.mean if key == "redis_ops" else statistics.median)(row[key] for row in rows)
            for key in rows[0] if key != "beside"}


def ratio(mine, theirs, key):
    """(median, [lowest, highest]) of the ratios to what was measured directly before, or in the same round."""
    ratios = [row[key] / row.get("beside", other)[key] for row, other in zip(mine, theirs)]
    return statistics.median(ratios), [min(ratios), max(ratios)]


def added(mine, theirs, key):
    """The median of the differences in the same round."""
    return statistics.median(row[key] - other[key] for row, other in zip(mine, theirs))


def summary(rows, base, keys=CPU):
    """{peer: its figures; for each of the keys its ratio to that of `base`}"""
    out = {}
    for name, mine in rows.items():
        out[name] = middle(mine)
        for key in keys:
            out[name][f"{key}_ratio"], out[name][f"{key}_ratio_range"] = ratio(mine, rows[base], key)
    return out
