#!/usr/bin/env python3
"""Times the training step of one net in PyTorch on the CPU, a JSON line a batch size.

    torch_step.py NET MNIST_DIR --specs nets.json --batches 64,128 --runs 5 --target 0.5 --threads 2

The nets are what `aegpu bench --nets` prints. Cross-entropy from logits summed over the pixels, mean over the batch; Adam 1e-3; the data
resident as float32, batches gathered by index from a fresh permutation every epoch. A point is the median of the runs.
"""
import argparse
import gzip
import json
import os
import statistics
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from agree import part


def images(folder):
    with gzip.open(os.path.join(folder, "train-images-idx3-ubyte.gz")) as f:
        pixels = np.frombuffer(f.read(), np.uint8, offset=16)
    return torch.from_numpy(pixels.astype(np.float32).reshape(-1, 784) / 255)


def layers(widths, activation):
    out = []
    for a, b in zip(widths, widths[1:]):
        out += [nn.Linear(a, b), activation()]
    return out


class Net(nn.Module):
    """A net, its forward pass returning the loss."""

    def __init__(self, spec):
        super().__init__()
        self.spec = spec
        act = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}[spec["activation"]]
        hidden, latent = spec["hidden"], spec["latent"]
        code = 2 * latent if part(spec, "gaussian") is not None else latent
        self.encoder = nn.Sequential(*layers([784] + hidden, act), nn.Linear(([784] + hidden)[-1], code))
        self.decoder = nn.Sequential(*layers([latent] + hidden[::-1], act), nn.Linear(([latent] + hidden[::-1])[-1], 784))

    def forward(self, x):
        spec, seen = self.spec, x
        if part(spec, "masking"):
            seen = x * (torch.rand_like(x) >= part(spec, "masking")[0])
        h, penalty = self.encoder(seen), 0.0
        if part(spec, "gaussian") is not None:
            mu, logvar = h.chunk(2, dim=1)
            h = mu + torch.randn_like(mu) * torch.exp(logvar / 2)
            penalty = ((mu * mu + logvar.exp() - 1 - logvar) / 2).sum() / len(x)
        elif spec.get("code_activation") == "sigmoid":
            h = torch.sigmoid(h)
        if part(spec, "kl"):
            rho, weight = part(spec, "kl")
            m = h.mean(0)
            penalty = weight * (rho * (rho / m).log() + (1 - rho) * ((1 - rho) / (1 - m)).log()).sum()
        if part(spec, "exact"):
            squares = (self.encoder[0].weight ** 2).sum(1)
            penalty = part(spec, "exact")[0] * ((h * (1 - h)) ** 2 @ squares).mean()
        return F.binary_cross_entropy_with_logits(self.decoder(h), x, reduction="sum") / len(x) + penalty


class Steps:
    def __init__(self, spec, data, batch):
        torch.manual_seed(0)
        self.net, self.data, self.batch = Net(spec), data, batch
        self.adam = torch.optim.Adam(self.net.parameters(), lr=1e-3)
        self.order, self.at = torch.randperm(len(data)), 0

    def step(self):
        if self.at + self.batch > len(self.data):
            self.order, self.at = torch.randperm(len(self.data)), 0
        index = self.order[self.at : self.at + self.batch]
        self.at += self.batch
        self.adam.zero_grad(set_to_none=True)
        self.net(self.data.index_select(0, index)).backward()
        self.adam.step()

    def seconds(self, steps):
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        return (time.perf_counter() - start) / steps


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("net")
    p.add_argument("mnist")
    p.add_argument("--specs", required=True, help="a file of what `aegpu bench --nets` prints")
    p.add_argument("--batches", default="64,128,512,2048,8192")
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--target", type=float, default=0.5, help="seconds a run")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    with open(a.specs) as f:
        spec = json.load(f)[a.net]
    data = images(a.mnist)
    for batch in map(int, a.batches.split(",")):
        steps = Steps(spec, data, batch)
        for _ in range(3):
            per = steps.seconds(3)
        k = max(2, int(a.target / per))
        ms = [1e3 * steps.seconds(k) for _ in range(a.runs)]
        print(json.dumps(dict(peer="torch " + torch.__version__, batch=batch, step_ms=statistics.median(ms), min_ms=min(ms),
                              max_ms=max(ms), runs=a.runs, examples_per_second=1e3 * batch / statistics.median(ms))), flush=True)


if __name__ == "__main__":
    main()
