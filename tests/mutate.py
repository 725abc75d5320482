"""Feeds the command line with damaged inputs: ``python -m tests.mutate 1000``.

Configs, tables, pages and files of probes are made from the small seeds below by chance (with a fixed seed), each is
given to a command in a forked child with a limit on time and memory, and a table says how the commands ended. Nobody
may end with status 1, and nobody be ended by a limit.
"""

import contextlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = 20
MEMORY = 1_000_000_000
SEED = 13

ROWS = [
    {
        "id": f"r{n}",
        "text": f"{text[:-1]}, {('officials', 'the papers', 'a diplomat')[n // 8]} said.",
        "labels": [label] if label else [],
        "group": f"g{n % 6}",
        "n": n,
    }
    for n, (text, label) in enumerate(
        [
            ("Ostland denied that its ships had entered the strait.", "denial"),
            ("The ministry rejected the claims as baseless.", "denial"),
            ("The two governments signed a trade agreement.", "cooperation"),
            ("Delegations agreed to work together on the pipeline.", "cooperation"),
            ("The general warned of severe consequences.", "threat"),
            ("Westland threatened to close the border.", "threat"),
            ("The harbour was quiet on Monday morning.", ""),
            ("Prices of grain rose a little in March.", ""),
        ]
        * 3
    )
]

CONFIG = """\
# a small experiment
name: small
description: "words, for trying"
task: {name: framing, type: multilabel, labels: [threat, cooperation, denial]}
data:
  train: rows.jsonl
  test_size: 0.3
  columns: {text: text, labels: labels, id: id, group: group}
  label_codes: {1: threat, 2: denial}
  encoding: utf-8
features: &f
  - {type: words, min_df: 1, ngram: [1, 2]}
classifier: {type: logistic, C: 1.5}
thresholds: {method: fixed, value: 0.5}
evaluation: {bootstrap: 20, errors: 2, slices: [n], probes: false}
tracking: {experiment: tries/one, register: false}
seed: 7
"""

KEYWORDS = """\
defaults: base.yaml
name: ${task.name}-keywords
features: []
classifier:
  type: lexicon
  keywords: {threat: [warn, "threaten|menace ~ border"], denial: [deny, reject], cooperation: [agree]}
"""

PROBES = """\
extends: []
seed: 3
cases: 5
lists: {actor: [Ostland, {name: Westland, capital: Westport}]}
slots: {other: actor}
templates:
  - {text: "{actor} denied that {other} had agreed.", labels: [denial]}
  - {text: "{other} warned {actor}.", labels: [threat]}
tests:
  - {name: renamed, kind: invariance, why: names, change: {refill: [actor]}}
  - {name: as labelled, kind: labels, why: truth}
"""

PAGE = """\
<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Talks resume | The Daily</title>
<meta property="og:title" content="Talks resume"><meta name="date" content="2024-03-05">
<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Talks resume"}</script></head>
<body><nav><a href="/">Home</a></nav><article><h1>Talks resume</h1>
<p>The ministry of trade in Ostland denied on Monday that its ships had been stopped at the port of Westport.</p>
<p>Delegations of the two countries agreed to meet again; a spokesman warned of &quot;consequences&quot;.</p>
<table><tr><td>grain</td><td>7</td></tr></table><ul><li>First point of the talks.</li></ul>
</article><!-- end --></body></html>
"""

_CSV_CELLS = [[row["id"], row["text"], ";".join(row["labels"]), row["group"]] for row in ROWS]  # type: ignore[arg-type]


def _delimited(separator: str) -> str:
    lines = [separator.join(("id", "text", "labels", "group"))]
    lines += [
        separator.join(f'"{cell}"' if separator in str(cell) else str(cell) for cell in row) for row in _CSV_CELLS
    ]
    return "\n".join(lines) + "\n"


SEEDS: dict[str, list[str]] = {
    ".yaml": [CONFIG, KEYWORDS],
    ".probes.yaml": [PROBES],
    ".csv": [_delimited(","), _delimited(";")],
    ".tsv": [_delimited("\t")],
    ".jsonl": ["".join(json.dumps(row) + "\n" for row in ROWS)],
    ".json": [json.dumps(ROWS)],
    ".html": [PAGE],
}
"""The ending of a file, and what files with it are made from."""

