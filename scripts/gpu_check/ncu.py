"""Where the time of one recorded step goes, kernel by kernel, by Nsight Compute."""
import csv
import glob
import os
import re
import shutil

from .bench import algorithms, tuned
from .check import Cut, Failed, Skipped, last_line

RUNS = 3  # steps, of which the last one is looked at
STEPS = [("a", 2048), ("b", 8192), ("a", 64), ("w", 512)]
MICROSECONDS = {"ns": 1e-3, "nsecond": 1e-3, "us": 1, "usecond": 1, "ms": 1e3, "msecond": 1e3, "s": 1e6, "second": 1e6}
METRIC = "gpu__time_duration.sum"


def ncu(c, facts):
    found = [shutil.which("ncu"), *sorted(glob.glob("/usr/local/cuda*/bin/ncu"), reverse=True), *sorted(glob.glob("/opt/nvidia/nsight-compute/*/ncu"), reverse=True)]
    tool = next(filter(None, found), None)
    if not tool:
        raise Skipped("ncu is not there")
    facts.update(tool=tool, steps=[])
    for net, batch in [("a", 64)] if c.quick else STEPS:
        facts["steps"].append({"net": net, "precision": "bf16", "batch": batch, "kernels": []})
        profile(c, tool, facts["steps"][-1])


def profile(c, tool, facts):
    """The last of some steps. Caches are left as they are, as in a training."""
    net, batch = facts["net"], facts["batch"]
    out = os.path.join(c.work, "ncu-%s-%d.csv" % (net, batch))
    command = [tool, "--csv", "--page", "raw", "--print-units", "base", "--metrics", METRIC, "--clock-control", "none", "--cache-control", "none", "--graph-profiling", "node",
               "--target-processes", "all", "--log-file", out, c.aegpu, "train", c.mnist, "--device", "0", "--precision", "bf16", "--quiet", "--json",
               "--limit", str(batch), "--batch", str(batch), "--epochs", str(RUNS), "--val", "0", "--test", "0", "--out", os.path.join(c.work, "ncu-%s-%d" % (net, batch))]
    command += c.nets[net]["aegpu"].split()
    code, text, err = c.run(command, env={"AEGPU_GPU_TUNING": tuned(c) if algorithms(c) else "off"})  # measuring takes ncu too long
    said = ""
    if os.path.exists(out):
        with open(out, encoding="utf-8", errors="replace") as f:
            said = f.read()
    c.note(said)
    if "ERR_NVGPUCTRPERM" in said + text + err:
        raise Skipped("ncu is not permitted to read the GPU's counters (ERR_NVGPUCTRPERM)")
    facts["kernels"] = step(launches(said))
    facts["microseconds"] = round(sum(k["us"] for k in facts["kernels"]), 3)
    facts["products_us"] = round(sum(k["us"] for k in facts["kernels"] if k["product"]), 3)
    if code is None:
        raise Cut("time was up")
    if code or not facts["kernels"]:
        raise Failed("exit %d: %s" % (code, last_line(err) or last_line(said) or last_line(text)))


def launches(text):
    """(kernel, grid, microseconds) of every launch in ncu's CSV, in order."""
    lines = text.splitlines()
    head = next((i for i, l in enumerate(lines) if l.startswith('"ID"')), None)
    if head is None:
        return []
    rows, unit, all_of_them = csv.DictReader(lines[head:]), 1e-3, []
    for r in rows:
        if not r["ID"]:  # the units
            unit = MICROSECONDS.get(r[METRIC], 1e-3)
        elif r["ID"].isdigit():
            all_of_them.append((r["Kernel Name"], r.get("Grid Size", ""), float(r[METRIC].replace(",", "")) * unit))
    return all_of_them


def step(all_of_them):
    """The launches of the last step: an update ends each. A kernel that is not ours is a product's."""
    ends = [i for i, (name, _, _) in enumerate(all_of_them) if name.startswith("update_fwd")]
    if len(ends) < 2:
        return []
    return [{"kernel": name[:120], "grid": grid, "us": round(us, 3), "product": not re.match(r"\w+_(fwd|bwd)_(f32|bf16|u8)\b", name)}
            for name, grid, us in all_of_them[ends[-2] + 1 : ends[-1] + 1]]
