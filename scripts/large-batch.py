#!/usr/bin/env python3
"""large-batch.py: time to a fixed held-out error against the batch, on MNIST, and docs/benchmarks/large-batch.md from it.

  scripts/large-batch.py --mnist DIR          trains every row with the rates that --tune found, and writes .json and .md
  scripts/large-batch.py --mnist DIR --tune   tries the learning rates that the .json does not have yet, writes them there
  --aegpu PATH    the program; it is built where this is left out
  --limit N, --epochs N, --target X, --out PREFIX    for a smaller trial: fewer rows, another budget, target and place

The net is 784-512-256-32 with cross-entropy. A row is trained until the squared error of the validation part (a tenth of the
training rows) is at most the target, or its epochs are used up. Time is that of the training steps, without the measuring.
Rates are tuned at batch 128, and scaled from there by each rule; at batch 8192 they are tuned too. About a quarter of an hour
on 2 cores, and some minutes for the rates.
"""
import argparse, json, os, pathlib, signal, subprocess, sys, tempfile, time

root = pathlib.Path(__file__).resolve().parent.parent
BASE, LARGE = 128, 8192
BATCHES = [128, 512, 2048, 8192, 32768]
RATES = {(BASE, "adam"): [1e-3, 2e-3, 4e-3], (BASE, "lamb"): [0.002, 0.005, 0.01, 0.02],
         (LARGE, "adam"): [2e-3, 4e-3, 8e-3], (LARGE, "lamb"): [0.01, 0.02, 0.04]}
TUNE_EPOCHS = {BASE: 3, LARGE: 8}
BUDGET = {128: 10, 512: 15, 2048: 25, 8192: 40, 32768: 30}  # epochs of a row; half of them where the rule is linear
WARMUP = {128: 0, 512: 1, 2048: 1, 8192: 2, 32768: 4}  # epochs
NET = "--hidden 512,256 --latent 32 --loss bernoulli --val 0.1"


def records(run):
    try:
        return [json.loads(line) for line in open(run / "metrics.jsonl")]
    except OSError:
        return []


def reached(history, target):
    return next((i + 1 for i, r in enumerate(history) if r["validation"]["sse"] <= target), 0)