_VALUES = [
    *(
        "",
        "~",
        "null",
        "yes",
        "nan",
        ".inf",
        "-1",
        "0",
        "1e400",
        "0x1F",
        "010",
        "1:30",
        "NA",
        "1" + "0" * 30,
        "9" * 5000,
    ),
    *(
        "2020-13-45",
        "0000-00-00",
        "9999-12-31T25:61:61",
        "[]",
        "{}",
        "[{[]: 1}]",
        "['a', 1e999]",
        "[[",
        "~nobody-here/x",
    ),
    *("undefined", "idna", "punycode", "rot13", "utf-16", "../../x", "/dev/null", "x" * 5000, "x\0y", "\\", "'", '"'),
    *(
        "\ufeff",
        "\u2028",
        "\x85",
        "\x1b[31m",
        "é" * 300,
        "=1+1",
        "\U0001f600",
        "true",
        "3.0",
        "-0",
        "${seed}",
        "${data}",
    ),
]
_NUMBERS = [
    "-1",
    "0",
    "1",
    "2",
    "3",
    "7",
    "99",
    "1000000000000",
    "18446744073709551616",
    "1.0e-320",
    "1.0e+308",
    "0.999999999",
]
_OF_KIND: dict[str, list[str]] = {
    "yaml": [
        *(
            "&a [*a]",
            "*f",
            "*nothing",
            "!!int x",
            "!!binary YQ==",
            "!!python/object:os.x {}",
            "!x y",
            "? [a]\n: b\n",
            "<<: *f",
        ),
        *(
            '"\\ud800"',
            '"\\UFFFFFFFF"',
            "[" * 300,
            "{a: " * 80,
            "${oc.env:HOME}",
            "${oc.create:x}",
            "${..x}",
            "---\n",
            "%YAML 9\n",
        ),
        *(
            "\n  a: b",
            "!!omap [a: 1]",
            "!!set {a}",
            "\t",
            "- ",
            ": ",
            "|\n",
            ">-\n",
            "{",
            "}",
            "[",
            "]",
            ",",
            "#",
            "&x ",
            "*x",
        ),
    ],
    "json": [
        *(
            '"\\ud800"',
            "[" * 3000,
            '{"a":' * 200,
            "1e999",
            "NaN",
            "-Infinity",
            "null",
            "{}",
            "[]",
            '"\\u0000"',
            "9" * 4000,
        ),
        *(',"text":7', '"text":["a"],', '{"labels":{"a":[]}}', "\n", ",", "}", "]", '"', '"labels":"[{[]: 1}]",', "\\"),
    ],
    "csv": [
        '"',
        '""',
        ",",
        ";",
        "\t",
        "\n",
        "\r",
        "\r\n",
        '"[{[]: 1}]"',
        "sep=;\n",
        "\x1f",
        ",,,,",
        '"\n"',
        "|",
        "[1e999]",
    ],
    "html": [
        *(
            "<div>" * 2000,
            "<b>" * 2000,
            "<a " + "x=1 " * 20_000 + ">",
            "</p>",
            "<!--",
            "-->",
            "<script>",
            "</script>",
            "<![CDATA[",
        ),
        *(
            "&#xd800;",
            "&#1114112;",
            "&" * 50,
            "<meta charset=undefined>",
            "<meta charset=idna>",
            "<?xml encoding='rot13'?>",
            "<",
        ),
        *(
            "<table><tr><td>" * 300,
            "<title>" + "a | " * 3000 + "</title>",
            "<h1>x</h1>" * 500,
            "<base href='//['>",
            "<svg>",
        ),
        *(
            "<a href='http://[x'>y</a>",
            "<time datetime='99999-99-99'>x</time>",
            "<meta property=og:title content='%s'>",
        ),
    ],
}


