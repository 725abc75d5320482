"""What a model's parts did: what quantising an encoder cost, and how much a cascade handed over."""

from typing import Any

import numpy as np

from experiments.evaluation.evaluate import Evaluation
from experiments.measures.operating_points import macro_f1
from experiments.model import SentenceClassifier


def measure_parts(classifier: SentenceClassifier, evaluation: Evaluation) -> dict[str, float]:
    """Return numbers about the parts of a freshly trained model, by flat names.

    Parameters
    ----------
    classifier : SentenceClassifier
        As it was fitted: what quantising cost can't be told of one that was saved and loaded.
    evaluation : Evaluation
        Its predictions of the test rows.

    Returns
    -------
    dict of str to float
        For an int8 encoder ``fp32.macro_f1`` on the test rows and ``int8.macro_f1_loss`` against it; for a cascade
        ``cascade.handed_over``, the share of the test rows that the second model read, and ``cascade.validation_loss``
        of macro-F1; nothing for others.
    """
    step: Any = getattr(classifier.pipeline, "named_steps", {}).get("classifier")
    found: dict[str, float] = {}
    if hasattr(step, "float_probabilities") and step.settings["precision"] == "int8":
        exact = classifier.decide(classifier.calibrated(step.float_probabilities(evaluation.data.inputs)))
        y = evaluation.data.y
        if (y > 0).any():  # else there is no macro-F1
            found["fp32.macro_f1"] = macro_f1(y, exact)
            found["int8.macro_f1_loss"] = found["fp32.macro_f1"] - macro_f1(y, evaluation.decided)
    if hasattr(step, "handed_over_"):
        found["cascade.handed_over"] = float(np.mean(step.hands_over(evaluation.data.inputs)))
        found["cascade.validation_loss"] = step.loss_
    return found


def parts_lines(found: dict[str, Any]) -> list[str]:
    """Return the same as sentences."""
    lines = []
    if "int8.macro_f1_loss" in found:
        loss = found["int8.macro_f1_loss"]
        lines.append(
            f"With 8-bit weights macro-F1 is {abs(loss):.3f} {'below' if loss >= 0 else 'above'} that of float32 "
            f"({found['fp32.macro_f1']:.3f}) on the test rows."
        )
    if "cascade.handed_over" in found:
        lines.append(
            f"{found['cascade.handed_over']:.1%} of the test rows went to the cascade's second model; on the "
            f"validation rows {found['cascade.validation_loss']:+.3f} of macro-F1 was lost against handing over all."
        )
    return lines