def train(a, flags, epochs, target):
    """train trains until the target and returns what it took."""
    command = [a.aegpu, "train", a.mnist, "--device", "cpu", "--quiet", *NET.split(), *flags.split()]
    if a.limit:
        command += ["--limit", str(a.limit)]
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        command += ["--out", str(run)]
        p = subprocess.Popen(command + ["--epochs", str(epochs)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while p.poll() is None:
            time.sleep(0.1)
            if reached(records(run), target):
                p.send_signal(signal.SIGINT)
                break
        said = p.communicate()[1].strip()
        history = records(run)
        row = dict(flags=flags, budget_epochs=epochs, sse=[round(r["validation"]["sse"], 3) for r in history])
        if p.returncode not in (0, 130):
            if "diverged" not in said:
                sys.exit("%s: %s" % (" ".join(command), said))
            return dict(row, diverged=said.split(";")[0].removeprefix("aegpu: "))
        if n := reached(history, target):
            used = history[:n]
            row["reached"] = dict(
                epochs=n, updates=used[-1]["step"], examples=round(sum(r["seconds"] * r["examples_per_second"] for r in used)),
                seconds=round(sum(r["seconds"] for r in used), 2))
            # The run goes no further than that epoch, and ends with its figures on the test part.
            done = subprocess.run(command + ["--epochs", str(n), "--resume", "--json"], stdout=subprocess.PIPE, check=True, text=True)
            row["reached"]["test_sse"] = round(json.loads(done.stdout)["test"]["sse"], 3)
        return row


def tune(a, tried):
    """tune adds the rates that were not tried yet, at the smallest and at a large batch."""
    for (batch, optimizer), rates in RATES.items():
        for lr in rates:
            flags = f"--batch {batch} --optimizer {optimizer} --lr {lr:g} --lr-warmup {WARMUP[batch]}"
            if all(r["flags"] != flags for r in tried):
                row = train(a, flags, a.epochs or TUNE_EPOCHS[batch], 0)
                print(flags, row["sse"], row.get("diverged", ""), flush=True)
                tried.append(dict(row, batch=batch, optimizer=optimizer, lr=lr))
    return tried


def best(tuning, batch, optimizer):
    """best is the rate with the least error after the tuning's epochs."""
    tried = [r for r in tuning if (r["batch"], r["optimizer"]) == (batch, optimizer) and "diverged" not in r]
    return min(tried, key=lambda r: r["sse"][-1])["lr"]


def rows(a, tuning):
    for batch in BATCHES:
        for optimizer in ("adam", "lamb"):
            base = best(tuning, BASE, optimizer)
            rules = [("tuned", f"--lr {best(tuning, batch, optimizer):g}")] if batch in (BASE, LARGE) else []
            if batch > BASE:
                rules += [(rule, f"--lr {base:g} --lr-scale {rule}") for rule in ("sqrt", "linear")]
            for rule, rate in rules:
                flags = f"--batch {batch} --optimizer {optimizer} {rate} --lr-warmup {WARMUP[batch]}"
                row = train(a, flags, a.epochs or BUDGET[batch] // (2 if rule == "linear" else 1), a.target)
                print(flags, row.get("reached") or row["sse"][-1:], row.get("diverged", ""), flush=True)
                yield dict(row, batch=batch, optimizer=optimizer, rule=rule)


def table(doc):
    out = ["# Large batches: time to a fixed error", "",
           "Made by `scripts/large-batch.py` on %s, %d threads, float32, CPU device; the raw numbers, with the error after every epoch and the" % (doc["cpu"], doc["threads"]),
           "learning rates that were tried, are in `large-batch.json`. 784-512-256-32 with cross-entropy on MNIST's first 60,000 images, a",
           "tenth of them held out: a row is trained until the squared error of that tenth, summed over an image, is at most %g, measured" % doc["target"],
           "after every epoch. Seconds are of the training steps. Rates are tuned at batch 128 (the least error after %d epochs) and" % TUNE_EPOCHS[BASE],
           "scaled from there by the rule; tuned rows have the best rate of those tried at that batch (after %d epochs at %d)." % (TUNE_EPOCHS[LARGE], LARGE), "",
           "| batch | rule | flags | epochs | updates | examples | seconds | test sse there |", "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for r in doc["rows"]:
        if n := r.get("reached"):
            end = "%d | %s | %s | **%.1f** | %.2f" % (n["epochs"], format(n["updates"], ","), format(n["examples"], ","), n["seconds"], n["test_sse"])
        elif "diverged" in r:
            end = "diverged in epoch %d | | | | " % (len(r["sse"]) + 1)
        else:
            end = "not in %d: %.1f | | | | " % (len(r["sse"]), r["sse"][-1])
        out.append("| %d | %s | `%s` | %s |" % (r["batch"], r["rule"], r["flags"], end))
    return "\n".join(out) + "\n"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--mnist", required=True)
    p.add_argument("--aegpu")
    p.add_argument("--tune", action="store_true")
    p.add_argument("--limit", type=int, default=0)
    p.add_argument("--epochs", type=int, default=0, help="budget of a row, or of a rate that is tried")
    p.add_argument("--target", type=float, default=8.0)
    p.add_argument("--out", default=str(root / "docs/benchmarks/large-batch"))
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if not a.aegpu:
            a.aegpu = str(pathlib.Path(folder) / "aegpu")
            subprocess.run(["go", "build", "-o", a.aegpu, "./cmd/aegpu"], cwd=root, check=True)
        file = pathlib.Path(a.out + ".json")
        doc = json.loads(file.read_text()) if file.exists() else {}
        if a.tune:
            doc["tuning"] = tune(a, doc.get("tuning", []))
        elif "tuning" not in doc:
            sys.exit(f"{file} has no tuning: run with --tune first")
        else:
            doc.update(cpu=cpu_name(), threads=os.cpu_count(), target=a.target, net=NET, rows=list(rows(a, doc["tuning"])))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(doc, indent=1) + "\n")
    if not a.tune:
        pathlib.Path(a.out + ".md").write_text(table(doc))


def cpu_name():
    info = open("/proc/cpuinfo").read()
    name = next((l.split(":")[1].strip() for l in info.splitlines() if l.startswith("model name")), "an unknown CPU")
    return name + (" with AVX-512" if "avx512f" in info else " with AVX2" if "avx2" in info else "")


if __name__ == "__main__":
    main()
