#!/usr/bin/env python3
"""PyTorch trained from process start until the test sse is low enough: the seconds, and the test sse of every epoch.

    torch_to.py MNIST_DIR --spec '{"hidden": [1000, 500, 250], "latent": 30, "activation": "relu"}' --sse 5 --mode eager

The steps are those that gpu_step.py times: cross-entropy from logits, Adam 1e-3. The seconds end with the evaluation of the
epoch that is good enough; those of the epochs before are not counted.
"""
import time

start = time.time()

import argparse
import gzip
import json
import os

import numpy
import torch

import gpu_step
import torch_first
import torch_step


def images(folder, part):
    with gzip.open(os.path.join(folder, part + "-images-idx3-ubyte.gz")) as f:
        pixels = numpy.frombuffer(f.read(), numpy.uint8, offset=16)
    return torch.from_numpy(pixels.astype(numpy.float32).reshape(-1, 784) / 255)


def sse(net, rows):
    """The squared error summed over an example, mean over the examples."""
    with torch.no_grad():
        total = sum(((torch.sigmoid(net.decoder(net.encoder(x))) - x) ** 2).sum().item() for x in rows.split(1000))
    return total / len(rows)


def as_aegpu_starts(steps, data):
    """Glorot's uniform weights, biases of zero, and an output bias that makes the training mean."""
    layers = [(torch.nn.init.xavier_uniform_(torch.empty_like(m.weight)), torch.zeros_like(m.bias)) for m in steps.linear()]
    layers[-1] = (layers[-1][0], torch.logit(data.mean(0), eps=1e-3))
    steps.load(layers)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("mnist")
    p.add_argument("--spec", required=True)
    p.add_argument("--sse", type=float, required=True)
    p.add_argument("--mode", default="eager", choices=gpu_step.MODES["torch"])
    p.add_argument("--start", default="pytorch", choices=["pytorch", "aegpu"], help="weights as either begins")
    p.add_argument("--batch", type=int, required=True)
    p.add_argument("--limit", type=int, default=0)
    p.add_argument("--most", type=int, default=50, help="epochs")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    p.add_argument("--precision", default="fp32")
    p.add_argument("--threads", type=int)
    a = p.parse_args()
    if a.threads:
        torch.set_num_threads(a.threads)
    data, test = torch_step.images(a.mnist), images(a.mnist, "t10k").to(a.device)
    data = data[: a.limit or len(data)].to(a.device)
    steps = gpu_step.TorchSteps(torch, json.loads(a.spec), data, a.batch, a.mode, a.precision, a.seed)
    if a.start == "aegpu":
        as_aegpu_starts(steps, data)
    reached, looking = [], 0.0
    while len(reached) < a.most and not (reached and reached[-1] <= a.sse):
        for _ in range(len(data) // a.batch):
            steps.following()
        if a.device == "cuda":
            torch.cuda.synchronize()
        began = time.perf_counter()
        reached.append(sse(steps.net, test))
        last = time.perf_counter() - began
        looking += last
    seconds = time.time() - torch_first.started() - (looking - last)
    print(json.dumps(dict(peer="torch " + torch.__version__, seconds=seconds, epochs=len(reached), sse=reached, reached=reached[-1] <= a.sse)))


if __name__ == "__main__":
    main()
