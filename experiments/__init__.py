"""What is run with the features: configs, data, classifiers, training, evaluation, tracking and scoring.

Notebooks import ``load_model``, ``train``, ``evaluate`` and ``score_frame`` from here; see
:mod:`experiments.notebooks`.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.notebooks import evaluate, load_model, score_frame, train

__all__ = ["evaluate", "load_model", "score_frame", "train"]


class _Package(ModuleType):
    """The package, whose ``train`` is the function for notebooks also after the module ``experiments.train`` loaded.

    Python sets a submodule as an attribute of its package when it is first imported, which here would hide the function
    or not by the order of imports.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name == "train" and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        from experiments import notebooks  # scikit-learn and MLflow take seconds, which ``--help`` does without

        return getattr(notebooks, name)


sys.modules[__name__].__class__ = _Package
