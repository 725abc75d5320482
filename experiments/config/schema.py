"""What an experiment's YAML may say."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from experiments.classifiers import AnyClassifier
from experiments.config.names import CheckCode, check_experiment, check_labels, check_model, check_task, codes_as_keys
from experiments.config.sweep import Sweep, metrics_of
from features import AnyFeature


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Task(_Section):
    """What is predicted.

    Parameters
    ----------
    name : str
        Short name, such as ``framing``; also what a registered model is called unless ``tracking.model`` says.
    type : {"multilabel", "multiclass"}, default "multilabel"
        Whether a row may carry any number of the labels, or carries exactly one.
    labels : list of str
        The labels, in the order in which they are shown. A row without any is a plain negative in a multilabel task.
        Put quotes around what YAML reads as something else: ``["yes", "no"]``.
    average_over : list of str, default []
        Labels whose mean F1 is measured as ``average_f1``, over all rows: ``[favor, against]`` for stance, where
        "none" is what is left over.

    References
    ----------
    Mohammad, S., Kiritchenko, S., Sobhani, P., Zhu, X. & Cherry, C. (2016). SemEval-2016 Task 6: Detecting stance in
    tweets. SemEval. (the mean over favor and against)
    """

    name: Annotated[str, AfterValidator(check_task), Field(json_schema_extra={"pattern": r"^[A-Za-z0-9][\w.-]*$"})]
    type: Literal["multilabel", "multiclass"] = "multilabel"
    labels: list[Annotated[str, Field(min_length=1)]] = Field(min_length=1)
    average_over: list[str] = []

    @property
    def multilabel(self) -> bool:
        """Whether labels are independent."""
        return self.type == "multilabel"

    @model_validator(mode="after")
    def _labels_make_sense(self) -> "Task":
        if twice := next((label for label in self.labels if self.labels.count(label) > 1), None):
            raise ValueError(f"labels: {twice!r} stands twice; labels must differ from each other")
        if self.type == "multiclass" and len(self.labels) < 2:
            raise ValueError("a multiclass task needs two labels or more")
        if strangers := [label for label in self.average_over if label not in self.labels]:
            raise ValueError(f"average_over: {strangers[0]!r} is not one of the labels {', '.join(self.labels)}")
        if len(set(self.average_over)) < len(self.average_over):
            raise ValueError("average_over: labels must differ from each other")
        return self


def _number_as_name(value: Any) -> Any:
    """Return the name of a column; a table without header calls its columns 1, 2, 3."""
    return str(value) if type(value) is int else value


ColumnName = Annotated[str, BeforeValidator(_number_as_name, json_schema_input_type=str | int)]


class Columns(_Section):
    """Which column of the data holds what.

    Parameters
    ----------
    text : str, default "text"
        The sentence.
    labels : str, list or mapping, default "labels"
        One column with a list of labels or a single label; or a list of 0/1 columns named like the labels;
        or a mapping from label to its 0/1 column.
    id : str, default "id"
        Names the row; rows without one are numbered.
    group : str, default "group"
        Rows that belong together (an article, a batch): never on both sides of a split, and drawn together
        by the bootstrap.
    target : str, optional
        What the stance of the text is about. Named, it makes the task one of stance to a target.
    auxiliary : list of str, default []
        Columns of the training rows with more to learn from, such as finer labels or the reason for a label. An encoder
        learns to tell them beside the labels, which makes it better at the labels; other classifiers leave them out.
        Rows to test on or to score need none.
    undecided : str, default "undecided"
        Column that lists the labels of a row that nobody decided.
    """

    text: ColumnName = "text"
    labels: ColumnName | list[ColumnName] | dict[str, ColumnName] = "labels"
    id: ColumnName = "id"
    group: ColumnName = "group"
    target: ColumnName | None = None
    auxiliary: list[ColumnName] = []
    undecided: ColumnName = "undecided"


class Data(_Section):
    """Where the labelled rows come from.

    Parameters
    ----------
    train : str or list of str
        JSONL, CSV, TSV or Parquet files, or ``hub:owner/name[:split]`` for a data set on the Hugging Face Hub.
    test : str or list of str, optional
        The rows to test on. Without it, a grouped and stratified part of the training rows is held out.
    test_size : float, default 0.2
        How much to hold out then, as a fraction of the rows.
    split_seed : int, optional
        Which rows these are, and which the folds of a cross-validation; ``seed`` when left out. Set it to change
        ``seed`` and keep the test rows.
    validation_size : float, default 0.1
        Part of the training rows (whole groups) that is set aside for what is chosen on rows a classifier was not
        fitted to: an encoder's best epoch, thresholds by ``validation``, a cascade's hand-over. 0 for none. Classifiers
        that need none are fitted on all rows.
    unlabelled : str or list of str, optional
        Files with sentences without labels, for distilling.
    columns : Columns
        Which column holds what.
    label_codes : mapping, default {}
        What the file's codes mean, such as ``{1: cooperation, 2: conflict}``. ``null`` as a meaning is "no label".
        Codes that YAML reads as something else need quotes: ``{"yes": threat, "010": denial}``.
    label_separator : str, default ";"
        Separates labels when one string holds several.
    encoding : str, optional
        The files' encoding; detected when left out.
    header : bool, default True
        Whether the first line of a CSV or TSV names the columns; without, they are called 1, 2, 3 ...
    missing_text : {"refuse", "skip"}, default "refuse"
        What happens to rows without text: an error that counts them, or they are left out and counted.
    empty_labels : {"none", "undecided"}, default "none"
        What an empty cell in a labels column of a table means: no label, or that nobody decided; null in JSON and
        Parquet is always undecided.
    allow_leaks : bool, default False
        Go on although the same text or group stands on both sides of the split.
    """

    train: str | list[str]
    test: str | list[str] | None = None
    test_size: float = Field(default=0.2, gt=0, lt=1)
    split_seed: int | None = Field(default=None, ge=0, lt=2**32)
    validation_size: float = Field(default=0.1, ge=0, lt=1)
    unlabelled: str | list[str] | None = None
    columns: Columns = Columns()
    label_codes: dict[str, str | None] = {}
    label_separator: str = Field(default=";", min_length=1)
    encoding: str | None = None
    header: bool = True
    missing_text: Literal["refuse", "skip"] = "refuse"
    empty_labels: Literal["none", "undecided"] = "none"
    allow_leaks: bool = False

    @model_validator(mode="before")
    @classmethod
    def _codes_are_keys(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and isinstance(codes := values.get("label_codes"), Mapping):
            return {**values, "label_codes": codes_as_keys(codes)}
        return values


def _without_nulls(where: Any) -> Any:
    return {key: value for key, value in where.items() if value is not None} if isinstance(where, Mapping) else where


class Thresholds(_Section):
    """When a probability becomes a label (multilabel tasks only; else the likeliest label is taken).

    Parameters
    ----------
    method : {"cv", "validation", "fixed"}, default "cv"
        ``cv`` chooses each label's threshold for the best F1 by grouped cross-validation on the training rows;
        ``validation`` on the part of them that ``data.validation_size`` sets aside, which costs one fit, not several.
    value : float, default 0.5
        The threshold of every label when fixed.
    folds : int, default 5
        Folds of the cross-validation.
    where : mapping, default {}
        Choose them on rows with these column values only, such as ``{kind: article}`` or
        ``{kind: [article, outline]}``: rows in which labels are as frequent as they will be in use. A corpus that was
        balanced or full of hard cases has other frequencies. ``{kind: null}`` takes a column out that a parent config
        names.
    among : {"middle", "half_f1"}, default "middle"
        Which of the thresholds that these rows can't tell from the best: the one in the middle, or the one nearest to
        half the best F1, where the best threshold of calibrated probabilities is. It is the lower one for labels that
        are hard to tell, and so finds more of them.
    """

    method: Literal["cv", "validation", "fixed"] = "cv"
    value: float = Field(default=0.5, gt=0, lt=1)
    folds: int = Field(default=5, ge=2)
    where: Annotated[
        dict[str, str | list[str]],
        BeforeValidator(_without_nulls, json_schema_input_type=dict[str, str | list[str] | None]),
    ] = {}
    among: Literal["middle", "half_f1"] = "middle"


class Evaluation(_Section):
    """How the test rows are measured.

    Parameters
    ----------
    bootstrap : int, default 1000
        Resamples (of groups) behind the 95% bounds; 0 for none.
    slices : list of str, default []
        Columns by whose values the metrics are also shown, such as ``register``.
    errors : int, default 10
        Most confident errors a label in the report.
    probes : bool, default True
        Also try the model on the kit's templates, if it has some for the task: see ``framescope probe``.
    ignore : list of str, default []
        Codes of checks that are not run, such as ``[FS003]``; docs/checks.md explains them.
    """

    bootstrap: int = Field(default=1000, ge=0)
    slices: list[str] = []
    errors: int = Field(default=10, ge=0)
    probes: bool = True
    ignore: list[CheckCode] = []


class Tracking(_Section):
    """How the run is kept in MLflow.

    Parameters
    ----------
    experiment : str, optional
        MLflow experiment, such as ``framing/2024 #1``; the task's name when left out. In the embedded store its files
        are in a folder of this name in ``mlartifacts``.
    register : bool, default True
        Register the model, under ``model``.
    model : str, optional
        Name of the registered model, without ``/ : ? @``; the task's name when left out.
    champion : {"if-better", "always", "never"}, default "if-better"
        When the new version gets the alias ``champion``: when there is none yet, or when on the same test rows its
        macro-F1 is better than the present one's beyond chance, or surely at most 0.01 lower while it is a tenth
        faster or smaller; always; never.
    patience : float, default 60
        Seconds that the store may take for each step when a run is logged (and one more for each megabyte sent) before
        the run is left in ``outputs/runs``, for ``framescope log``.
    """

    experiment: Annotated[str, AfterValidator(check_experiment)] | None = None
    register_model: bool = Field(default=True, alias="register")
    model: Annotated[str, AfterValidator(check_model)] | None = None
    champion: Literal["if-better", "always", "never"] = "if-better"
    patience: float = Field(default=60, gt=0, allow_inf_nan=False)


class Config(_Section):
    """One experiment, from the data to the tracked model.

    Parameters
    ----------
    targets : {"copies", "separate", "pair"}, default "copies"
        How a task with targets tells them apart. ``copies``: one model, in which every feature stands once for all
        targets and once for the row's own. ``separate``: one model a target, and a joint one for targets that were not
        in training. ``pair``: one model that reads the words of the target beside those of the text. A classifier that
        reads pairs itself gives its own meaning to ``copies`` and ``pair``: it reads text and target together.
    calibration : {"none", "temperature", "sigmoid", "isotonic"}, default "none"
        What makes the probabilities agree with how often the labels are right, learned on the rows on which thresholds
        are chosen, and before they are. ``temperature``: one number a label by which its log odds are divided.
        ``sigmoid``: they are moved up or down as well. ``isotonic``: any rising curve, which needs some hundred rows
        with each label. Labels that exclude each other take ``temperature`` alone.
    sweep : Sweep, optional
        Which other settings ``framescope sweep`` tries, to choose among them.
    """

    name: str = Field(min_length=1, description="Names the run in MLflow.")
    description: str = ""
    task: Task
    data: Data
    features: list[AnyFeature] = []
    classifier: AnyClassifier
    targets: Literal["copies", "separate", "pair"] = "copies"
    calibration: Literal["none", "temperature", "sigmoid", "isotonic"] = "none"
    thresholds: Thresholds = Thresholds()
    evaluation: Evaluation = Evaluation()
    tracking: Tracking = Tracking()
    seed: int = Field(default=13, ge=0, lt=2**32)
    sweep: Sweep | None = None

    @property
    def model_name(self) -> str:
        """The name under which the model is registered."""
        return self.tracking.model or self.task.name

    @property
    def split_seed(self) -> int:
        """What decides which rows are held out, and which are in which fold."""
        return self.seed if self.data.split_seed is None else self.data.split_seed

    @property
    def targeted(self) -> bool:
        """Whether rows are pairs of text and target."""
        return self.data.columns.target is not None

    @property
    def experiment_name(self) -> str:
        """The MLflow experiment that the run belongs to."""
        return self.tracking.experiment or self.task.name

    @model_validator(mode="after")
    def _labels_can_be_told_apart(self) -> "Config":
        check_labels(self.task.labels, self.targeted, self.data.label_separator)
        return self

    @model_validator(mode="after")
    def _features_fit_the_classifier(self) -> "Config":
        reads_text = self.classifier.reads_text
        if reads_text and self.features:
            raise ValueError(f"the {self.classifier.type} classifier reads the text itself: set features to []")
        if self.classifier.type == "lexicon" and self.targeted:
            raise ValueError(
                "the lexicon classifier knows no targets: choose another, or leave data.columns.target out"
            )
        if not self.task.multilabel and self.calibration not in ("none", "temperature"):
            raise ValueError(
                f"calibration: {self.calibration} is for multilabel tasks; labels that exclude each other take "
                "temperature"
            )
        if not reads_text and not self.features:
            raise ValueError(f"features: the {self.classifier.type} classifier needs at least one")
        return self

    @model_validator(mode="after")
    def _targets_are_there(self) -> "Config":
        if self.targeted:
            return self
        if self.targets != "copies":
            raise ValueError(f"targets: {self.targets} needs targets: name their column in data.columns.target")
        if reader := next((feature for feature in self.features if feature.reads_targets), None):
            raise ValueError(
                f"features: {reader.type} reads the target of a stance: name its column in data.columns.target, or "
                "take the feature out"
            )
        return self

    @model_validator(mode="after")
    def _sweep_goes_by_a_metric(self) -> "Config":
        if self.sweep is not None:
            known = metrics_of(self.task.labels, bool(self.task.average_over))
            if self.sweep.metric not in known:
                near = difflib.get_close_matches(self.sweep.metric, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
                raise ValueError(f"sweep.metric: {self.sweep.metric!r} is not measured; {hint}")
        return self

    def ignoring(self, codes: Sequence[CheckCode]) -> "Config":
        """Return the same config with these checks left out, too."""
        left_out = sorted({*self.evaluation.ignore, *codes})
        return self.model_copy(update={"evaluation": self.evaluation.model_copy(update={"ignore": left_out})})

    def dump(self) -> dict[str, Any]:
        """Return the config as plain data, as it would stand in YAML."""
        found = self.model_dump(mode="json", by_alias=True)
        if self.sweep is None:
            del found["sweep"]
        return found
