"""What notebooks and scripts use: train a config, load a model, measure it on labelled rows.

>>> from experiments import evaluate, load_model, train
>>> run = train("framing/lexicon")
>>> model = load_model(run.model_uri)
>>> for sentence in model.score(["Gunmen killed nine soldiers.", "The two states signed a treaty."]):
...     print(sentence["labels"], sentence["text"])
['threat'] Gunmen killed nine soldiers.
['cooperation'] The two states signed a treaty.
>>> found = evaluate(model, "seeds/framing/sentences.jsonl", slices=["register"], bootstrap=0)
>>> sorted(found.slices)
['register']
"""

from collections.abc import Sequence

from experiments.config.files import load_config
from experiments.corpus.settings import data_settings
from experiments.evaluation.evaluate import Evaluation, evaluate_file
from experiments.model import SentenceClassifier
from experiments.notices import to_stderr
from experiments.tracking.resolve import resolve_model
from experiments.train import Trained
from experiments.train import train as run_training

__all__ = ["evaluate", "load_model", "train"]


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
    return run_training(load_config(config, list(overrides)), to_stderr)


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
