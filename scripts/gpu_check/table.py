"""The last lines: what a step takes, next to its peers, its floor and what was predicted."""
import json
import os

from .peers import best

HEAD = ["net", "prec", "batch", "us", "one stream", "launches", "best peer", "ratio", "floor", "| predicted us", "one stream", "peer", "ratio", "floor"]
WIDTHS = [3, 4, 6, 9, 10, 8, 26, 5, 5, 14, 10, 9, 5, 5]


def rows(c):
    """A dict a point that was timed, in the order in which they are shown."""
    with open(os.path.join(c.here, "gpu-predicted.json"), encoding="utf-8") as f:
        predicted = {(p["net"], p["precision"], p["batch"]): p for p in json.load(f)["cells"]}
    found, peers = {}, c.part("peers").get("points", [])
    for p in c.part("bench").get("points", []):
        if "step_ms" in p:
            found.setdefault((p["net"], p["precision"], p["batch"]), {})[p["streams"]] = p
    table = []
    for net, precision, batch in found:
        two, one = (found[net, precision, batch].get(n) for n in (2, 1))
        peer = best(peers, net, precision, batch)
        row = {"net": net, "precision": precision, "batch": batch, "predicted": predicted.get((net, precision, batch))}
        if two:
            row.update(us=1e3 * two["step_ms"], launches=two.get("launches"), floor_share=two.get("floor_share"))
        if one:
            row.update(one_stream_us=1e3 * one["step_ms"])
        if peer:
            row.update(peer="%s %s" % (peer["peer"].split()[0], peer["mode"]), peer_us=1e3 * peer["step_ms"], peer_checked=peer["agrees"] is True)
        if peer and two:
            row["ratio"] = peer["step_ms"] / two["step_ms"]
        table.append(row)
    return table


def us(v):
    return "-" if v is None else "%.1f" % v if v < 1e3 else "%.0f" % v


def share(v):
    return "-" if v is None else "%.0f%%" % (100 * v)


def ratio(v):
    return "-" if v is None else "%.2f" % v


def line(r):
    p = r["predicted"] or {}
    peer = "-" if "peer" not in r else "%s %s%s" % (us(r["peer_us"]), r["peer"], "" if r["peer_checked"] else " ?")
    expected = p.get("peer") / p["us"] if p.get("peer") else None
    return [r["net"], r["precision"], str(r["batch"]), us(r.get("us")), us(r.get("one_stream_us")), str(r.get("launches") or "-"), peer, ratio(r.get("ratio")),
            share(r.get("floor_share")), "| " + us(p.get("us")), us(p.get("one_stream")), us(p.get("peer")), ratio(expected),
            share(p["floor"] / p["us"] if "floor" in p else None)]


def show(c):
    """Prints the table, and keeps it in the JSON."""
    c.result["table"] = rows(c)
    c.save(indent=1)
    device = c.result.get("device") or "no device"
    print("\n%s\nA step on it%s; a peer with ? was not held to aegpu's losses. Beside it what was predicted for an H100." %
          (device, ", of tiny nets" if c.quick else ""))
    for cells in [HEAD] + [line(r) for r in c.result["table"]]:
        print("  ".join(t.rjust(w) if i != 6 else t.ljust(w) for i, (t, w) in enumerate(zip(cells, WIDTHS))).rstrip())
    if not c.result["table"]:
        print("no step was timed")
