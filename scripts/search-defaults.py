#!/usr/bin/env python3
"""Ranks sets of flags by how the autoencoder does beside PCA, over data sets that no result is reported on: how presets are chosen.

    scripts/search-defaults.py --tables DIR/search [--variants FILE] [--aegpu PATH] [--seeds N] [--jobs N] [--keep] [--only GLOB ...]

FILE has a line for each set, "NAME: FLAGS of aegpu train"; empty lines and those after # do not count. Without it those of
scripts/search-defaults.txt are tried. First comes what is below PCA on the fewest data sets (by more than .001 and a standard error), or
without PCA as its code is no smaller than the data, or fails; then what leaves least unexplained, as the geometric mean over data sets of its share over PCA's, .001 added to both.
"rank" is a set's mean place over data sets in explained variance, which compares sets among themselves where code sizes are the same. Rows
are kept in a JSON file as they come; --keep goes on with one that was begun, for the same program. Needs Go (without --aegpu).
"""
import statistics

import flagsets
import heldout


def ranks(rows, names):
    """The mean place of each method over those data sets that all were measured on; 1 is the best."""
    places = {n: [] for n in names}
    found = {n: heldout.by_data([r for r in rows if r["variant"] == n]) for n in names}
    for data in set.intersection(*(set(f) for f in found.values())):
        means = {n: statistics.mean(r.get("explained_variance") or 0 for r in found[n][data]) for n in names}
        order = sorted(names, key=means.get, reverse=True)
        for n in names:
            places[n].append(1 + order.index(n))
    return {n: statistics.mean(p) if p else float("nan") for n, p in places.items()}


def markdown(result, flags):
    """A table of the sets, the best first."""
    names = list(dict.fromkeys(r["variant"] for r in result["rows"]))
    of = {n: heldout.totals([r for r in result["rows"] if r["variant"] == n]) for n in names}
    place = ranks(result["rows"], names)
    head = ["set", "flags", "data sets", "below PCA", "ratio <= .95", "mean ratio", "worst", "of ordinary rows", "rank", "seconds"]
    lines = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    for n in sorted(names, key=lambda n: (sum(len(of[n][k]) for k in ("below", "failed", "without")), of[n]["ratio"])):
        t = of[n]
        cells = [n, f"`{flags.get(n, '')}`", t["data"], len(t["below"]), t["better"], f"{t['ratio']:.4f}", f"{t['worst']:.2f}", f"{t['ordinary']:.4f}", f"{place[n]:.2f}", f"{t['seconds']:.0f}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    below = [f"{n}: below PCA on {', '.join(t['below']) or 'none'}" + (f"; failed on {', '.join(t['failed'])}" if t["failed"] else "") + (f"; {len(t['without'])} without PCA" if t["without"] else "") for n, t in of.items()]
    seeds = len({r["seed"] for r in result["rows"]})
    return "\n".join(["# Search for defaults", "", *(f"`{c}`\n" for c in result["commands"]), f"{result['machine']}, {seeds} seeds. What is ranked, and how, stands in the script.",
                      "", *lines, "", *(f"- {b}" for b in below), ""])


if __name__ == "__main__":
    flagsets.search(__doc__, "search-defaults", [], markdown)
