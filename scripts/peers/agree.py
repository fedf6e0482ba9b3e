"""Whether peers do the same work: aegpu's losses over some steps on one batch, and theirs from its weights on.

The batch is the first rows of the data, all at once, so that no shuffle matters, and an epoch is a step. A net without random
noise must agree to rounding; one that draws noise (a VAE's code, a corruption) draws another in each program, which a large
batch averages: at 1,024 rows every loss must agree to 2 %, and the mean difference over the steps be 0.5 %. (PyTorch with another
seed is up to 1.1 % and 0.35 % from itself on net d, and 5 % more learning rate is 2 % and more.)
"""
import json
import os

ROWS, STEPS = 1024, 20
# Relative to aegpu's loss: before the first step, and before the further ones. Adam takes steps of full length also where a
# gradient is little more than rounding, so that after some ten steps PyTorch and JAX are 1e-4 apart too. On an H100, on 64
# rows, PyTorch was 3e-8 from aegpu at first and after 20 steps 9e-4 in fp32, 3.1e-3 in tf32 and 7.2e-3 in bf16.
FIRST = {"fp32": 1e-5, "tf32": 2e-3, "bf16": 2e-2}
LATER = {"fp32": 3e-3, "tf32": 1e-2, "bf16": 2e-2}


def noise(rows=None):
    """What nets that draw noise may be apart: in a step, and on average."""
    share = (1024 / (rows or ROWS)) ** 0.5
    return 2e-2 * share, 5e-3 * share


def nets(run, aegpu, folder):
    """The nets that aegpu times, by name, and a file that says so. run takes a command and returns its output."""
    file, text = os.path.join(folder, "nets.json"), run([aegpu, "bench", "--nets"])
    with open(file, "w", encoding="utf-8") as f:
        f.write(text)
    return json.loads(text), file


def part(spec, name):
    """The numbers of the net's part of that name, as [0.05, 3.0] of kl:0.05:3; None where it has none."""
    for text in [spec["code"], spec["corrupt"], *spec.get("penalties", [])]:
        words = text.split(":")
        if words[0] == name:
            return [float(v) for v in words[1:]]
    return None


def noisy(spec):
    return part(spec, "gaussian") is not None or part(spec, "masking") is not None


def ours(run, aegpu, mnist, spec, precision, device, folder):
    """aegpu's weights before the first step (a file), and its loss before each step. run takes a command."""
    point = aegpu, mnist, spec, precision, device, ROWS
    return first_weights(run, *point, os.path.join(folder, "first")), our_losses(run, *point, os.path.join(folder, "trained"))


def first_weights(run, *point):
    out = training(run, *point, ["--epochs", "1", "--lr", "1e-30"])  # a step too short for float32 leaves the first weights
    return os.path.join(out, "model.safetensors")


def our_losses(run, *point):
    out = training(run, *point, ["--epochs", str(STEPS)])
    with open(os.path.join(out, "metrics.jsonl")) as f:
        return [json.loads(l)["train"]["loss"] for l in f]


def training(run, aegpu, mnist, spec, precision, device, rows, out, more):
    """Trains on one batch of so many rows, and returns the folder out."""
    run([aegpu, "train", mnist, "--device", device, "--precision", precision, "--limit", str(rows), "--batch", str(rows),
         "--val", "0", "--test", "0", "--quiet", "--json", "--out", out] + spec["aegpu"].split() + more)
    return out


def theirs(framework, here, mnist, specs, net, precision, device, weights):
    """The arguments of gpu_step.py that print a peer's losses."""
    return [os.path.join(here, "gpu_step.py"), framework, mnist, "--specs", specs, "--device", device, "--nets", net, "--precisions", precision,
            "--batches", str(ROWS), "--losses", weights, "--steps", str(STEPS)]


def compare(spec, precision, ours, theirs, rows=None):
    """How far a peer's losses on so many rows are from ours, and whether they agree."""
    signed = [(b - a) / abs(a) for a, b in zip(ours, theirs, strict=True)]
    apart, mean = [abs(d) for d in signed], sum(signed) / len(signed)
    allowed, drift = [FIRST[precision]] + [LATER[precision]] * (len(apart) - 1), LATER[precision]
    if noisy(spec):
        step, on_average = noise(rows)
        allowed, drift = [max(step, t) for t in allowed], max(on_average, drift)
    return dict(steps=len(apart), first=apart[0], worst=max(apart), mean=mean, allowed_first=allowed[0], allowed=allowed[-1],
                allowed_mean=drift, agrees=all(a <= t for a, t in zip(apart, allowed)) and abs(mean) <= drift)