def mutated(text: str, kind: str, chance: random.Random) -> bytes:
    """Return a text with one to six faults, as bytes.

    Parameters
    ----------
    text : str
        A file that can be read.
    kind : {"yaml", "json", "csv", "html"}
        What faults are likely.
    chance : random.Random
        Decides.
    """
    if kind == "yaml" and chance.random() < 0.5:  # stays YAML, so that what stands behind the reader is met
        return _valued(text, kind, chance, whole=True).encode("utf-8", "surrogatepass")
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        text = chance.choice((_cut, _doubled, _valued, _valued, _valued, _inserted, _cell))(text, kind, chance)
        text = text[:2_000_000]
    data = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.2 and data:
        at = chance.randrange(len(data))
        data = data[:at] + bytes(chance.randrange(256) for _ in range(chance.randint(1, 4))) + data[at + 1 :]
    if chance.random() < 0.03:
        data = data.decode("utf-8", "replace").encode(chance.choice(("utf-16", "utf-32", "cp1252")), "replace")
    return data


def _span(text: str, chance: random.Random, most: int = 60) -> tuple[int, int]:
    begin = chance.randrange(len(text) + 1)
    return begin, min(len(text), begin + chance.randint(1, most))


def _cut(text: str, kind: str, chance: random.Random) -> str:
    begin, end = _span(text, chance)
    return text[:begin] + text[end:]


def _doubled(text: str, kind: str, chance: random.Random) -> str:
    begin, end = _span(text, chance, 300)
    return text[:end] + text[begin:end] * chance.choice((1, 1, 2, 50)) + text[end:]


def _valued(text: str, kind: str, chance: random.Random, whole: bool = False) -> str:
    """Put a value in the place of a word or number, or of what stands behind a colon."""
    words = [
        (begin, end)
        for begin, end in _words(text)
        if kind != "yaml" or text[:begin].rstrip(" \"'").endswith((":", "[", ",", "{"))
    ]
    if not words:
        return text
    begin, end = chance.choice(words)
    number = text[begin:end].replace(".", "").isdigit() and chance.random() < 0.7
    value = chance.choice(_NUMBERS if number else _VALUES + _OF_KIND[kind])
    return text[:begin] + (json.dumps(value) if whole and not number else value) + text[end:]


def _words(text: str) -> list[tuple[int, int]]:
    found, begin = [], None
    for at, character in enumerate(text[:100_000] + " "):
        if character.isalnum() or character in "_.-":
            begin = at if begin is None else begin
        elif begin is not None:
            found.append((begin, at))
            begin = None
    return found


