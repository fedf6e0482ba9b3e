#!/usr/bin/env python3
"""PyTorch from process start to the end of its first steps: seconds, and peak memory.

    torch_first.py NET MNIST_DIR --specs nets.json [--batch 128] [--steps 1] [--threads 2]
"""
import time

start = time.time()

import argparse
import json
import os
import resource

import torch

import torch_step


def started():
    """When the process began, by the kernel's clock where there is one: the interpreter's own start counts."""
    try:
        with open("/proc/self/stat") as f:
            ticks = float(f.read().rsplit(")", 1)[1].split()[19])
        with open("/proc/uptime") as f:
            return time.time() - float(f.read().split()[0]) + ticks / os.sysconf("SC_CLK_TCK")
    except OSError:
        return start


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("net")
    p.add_argument("mnist")
    p.add_argument("--specs", required=True, help="a file of what `aegpu bench --nets` prints")
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--steps", type=int, default=1)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    with open(a.specs) as f:
        spec = json.load(f)[a.net]
    steps = torch_step.Steps(spec, torch_step.images(a.mnist), a.batch)
    for _ in range(a.steps):
        steps.step()
    print(json.dumps(dict(peer="torch " + torch.__version__, batch=a.batch, steps=a.steps, seconds=time.time() - started(),
                          peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)))


if __name__ == "__main__":
    main()
