import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from experiments.config.schema import Config
from experiments.corpus.rows import Labelled
from experiments.evaluation.evaluate import Evaluation, evaluate
from experiments.evaluation.report import write_report
from experiments.model import SentenceClassifier
from experiments.pages import SPEAKS
from experiments.tables.table import Table
from features import build_features

THREAT = """Rebels attacked the border post with rockets on Tuesday.
The militia threatened to shell the capital again.
Gunmen attacked a convoy near the northern town.
The general warned that missiles would strike the port.
Troops shelled three villages before dawn.
A bomb killed four policemen outside the market.
The army warned of a wider attack by the rebels.
Rockets struck the harbour and killed two sailors.
Insurgents threatened to attack the pipeline.
The attack killed nine soldiers at the checkpoint.
Militants shelled the airport for a second night.
Commanders threatened further missile strikes.
The blockade could starve the city, the mayor warned.
Gunmen killed a judge and attacked his guards."""
COOPERATION = """The two governments signed a trade agreement on Monday.
Ministers agreed to joint patrols along the river.
Both sides signed the accord and shook hands.
The neighbours will share water under the agreement.
Officials agreed to reopen the joint border office.
The presidents signed a treaty on fisheries.
Delegates agreed on a joint plan for refugees.
The countries will train their police jointly.
Negotiators signed the accord after nine days of talks.
The ministries agreed to share flood warnings.
A joint commission will oversee the accord.
Both capitals agreed to exchange prisoners.
The agreement lets trains cross the border again.
The premiers signed a pact on energy and trade."""
NEITHER = """The harvest was late in most provinces this year.
Prices of rice rose two percent in the capital.
The museum reopened after a year of repairs.
Rain delayed the final by forty minutes.
The central bank left its rates unchanged.
A new bridge is due to open in the spring.
Voters queued outside schools in the heat.
The striker scored twice in the second half.
The ministry published its budget on Thursday.
Tourists returned to the beaches of the south.
The census counted eleven million people.
Schools close for the holiday next week.
The river was lower than in any June on record.
Markets were quiet ahead of the long weekend."""


@dataclass(frozen=True)
class Case:
    config: Config
    classifier: SentenceClassifier
    rows: Labelled
    evaluation: Evaluation

    def write(self, folder: Path) -> str:
        path = write_report(folder, "run-0042", self.config, self.classifier, self.rows, self.evaluation)
        assert path == folder / "report.html"
        return path.read_text(encoding="utf-8")


def build(multilabel=True, classifier=None, extra=(), **changes) -> Case:
    """Train and test on the sentences above (what is tested here is the report, not the model)."""
    labels = ["threat", "cooperation"] if multilabel else ["threat", "cooperation", "neither"]
    kinds = [
        (text, number) for number, block in enumerate((THREAT, COOPERATION, NEITHER)) for text in block.split("\n")
    ]
    kinds += list(extra)
    y = np.eye(3, dtype=np.int8)[[number for _, number in kinds]][:, : len(labels)]
    texts = [text for text, _ in kinds]
    ids = [f"s-{number}" for number in range(len(texts))]
    groups = [f"g-{number // 2}" for number in range(len(texts))]
    table = Table("rows", {"text": texts, "desk": ["north" if number % 2 else "south" for number in range(len(texts))]})
    config = Config.model_validate(
        {
            "name": "small",
            "description": "A try",
            "task": {"name": "framing", "type": "multilabel" if multilabel else "multiclass", "labels": labels},
            "data": {"train": "sentences.jsonl"},
            "features": [] if classifier and classifier["type"] == "lexicon" else [{"type": "words", "min_df": 1}],
            "classifier": classifier or {"type": "logistic"},
            "thresholds": {"method": "fixed", "value": 0.5},
            "evaluation": {"bootstrap": 50, "slices": ["desk"], "errors": 3},
            **changes,
        }
    )
    rows = Labelled("sentences.jsonl", table, ids, texts, groups, y)
    estimator = config.classifier.build(labels, multilabel, 0)
    steps = [("features", build_features(config.features))] if config.features else []
    pipeline = Pipeline([*steps, ("classifier", estimator)]).fit(texts, y if multilabel else rows.target)
    model = SentenceClassifier(pipeline, config.task, np.full(len(labels), 0.5), {"python": "3.12"})
    measured = evaluate(model, rows, config.evaluation.bootstrap, 0, config.evaluation.slices)
    return Case(config, model, rows, measured)


