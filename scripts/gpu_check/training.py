"""Trainings on the GPU next to the CPU's: the command on MNIST, and every variant of the tests."""
import concurrent.futures
import hashlib
import json
import os

from .check import Failed, good
from .gotests import finish, tests, verdict

VARIANTS = "^(TestVariants|TestVariantsInLowerPrecision|TestLAMB|TestAccumulated|TestClassifier)$"
CLOSE = {"fp32": 1e-5, "tf32": 2e-3, "bf16": 2e-2}  # relative, of losses over the first steps
SPREAD = 10  # as in gpu/curves_test.go


def training(c, facts):
    facts["runs"] = []
    args = ["-test.run", "^TestVariants$/^(plain|VAE)$" if c.quick else VARIANTS]
    mnist(c, facts)
    code, counts, out, err = tests(c, args, each=lambda line: facts["runs"].append({"test": line["test"], **line["found"]}))
    facts.update(counts)
    wrong = verdict(code, counts, out, err)
    bad = [m["precision"] for m in facts["mnist"] if not (m["overlay"] and m["same_twice"])]
    if bad:
        raise Failed("; ".join(filter(None, [wrong, "on MNIST not as the CPU, or not the same twice: " + ", ".join(bad)])))
    finish(wrong)


def mnist(c, facts):
    """The plain net on MNIST: on the GPU twice in each precision, and on the CPU in two orders of sums, which say how far
    curves may come apart: in three epochs some 1e-3. (Four batches of 32 rows are no other order than one of 128 there.)"""
    facts["mnist"], net = [], c.nets["a"]
    rows, epochs = (256, 3) if c.quick else (6000, 3)
    precisions = ["fp32"] if c.quick else list(CLOSE)
    jobs = [("cpu", "fp32", "", 128, 1), ("cpu", "fp32", "in pieces", 64, 2)]
    jobs += [("0", p, again, 128, 1) for p in precisions for again in ("", "again")]
    with concurrent.futures.ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        done = {j[:3]: pool.submit(train, c, net, rows, epochs, *j) for j in jobs}
        cpu, other = (done["cpu", "fp32", which].result()[0] for which in ("", "in pieces"))
        spread = max(abs(a - b) / abs(b) for a, b in zip(other, cpu))
        for p in precisions:
            (losses, digest), (_, again) = (done["0", p, which].result() for which in ("", "again"))
            apart, allowed = max(abs(a - b) / abs(b) for a, b in zip(losses, cpu)), max(CLOSE[p], SPREAD * spread)
            facts["mnist"].append({"precision": p, "gpu": losses, "cpu": cpu, "apart": apart, "spread": spread, "allowed": allowed,
                                   "overlay": len(losses) == len(cpu) and apart <= allowed, "same_twice": digest == again, "sha256": digest})
            c.save()


def train(c, net, rows, epochs, device, precision, which, batch, batches):
    """The losses by epoch, and the digest of the weights. An update is of so many batches."""
    out = os.path.join(c.work, "-".join(["mnist", device, precision, which.replace(" ", "-")]))
    command = [c.aegpu, "train", c.mnist, "--device", device, "--precision", precision, "--limit", str(rows), "--epochs", str(epochs),
               "--batch", str(batch), "--accumulate", str(batches), "--val", "0", "--test", "0", "--seed", "5", "--json", "--quiet", "--out", out]
    good(*c.run(command + net["aegpu"].split(), env={"AEGPU_GPU_TUNING": "off"}))
    with open(os.path.join(out, "metrics.jsonl"), encoding="utf-8") as f:
        losses = [json.loads(l)["train"]["loss"] for l in f]
    with open(os.path.join(out, "model.safetensors"), "rb") as f:
        return losses, hashlib.sha256(f.read()).hexdigest()
