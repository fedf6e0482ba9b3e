#!/usr/bin/env python3
"""Compares sets of flags of a VAE by the log-likelihood of held-out rows, over data sets that no result is reported on.

    scripts/search-vae.py --tables DIR/search [--variants FILE] [--aegpu PATH] [--seeds N] [--jobs N] [--keep] [--only GLOB ...]

FILE has a line for each set, "NAME: FLAGS of aegpu train"; the first is what others are held against. Without it those of
scripts/search-vae.txt are tried. log p(x) is the importance-weighted estimate, nats a row. Rows are kept in a JSON file as they come;
--keep goes on with one that was begun, for the same program. Needs Go (without --aegpu).
"""
import math
import statistics

import flagsets
import heldout


def likelihoods(rows, variant):
    """Mean log p(x) of each data set under a set of flags."""
    found = heldout.by_data([r for r in rows if r["variant"] == variant and r.get("nll_iwae") is not None])
    return {name: statistics.mean(-r["nll_iwae"] for r in of) for name, of in found.items()}


def line(rows, name, base):
    """One set beside the first: how many nats it gains, as the median and the mean over data sets with no more than 10 counted of any."""
    mine = [r for r in rows if r["variant"] == name]
    own = likelihoods(rows, name)
    more = sorted(own[d] - base[d] for d in own if d in base)
    pairs = [(-r["nll_iwae"], r.get(f"pca_{heldout.PPCA}")) for r in mine if r.get("nll_iwae") is not None]
    beside = [a - b for a, b in pairs if b is not None]
    units = [r["active_units"] / r["code"] for r in mine if r.get("code") and r.get("active_units") is not None]
    gain = statistics.mean(max(-10, min(10, m)) for m in more) if more else math.nan
    return [name, f"`{mine[0]['flags']}`", len(more), f"{gain:+.3f}", f"{statistics.median(more):+.3f}" if more else "", sum(m > 0.05 for m in more), sum(m < -0.05 for m in more),
            f"{more[0]:+.2f} to {more[-1]:+.2f}" if more else "", f"{sum(b < 0 for b in beside)} of {len(beside)}", f"{statistics.mean(units):.2f}" if units else "",
            f"{sum(r['seconds'] for r in mine):.0f}", sum("error" in r for r in mine)]


def markdown(result):
    names = list(dict.fromkeys(r["variant"] for r in result["rows"]))
    base = likelihoods(result["rows"], names[0])
    head = ["set", "flags", "data sets", "mean gain, nats a row", "median", "better by .05", "worse by .05", "range", "below probabilistic PCA", "active share", "seconds", "failed"]
    lines = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    lines += ["| " + " | ".join(map(str, line(result["rows"], n, base))) + " |" for n in names]
    of = {n: likelihoods(result["rows"], n) for n in names}
    ppca = {r["data"]: r.get(f"pca_{heldout.PPCA}") for r in result["rows"] if "error" not in r}
    lines += ["", "| data set | probabilistic PCA | " + " | ".join(names) + " |", "| --- " * (len(names) + 2) + "|"]
    for data in sorted(base):
        lines.append(f"| {data} | " + ("" if ppca[data] is None else f"{ppca[data]:.2f}") + " | " + " | ".join(f"{of[n][data]:.2f}" if data in of[n] else "" for n in names) + " |")
    return "\n".join(["# Flags of VAEs", "", *(f"`{c}`\n" for c in result["commands"]), f"{result['machine']}.", "", *lines, ""])


if __name__ == "__main__":
    flagsets.search(__doc__, "search-vae", ["--model", "vae"], lambda result, _: markdown(result))
