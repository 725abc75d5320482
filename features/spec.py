"""What every kind of feature has in common: a validated description that builds a scikit-learn transformer."""

from abc import abstractmethod
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field


class FeatureSpec(BaseModel):
    """One entry of a config's ``features:`` list.

    A kind of feature is a subclass in a file of its own, with a literal ``type`` and the fields that
    a config may set; it is listed once, in :mod:`features.builder`.

    Parameters
    ----------
    weight : float, default 1.0
        What the feature's columns are multiplied by before the classifier sees them. Linear models with
        a penalty lean more on columns of larger scale.

    Attributes
    ----------
    reads_targets : bool
        Whether the transformer reads pairs (text, target), in tasks that have targets, and not texts.
    threaded : bool
        Whether it keeps several cores busy by itself.
    """

    reads_targets: ClassVar[bool] = False
    threaded: ClassVar[bool] = False

    model_config = ConfigDict(extra="forbid", frozen=True)

    weight: float = Field(default=1.0, gt=0, description="Multiplies the columns of this feature.")

    @abstractmethod
    def build(self) -> Any:
        """Return the unfitted transformer: texts of shape (n,) in, an (n, n_features) matrix out."""
