"""The parts that are tests of the binary gpu.test: the smoke test, the conformance suite, and both under compute-sanitizer."""
import glob
import os
import re
import shutil

from .check import Cut, Failed, Skipped, Stop, json_of, last_line

GPU = {"AEGPU_CUDASIM": "", "AEGPU_GPU_TUNING": "off"}  # not the simulator's own switches, where those are set

# The suite in float32 is its core; what else runs on a GPU comes last, but for what other parts run.
CONFORMANCE = [["-test.run", "^TestConformance$"], ["-test.run", "^TestConformanceTF32$"], ["-test.run", "^TestConformanceBF16$"],
               ["-test.skip", "^(TestConformance.*|TestVariants.*|TestAccumulated|TestLAMB|TestClassifier|TestSmoke|TestOtherForms|TestRankOfOne)$"]]
QUICK_CONFORMANCE = [["-test.short", "-test.run", "^TestConformance$/^(Memory|Linear)$"]]


def tests(c, args, env=None, each=None, tool=(), seconds=None):
    """Runs tests, calls each with every line of their report (gpu/report_test.go) when it comes; what passed and failed."""
    path, read = os.path.join(c.work, "report"), 0
    if os.path.exists(path):
        os.remove(path)

    def news(_=None):
        nonlocal read
        if each is None or not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as f:
            lines = f.read().split("\n")[:-1]
        for line in lines[read:]:
            each(json_of(line))
        if read < len(lines):
            read = len(lines)
            c.save()

    command = [*tool, c.tests, "-test.v", *args]
    code, out, err = c.run(command, seconds, {**GPU, "AEGPU_TEST_REPORT": path if each else "", **(env or {})}, news)
    news()
    found = re.findall(r"^\s*--- (PASS|FAIL|SKIP): (\S+)", out, re.M)
    failed = [n for s, n in found if s == "FAIL"]
    inner = [n for n in failed if not any(o.startswith(n + "/") for o in failed)]
    counts = {"passed": sum(s == "PASS" for s, _ in found), "failed": inner, "skipped": sum(s == "SKIP" for s, _ in found)}
    return code, counts, out, err


def verdict(code, counts, out, err):
    """What is wrong with a run of tests: "" if nothing is."""
    if code is None:
        return "cut"
    if code:
        return "exit %d: %s" % (code, ", ".join(counts["failed"][:3]) or last_line(err) or last_line(out))
    return "" if counts["passed"] else "no test ran"


def smoke(c, facts):
    facts.update(steps=[], products=[], findings=[])
    lists = {"step": facts["steps"], "product": facts["products"], "finding": facts["findings"]}

    def each(line):
        found = line["found"]
        lists[found.pop("what")].append(found)

    args = ["-test.run", "^TestSmoke$" + ("/^((fp32|tf32|bf16)_(plain|VAE|code_of_1|tuned)$|ReLU|NaN|capture)" if c.quick else "")]
    code, counts, out, err = tests(c, args, each=each)
    facts.update(counts)
    wrong = verdict(code, counts, out, err)
    if wrong != "cut" and not any(p["right"] for p in facts["products"]):
        raise Stop("nothing works: no product gives right numbers on this GPU (%s)" % (wrong or "none was asked for"))
    finish(wrong)


def forms(c, facts):
    facts["products"] = []
    code, counts, out, err = tests(c, ["-test.run", "^TestOtherForms$" + ("/^VAE_64$" if c.quick else "")], each=lambda line: facts["products"].append(line["found"]))
    facts.update(counts)
    finish(verdict(code, counts, out, err))


def ranks(c, facts):
    facts["sums"] = []
    code, counts, out, err = tests(c, ["-test.run", "^TestRankOfOne$"], each=lambda line: facts["sums"].append(line["found"]))
    facts.update(counts)
    absent = re.search(r"(no|the) NCCL .*", out)
    if code == 0 and counts["skipped"] and absent:
        raise Skipped(absent.group())
    finish(verdict(code, counts, out, err))


def finish(wrong):
    if wrong == "cut":
        raise Cut("time was up")
    if wrong:
        raise Failed(wrong)


def conformance(c, facts):
    facts["runs"], wrong = [], []
    for args in QUICK_CONFORMANCE if c.quick else CONFORMANCE:
        code, counts, out, err = tests(c, args)
        why = verdict(code, counts, out, err)
        facts["runs"].append({"tests": args[-1], **counts, "why": why})
        c.save()
        if why:
            wrong.append(why)
        if why == "cut":
            break
    finish("; ".join(wrong) if wrong != ["cut"] else "cut")


def sanitizer(c, facts):
    """memcheck and racecheck, with what time is left."""
    found = [shutil.which("compute-sanitizer"), *sorted(glob.glob("/usr/local/cuda*/bin/compute-sanitizer"), reverse=True)]
    tool = next(filter(None, found), None)
    if not tool:
        raise Skipped("compute-sanitizer is not there")
    facts["tool"], facts["tools"], wrong = tool, {}, []
    for name, share in (("memcheck", 0.6), ("racecheck", 1.0)):
        command = [tool, "--tool", name, "--error-exitcode", "9"]
        if name == "memcheck":
            command += ["--report-api-errors", "no"]  # a test asks for more memory than there is
        args = QUICK_CONFORMANCE[0] if c.quick else ["-test.short", "-test.run", "^TestConformance$"]
        code, counts, out, err = tests(c, args, tool=command, seconds=share * c.part_left())
        summary = re.findall(r"(?:ERROR|RACECHECK) SUMMARY:.*", out + err)
        facts["tools"][name] = {"exit": code, "summary": summary[-1] if summary else last_line(err), **counts}
        c.save()
        if code != 0:
            wrong.append("%s: %s" % (name, "cut after %d tests" % counts["passed"] if code is None else facts["tools"][name]["summary"]))
    if any(t["exit"] not in (0, None) for t in facts["tools"].values()):
        raise Failed("; ".join(wrong))
    if wrong:
        raise Cut("; ".join(wrong))