def with_predictions(case: Case, probabilities: np.ndarray) -> Case:
    """Put other predictions in the place of the model's."""

    class Fixed:
        def predict_proba(self, texts):
            return probabilities if len(texts) == len(probabilities) else np.tile(probabilities[:1], (len(texts), 1))

    model = replace(case.classifier, pipeline=Fixed())
    return replace(case, classifier=model, evaluation=evaluate(model, case.rows, 0))


def visible(page: str) -> str:
    """Return the page's text as a reader sees it, white space evened out."""
    body = page[page.index("<body>") :]
    return " ".join(re.sub(r"<[^>]*>", "", re.sub(r"</t[dh]>", " ", body)).split())


class Loads(HTMLParser):
    """Collects what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found += [tag] * (tag in ("script", "link", "img", "iframe", "object"))
        self.found += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href") and value[:1] != "#"
        ]


@pytest.fixture(scope="module")
def case() -> Case:
    return build()


@pytest.fixture(scope="module")
def page(case, tmp_path_factory) -> str:
    return case.write(tmp_path_factory.mktemp("report"))


def test_the_main_result_is_a_sentence(case, page):
    macro = case.evaluation.metrics["macro_f1"]
    sentence = f"Macro-F1 {macro.value:.3f} [{macro.low:.3f}, {macro.high:.3f}] on 42 held-out sentences in 21 groups"
    assert sentence in visible(page)
    assert "95% bounds, as if other groups had been drawn" in visible(page)


def test_a_known_result_appears_in_the_tables_and_the_figures(case, tmp_path):
    scores = np.where(case.rows.y == 1, 0.9, 0.1)
    scores[:7, 0] = 0.2  # half of the threats are missed: recall 7/14, F1 2/3
    text = visible(with_predictions(case, scores).write(tmp_path))
    assert re.search(r"threat 14 1\.000 0\.500 0\.667", text)
    assert "Macro 1.000 0.750 0.833" in text
    assert "Missed: 7, of which the 3 most confident" in text
    assert "Wrongly given: none" in text
    confusion = (tmp_path / "figures" / "confusion.svg").read_text()
    cells = re.findall(r">(\d+%?)</", confusion)
    assert cells.count("7") == 2, "of the fourteen threats seven found and seven missed"
    assert cells.count("50%") == 2


def test_the_figures_are_files_too(case, tmp_path):
    case.write(tmp_path)
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {"precision-recall.svg", "reliability.svg", "confusion.svg", "risk-coverage.svg"}
    for path in (tmp_path / "figures").iterdir():
        assert "<text" in path.read_text(), "letters stay letters, so that a paper's editor can set them"


def test_what_the_model_learned_and_how_to_repeat_it(page):
    text = visible(page)
    assert "attacked" in text[text.index("What the model goes by") :]
    assert "run-0042" in text
    assert "framescope train config.yaml" in text


def test_the_slices_are_charted(page):
    assert "By desk" in page
    assert page.count('<svg class="dot"') == 2 * 3  # two desks; macro-F1 and two labels


def test_text_from_the_data_is_escaped(tmp_path):
    evil = "<script>alert(1)</script> & <img src=x onerror=alert(1)> the general warned"
    shown = build(extra=[(evil, 1)], name="a <b>bold</b> name", description="<script>x</script>")
    scores = np.where(shown.rows.y == 1, 0.9, 0.1)
    scores[-1] = [0.99, 0.01]
    page = with_predictions(shown, scores).write(tmp_path)
    assert "<script" not in page
    assert "<img" not in page
    assert "a <b>bold</b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_nothing_is_loaded_from_elsewhere(page):
    loads = Loads()
    loads.feed(page)
    assert loads.found == []
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_every_id_occurs_once(page):
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_same_run_gives_the_same_bytes_apart_from_the_date(case, tmp_path):
    first, second = case.write(tmp_path / "a"), case.write(tmp_path / "b")
    date = re.compile(r'<dd id="date">[^<]*</dd>')
    assert date.sub("", first) == date.sub("", second)
    for path in (tmp_path / "a" / "figures").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "figures" / path.name).read_bytes()


def test_a_multiclass_task_has_one_confusion_matrix_and_no_thresholds(tmp_path):
    page = build(multilabel=False).write(tmp_path)
    text = visible(page)
    assert "Accuracy" in text
    assert "Threshold" not in text
    assert "Missed:" not in text, "what one label misses is listed under the label given"
    assert "True label (rows) against predicted label (columns)" in text


def test_without_a_bootstrap_there_are_no_bounds(tmp_path):
    page = build(evaluation={"bootstrap": 0, "slices": ["desk"]}).write(tmp_path)
    assert "nan" not in visible(page).split()
    assert "without bounds" in visible(page)
    assert 'class="bounds"' not in page


@pytest.mark.parametrize(
    "classifier", [{"type": "majority"}, {"type": "lexicon", "keywords": {"threat": ["attack"], "cooperation": []}}]
)
def test_baselines_have_a_report_too(classifier, tmp_path):
    text = visible(build(classifier=classifier).write(tmp_path))
    if classifier["type"] == "majority":
        assert "it does not look at the text" in text
    else:
        assert "attacked" in text[text.index("What the model goes by") : text.index("Errors The most")]
        assert "threat: 1 entries" in text, "a lexicon is shown by its size"


@pytest.mark.slow
def test_twenty_labels(tmp_path):
    rng = np.random.default_rng(0)
    labels = [f"frame {number} $ & <i>" for number in range(20)]
    small = build(evaluation={"bootstrap": 0, "errors": 1})
    task = small.config.task.model_copy(update={"labels": labels})
    config = small.config.model_copy(update={"task": task})
    y = (rng.random((42, 20)) < 0.2).astype(np.int8)
    y[:, 3] = 0  # one that no row has
    rows = replace(small.rows, y=y)
    model = replace(small.classifier, task=task, thresholds=np.full(20, 0.5))
    many = with_predictions(
        Case(config, model, rows, small.evaluation), np.clip(0.4 * y + 0.5 * rng.random(y.shape), 0, 1)
    )
    page = many.write(tmp_path)
    assert page.count("frame 19 $ &amp; &lt;i&gt;") > 5
    assert "undefined: no test row has this label" in page


def test_a_text_of_book_length_is_cut(tmp_path):
    book = "word " * 5000
    shown = build(extra=[(book, 2)])
    scores = np.where(shown.rows.y == 1, 0.9, 0.1)
    scores[-1] = 0.99
    page = with_predictions(shown, scores).write(tmp_path)
    assert page.count("word ") < 1000


def test_no_path_of_the_makers_machine_stands_in_the_report(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    data = home / "sentences.jsonl"
    data.write_text("x")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    case = build(data={"train": [str(data)]})
    groups = [f"{data}#{number // 2}" for number in range(len(case.rows))]
    rows = replace(case.rows, name=str(data), groups=groups)
    scores = np.where(rows.y == 1, 0.1, 0.9)  # all of it wrong
    page = with_predictions(replace(case, rows=rows), scores).write(tmp_path / "out")
    assert str(tmp_path) not in page
    assert "group sentences.jsonl#0" in visible(page) and "Training sentences.jsonl" in visible(page)


def test_averages_of_precision_and_recall_have_bounds_like_the_labels(case, page):
    for name in ("macro_precision", "macro_recall", "micro_precision", "micro_recall"):
        found = case.evaluation.metrics[name]
        assert found.low <= found.value <= found.high
    number = r"[01]\.\d{3} \[[01]\.\d{3}, [01]\.\d{3}\]"
    assert re.search(rf"Macro( {number}){{4}}", visible(page))
    assert re.search(rf"Micro( {number}){{3}}", visible(page))


def test_words_for_and_against_are_shaded_in_no_labels_colour(page):
    style = page[page.index("<style>") : page.index("</style>")]
    assert {f"--{kind}: {' '.join(map(str, rgb))};" for kind, rgb in SPEAKS.items()} <= set(
        re.findall(r"--\w+: [\d ]+;", style)
    )
    for rule in re.findall(r"^\.(?:for|against) \{.*", style, flags=re.MULTILINE):
        assert re.search(r"background: rgb\(var\(--(for|against)\)", rule)
        assert not re.search(r"rgb\(\d|#[0-9a-f]", rule)


def test_weighing_words_says_how_far_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.progress._LINE", 0.0)
    case, said = build(), []
    write_report(tmp_path, "run-0042", case.config, case.classifier, case.rows, case.evaluation, say=said.append)
    assert [line.split(",")[0] for line in said] == [
        "weighing words 0%: 0 of 3 parts",
        "weighing words 33%: 1 of 3 parts",
        "weighing words 67%: 2 of 3 parts",
    ]