def _inserted(text: str, kind: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(_OF_KIND[kind] + _VALUES) + text[at:]


def _cell(text: str, kind: str, chance: random.Random) -> str:
    """Put another character in the place of one."""
    at = chance.randrange(len(text) + 1)
    return (
        text[:at] + chr(chance.choice((0, 9, 34, 39, 44, 58, 92, 123, 0x85, 0xD800, 0xFEFF, 0x10FFFF))) + text[at + 1 :]
    )


def kind_of(ending: str) -> str:
    """Return what faults are likely in a file with an ending."""
    return {".jsonl": "json", ".json": "json", ".tsv": "csv", ".csv": "csv", ".html": "html"}.get(ending, "yaml")


@dataclass(frozen=True)
class Ended:
    """How a command ended: its status (minus the signal's number, where one ended it), processor's seconds, bytes."""

    name: str
    command: Sequence[str]
    status: int
    seconds: float
    memory: int
    said: str


def run(command: Sequence[str], folder: Path, name: str = "") -> Ended:
    """Run a command of framescope in a forked child of this process, in a folder, within the limits."""
    said = folder / ".said"
    child = os.fork()
    if not child:
        status = 70
        try:
            status = _in_child(command, folder, said)
        except BaseException:
            with said.open("a", encoding="utf-8", errors="backslashreplace") as out:
                traceback.print_exc(file=out)
        finally:
            os._exit(status)
    _, ended, used = os.wait4(child, 0)
    status = os.waitstatus_to_exitcode(ended)
    text = said.read_text(encoding="utf-8", errors="replace") if said.exists() else ""
    return Ended(name, command, status, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, text)


def _in_child(command: Sequence[str], folder: Path, said: Path) -> int:
    from experiments.commands.main import main

    os.chdir(folder)
    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for each in (1, 2):
        os.dup2(out, each)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    signal.alarm(6 * SECONDS)  # for what waits and does nothing; other programs use the machine, too
    sys.argv = ["framescope", *command]
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    return 0


def commands_for(ending: str, name: str) -> list[list[str]]:
    """Return the commands that a file is given to in turn."""
    if ending == ".yaml":
        return [["train", name]]
    if ending == ".probes.yaml":
        return [["probe", "--model", "model", "--probes", name]]
    if ending == ".html":
        return [["score", name, "--model", "model"]]
    return [
        ["data", "check", name],
        ["score", name, "--model", "model", "--id", "id"],
        [
            "evaluate",
            "--data",
            name,
            "--model",
            "model",
            "--no-track",
            "--predictions",
            "said.parquet",
            "--bootstrap",
            "20",
        ],
        ["evaluate", "--data", name, "--model", "model", "--no-track", "--slice", "group", "--bootstrap", "20"],
        ["train", "base.yaml", f"data.train={name}"],
    ]


def prepare(folder: Path) -> None:
    """Write the files that the inputs name: rows, a config and a model."""
    from experiments.config.files import load_config
    from experiments.train import prepare as rows_of
    from experiments.training.fitting import fit

    (folder / "rows.jsonl").write_text(SEEDS[".jsonl"][0], encoding="utf-8")
    (folder / "base.yaml").write_text(CONFIG, encoding="utf-8")
    with contextlib.chdir(folder):
        config = load_config("base.yaml")
        train, test = rows_of(config, lambda line: None)
        fit(config, train, test).save(folder / "model")


def inputs(count: int, seed: int = SEED) -> list[tuple[str, str, bytes]]:
    """Return as many inputs: a name, the ending, and the bytes; the same ones for the same seed."""
    endings = [".yaml", ".csv", ".jsonl", ".html", ".yaml", ".tsv", ".json", ".html", ".probes.yaml", ".yaml"]
    found = []
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        ending = endings[number % len(endings)]
        found.append((f"in{number}{ending}", ending, mutated(chance.choice(SEEDS[ending]), kind_of(ending), chance)))
    return found


def main(count: int, keep: str | None = None) -> int:
    """Run the commands on so many inputs, print the table, and return how many ended as none may."""
    os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    scratch = Path(tempfile.mkdtemp())
    ends: dict[str, list[Ended]] = {}
    try:
        prepare(scratch)
        _import_all()
        run(["train", "base.yaml"], scratch)  # makes the store, which takes seconds
        turns: Counter[str] = Counter()
        for name, ending, data in inputs(count):
            (scratch / name).write_bytes(data)
            commands = commands_for(ending, name)
            ended = run(commands[turns[ending] % len(commands)], scratch, name)
            turns[ending] += 1
            ends.setdefault(ending, []).append(ended)
            if ended.status not in (0, 2):
                print(f"{name}: status {ended.status}: {' '.join(ended.command)}\n{ended.said[-600:]}", flush=True)
                if keep:
                    shutil.copy(scratch / name, keep)
            (scratch / name).unlink()
    finally:
        shutil.rmtree(scratch)
    print(f"{'input':<14}{'runs':>6}{'exit 0':>8}{'exit 2':>8}{'others':>8}{'slowest s':>11}{'most MB':>9}")
    for ending, runs in ends.items():
        statuses = Counter(each.status for each in runs)
        others = len(runs) - statuses[0] - statuses[2]
        slowest, most = max(each.seconds for each in runs), max(each.memory for each in runs) // 1_000_000
        print(f"{ending:<14}{len(runs):>6}{statuses[0]:>8}{statuses[2]:>8}{others:>8}{slowest:>11.1f}{most:>9}")
    return sum(each.status not in (0, 2) for runs in ends.values() for each in runs)


def _import_all() -> None:
    """Import what the commands import when they run, once for all children."""
    import importlib

    for module in (
        "mlflow",
        "pyarrow.parquet",
        "trafilatura",
        "experiments.articles.write",
        "experiments.commands.main",
        "experiments.commands.summary",
        "experiments.evaluation.tracked",
        "experiments.quality.data_check",
        "experiments.train",
    ):
        importlib.import_module(module)


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, *sys.argv[2:3]) else 0)
