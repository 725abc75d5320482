"""What notebooks and scripts use: train a config, load a model, measure it on labelled rows.

>>> from experiments import evaluate, load_model, train
>>> run = train("framing/lexicon")
>>> model = load_model(run.model_uri)
>>> for sentence in model.score(["Gunmen killed nine soldiers.", "The two states signed a treaty."]):
...     print(sentence["labels"], sentence["text"])
['threat'] Gunmen killed nine soldiers.
['cooperation'] The two states signed a treaty.
>>> bodies = ["Gunmen struck. It rained.", "They met."]
>>> frame = pd.DataFrame({"id": ["a", "b"], "outlet": ["Post", "Mail"], "body": bodies})
>>> scored = score_frame(frame, model, text="body", keep=["outlet"])
>>> print(scored[["article", "sentence", "text", "outlet"]].to_string(index=False))
article  sentence           text outlet
      a         0 Gunmen struck.   Post
      a         1     It rained.   Post
      b         0      They met.   Mail
>>> found = evaluate(model, "seeds/framing/sentences.jsonl", slices=["register"], bootstrap=0)
>>> sorted(found.slices)
['register']
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from experiments.articles.batches import Scorer, score_batches
from experiments.articles.inputs import Document
from experiments.articles.write import row_format
from experiments.config.files import load_single
from experiments.corpus.settings import data_settings
from experiments.errors import InputError, short
from experiments.evaluation.evaluate import Evaluation, evaluate_file
from experiments.model import SentenceClassifier
from experiments.notices import to_stderr
from experiments.tables.cells import cell_key, is_missing
from experiments.tracking.resolve import resolve_model
from experiments.train import Trained
from experiments.train import train as run_training

_ROW = "row of the data frame"

__all__ = ["evaluate", "load_model", "score_frame", "train"]


def train(config: str, *overrides: str) -> Trained:
    """Train, evaluate, track and register one experiment, as ``framescope train`` does.

    Parameters
    ----------
    config : str
        A YAML file, or a shipped config such as ``framing/default``.
    *overrides : str
        Dotted overrides, such as ``classifier.C=3``.

    Returns
    -------
    Trained
        ``run_id``, ``model_uri``, ``metrics`` (flat, with bounds), ``registered`` and ``seconds``.

    Raises
    ------
    InputError
        If the config, its data or the store can't be used.
    """
    return run_training(load_single(config, list(overrides)), to_stderr)


def load_model(model: str | None = None, task: str = "framing") -> SentenceClassifier:
    """Load a model to score with.

    Parameters
    ----------
    model : str, optional
        An MLflow model URI (``runs:/.../model``, ``models:/framing@champion``), a folder, or ``starter`` for the model
        in the box; when left out the champion of the task, and the starter as long as there is none.
    task : str, default "framing"
        Whose champion or starter to take.

    Returns
    -------
    SentenceClassifier
        Its :meth:`~experiments.model.SentenceClassifier.score` labels texts.

    Raises
    ------
    InputError
        If there is no such model, or it can't be loaded.
    """
    return resolve_model(model, task)[1]


def evaluate(
    model: SentenceClassifier | str,
    data: str,
    config: str | None = None,
    text: str | None = None,
    labels: str | None = None,
    id: str | None = None,
    group: str | None = None,
    target: str | None = None,
    codes: str | None = None,
    slices: Sequence[str] = (),
    bootstrap: int = 1000,
    seed: int = 13,
) -> Evaluation:
    """Measure a model on a labelled file, as ``framescope evaluate`` does.

    Parameters
    ----------
    model : SentenceClassifier or str
        A loaded model, or what :func:`load_model` takes.
    data : str
        Labelled rows: .jsonl, .csv, .tsv, .parquet or ``hub:owner/name[:split]``.
    config : str, optional
        A config that says the columns; those named here win.
    text, labels, id, group, target : str, optional
        Columns; ``labels`` may name 0/1 columns as ``label=column,label=column``, ``target`` counts for stance models.
    codes : str, optional
        What the file's codes mean, as ``1=cooperation,2=threat``.
    slices : sequence of str, default ()
        Columns by whose values it is measured once more.
    bootstrap, seed : int
        Resamples behind the 95% bounds (0 for none), and their seed.

    Returns
    -------
    Evaluation
        ``metrics`` by name, each with ``value``, ``low`` and ``high``; ``slices``; and the predictions.

    Raises
    ------
    InputError
        If the file can't be used.
    """
    classifier = load_model(model) if isinstance(model, str) else model
    settings = data_settings(config, text, labels, id, group, target, codes)
    return evaluate_file(classifier, data, settings, bootstrap, seed, slices, None, to_stderr)


def score_frame(
    frame: pd.DataFrame,
    model: SentenceClassifier | str | None = None,
    text: str = "text",
    id: str = "id",
    keep: Sequence[str] = (),
    target: str | None = None,
    jobs: int = 1,
) -> pd.DataFrame:
    """Score a data frame of articles and return one row a sentence.

    Parameters
    ----------
    frame : DataFrame of n articles
        Its index doesn't matter.
    model : SentenceClassifier or str, optional
        A loaded model, or what :func:`load_model` takes.
    text : str, default "text"
        Column with the articles. Rows without a text are left out.
    id : str, default "id"
        Column that names the articles; where there is none, or nothing in it, they are numbered from 0.
    keep : sequence of str, default ()
        Further columns, which every sentence of an article gets, of the type that they have.
    target : str, optional
        What the stance is about, for a stance model.
    jobs : int, default 1
        Processes, if it takes more than a few seconds. A script that asks for more than one needs the usual
        ``if __name__ == "__main__":``.

    Returns
    -------
    DataFrame
        ``article``, ``sentence`` (from 0 in each article), ``start`` and ``end`` (characters of the article), ``text``,
        ``boilerplate``, ``labels`` (a list), ``score_<label>`` (missing for boilerplate), in a multilabel task
        ``threshold_<label>``, of a stance model that knows its targets ``target_in_training`` and ``touches_target``,
        of one that leaves sentences to a human (:meth:`SentenceClassifier.abstaining`) ``abstained``, and the columns
        kept.

    Raises
    ------
    InputError
        If there is no such column, two have one name, a text isn't a string, or the model can't be loaded.
    """
    classifier = (load_model(model) if model is None or isinstance(model, str) else model).towards(target)
    rows = row_format(classifier, "parquet", (_ROW,))
    own = set(rows.schema.names)
    columns = [str(column) for column in frame.columns]
    for column in (text, *([id] if id != "id" else []), *keep):
        if columns.count(column) != 1:
            there = "two columns of that name" if column in columns else f"no such column; it has {', '.join(columns)}"
            raise InputError(f"the data frame: {short(column)}: there is {there}")
        if column in keep and column in own:
            raise InputError(f"the data frame: the result has a column {column!r} of its own; rename that to keep")

    def documents() -> Iterator[Document]:
        names: Sequence[Any] = frame[id].tolist() if id in columns else [None] * len(frame)
        for number, (content, name) in enumerate(zip(frame[text].tolist(), names, strict=True)):
            if is_missing(content) or (isinstance(content, str) and not content.strip()):
                continue
            if not isinstance(content, str):
                raise InputError(
                    f"the data frame: row {number}: column {text!r} has {short(content)}, which is no text"
                )
            yield Document(cell_key(name) or str(number), f"row {number}", content=content, kept={_ROW: str(number)})

    tables = [batch.rows.to_pandas() for batch in score_batches(Scorer(classifier, rows), documents(), jobs)]
    found: pd.DataFrame = pd.concat(tables, ignore_index=True) if tables else rows.table([]).to_pandas()
    places = found.pop(_ROW).astype("int64").to_numpy()
    for column in keep:
        found[column] = frame[column].take(places).array
    return found
