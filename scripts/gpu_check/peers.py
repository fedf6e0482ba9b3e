"""Step times of PyTorch and JAX, of the rows that do aegpu's work: from the same weights, its losses (agree.py)."""
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import time

import agree

from .bench import PRECISIONS
from .check import Cut, Failed, Skipped, good, json_of, last_line

FIRST = [("a", 64), ("a", 2048), ("b", 512), ("w", 8192)]  # whose losses are held against aegpu's
THEN = [("a", 512), ("a", 8192), ("b", 64), ("b", 8192), ("w", 64), ("w", 512), ("b", 2048), ("w", 2048), ("a", 65536), ("b", 65536)]
START = 30  # seconds for aegpu's own losses, which should take a few
ORDER = [("torch", "compile+graph", 0.45), ("jax", "scan", 0.65), ("torch", "graph", 1)]  # each one's share of what time is left
QUICK_ORDER = [("torch", "eager", 0.5), ("jax", "jit", 1)]  # on the CPU
XLA = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}


def peers(c, facts):
    facts.update(points=[], missing=[], errors=[])
    found = {f: python(f) for f in ("torch", "jax")}
    facts["missing"] = [f for f, p in found.items() if not p]
    if not any(found.values()):
        raise Skipped("python3 has neither PyTorch nor JAX")
    ours, weights = same_start(c, facts)
    for framework, mode, share in QUICK_ORDER if c.quick else ORDER:
        if found[framework]:
            timed(c, facts, found[framework], framework, mode, share * c.part_left(), ours, weights)
    judge(facts["points"])
    c.save()
    wrong = sorted({"%s %s on net %s in %s" % (p["peer"], p["mode"], p["net"], p["precision"]) for p in facts["points"] if p["agrees"] is False})
    if wrong:
        raise Failed("other losses than aegpu's from the same weights: " + ", ".join(wrong))
    if facts["errors"]:
        raise Failed("%d errors, the first: %s" % (len(facts["errors"]), facts["errors"][0]))
    if not facts["points"]:
        raise Failed("no point was measured")


def python(framework):
    """A Python that has the framework, None where there is none."""
    known = [os.environ.get("GPU_CHECK_PYTHON"), sys.executable, shutil.which("python3"), "/opt/conda/bin/python3"]
    find = "import importlib.util, sys; sys.exit(importlib.util.find_spec(%r) is None)" % framework
    for path in dict.fromkeys(p for p in known if p and os.path.exists(p)):
        try:
            if subprocess.run([path, "-c", find], capture_output=True, timeout=15).returncode == 0:
                return path
        except subprocess.TimeoutExpired:
            pass
    return None


def points(c):
    """All points in order of worth."""
    first, then = ([("a", 64), ("b", 128)], []) if c.quick else (FIRST, THEN)
    return [(n, b, p) for some in (first, then) for p in PRECISIONS for n, b in some]


def same_start(c, facts):
    """aegpu's losses of the first points, and a file of its weights before the first step: several at a time, nothing being timed."""
    agree.STEPS = 5 if c.quick else 20
    checked = [p for p in points(c) if c.quick or p[:2] in FIRST and (p[0] != "w" or p[2] == PRECISIONS[0])]  # w is slow to save
    ours, weights, nets, until = {}, {}, c.nets, time.monotonic() + START

    def do(command):
        seconds = until - time.monotonic()
        if seconds < 1:
            raise Cut("no time left")
        good(*c.run(command, seconds, {"AEGPU_GPU_TUNING": "off"}))

    def one(what, net, batch, precision):
        out = os.path.join(c.work, "-".join([what, net, str(batch), precision]))
        point = do, c.aegpu, c.mnist, nets[net], precision, "0", batch, out
        try:
            if what == "losses":
                ours[net, batch, precision] = agree.our_losses(*point)
            else:
                weights["%s:%d" % (net, batch)] = agree.first_weights(*point)
        except (Cut, Failed, OSError) as e:
            facts["errors"].append("aegpu's %s on net %s, %d rows, %s: %s" % (what, net, batch, precision, e))

    jobs = [("weights", n, b, p) for n, b, p in checked if p == PRECISIONS[0]] + [("losses", *p) for p in checked]
    with concurrent.futures.ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        list(pool.map(lambda job: one(*job), jobs))
    facts["checked"] = ["%s:%d:%s" % p for p in ours]
    return ours, weights


def timed(c, facts, path, framework, mode, seconds, ours, weights):
    """One mode of one framework, for so many seconds."""
    file = os.path.join(c.work, "weights.json")
    with open(file, "w", encoding="utf-8") as f:
        json.dump(weights, f)
    seconds = min(seconds, c.part_left() - 1)
    if seconds < 2:
        facts["errors"].append("%s %s: no time left" % (framework, mode))
        return
    command = [path, os.path.join(c.here, "gpu_step.py"), framework, c.packed, "--modes", mode, "--seconds", "%.0f" % max(1, seconds - 3),
               "--points", ",".join("%s:%d:%s" % p for p in points(c)), "--weights", file, "--steps", str(agree.STEPS),
               "--specs", c.specs, "--device", "cpu" if c.quick else "cuda"]
    count = len(facts["points"])

    def each(line):
        p = json_of(line)
        if not p or "net" not in p:
            return
        mine, theirs = ours.get((p["net"], p["batch"], p["precision"])), p.pop("losses", None)
        p["agrees"] = None
        if mine and theirs:
            p["losses"] = agree.compare(c.nets[p["net"]], p["precision"], mine, theirs, p["batch"])
            p["agrees"] = p["losses"]["agrees"]
        facts["points"].append(p)
        c.save()

    code, out, err = c.run(command, seconds, XLA, each)
    if code or len(facts["points"]) == count:
        facts["errors"].append("%s %s: %s" % (framework, mode, last_line(err) or ("cut before its first point" if code is None else "no point")))


def judge(all_points):
    """A row whose losses were not looked at is as good as those of the same peer, mode, net and precision that were."""
    key = lambda p: tuple(p.get(k) for k in ("peer", "mode", "net", "precision"))
    seen = {}
    for p in all_points:
        if p["agrees"] is not None:
            seen[key(p)] = seen.get(key(p), True) and p["agrees"]
    for p in all_points:
        if p["agrees"] is None or seen[key(p)] is False:
            p["agrees"] = seen.get(key(p))


def best(all_points, net, precision, batch):
    """The fastest row that does the same work, None where there is none; one that was not looked at counts."""
    rows = [p for p in all_points if (p.get("net"), p.get("precision"), p.get("batch")) == (net, precision, batch) and "step_ms" in p and p["agrees"] is not False]
    return min(rows, key=lambda p: p["step_ms"]) if rows else None
