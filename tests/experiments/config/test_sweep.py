import pytest
from typer.testing import CliRunner

from experiments.commands.main import app
from experiments.config.files import load_config, with_values
from experiments.errors import InputError

BASE = ["sweep.space={classifier.C: [0.5, 2.0]}"]


def message(config, *overrides):
    """Return the one line that a config is refused with."""
    with pytest.raises(InputError) as caught:
        load_config(str(config), [*BASE, *overrides])
    (line,) = str(caught.value).splitlines()
    return line.partition(": ")[2]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            "sweep.space.classifier.Cc=[1]",
            "sweep.space: classifier.Cc: the config has no such field; did you mean classifier.C?",
        ),
        ("sweep.space.clasifier.C=[1]", "did you mean classifier.C?"),
        ("sweep.space.features.7.min_df=[1]", "did you mean features.0.min_df?"),
        ("sweep.space.classifier.C=[1, -1]", "sweep.space: classifier.C: input should be greater than 0, not -1"),
        ("sweep.space.classifier.balanced=[maybe]", "classifier.balanced: input should be a valid boolean"),
        ("sweep.space.classifier.type=[logistic, svn]", "there is no type 'svn'"),
        ("sweep.space.classifier.type=[logistic, naive-bayes]", "classifier.C: unknown key"),
        ("sweep.space={}", "sweep.space: names no field"),
        ("sweep.space.classifier.C=[]", "sweep.space: classifier.C: has no values"),
        ("sweep.space.classifier.C=[1, 1]", "classifier.C: 1 stands twice"),
        ("sweep.space.classifier.C=3", "classifier.C: must be a list of values, or {low: 1, high: 9}, not 3"),
        ("sweep.space.classifier.C={low: 3, high: 1, step: 1}", "classifier.C: low 3 is above high 1"),
        ("sweep.space.classifier.C={low: 1, high: 3}", "classifier.C: a grid needs a step"),
        ("sweep.space.classifier.C={low: 1, hihg: 3}", "unknown key 'hihg'; a range has low, high, log and step"),
        ("sweep.space.classifier.C={low: 0, high: 3, log: true}", "log needs low above 0, not 0"),
        ("sweep.space.classifier.max_iter={low: 1, high: 90000, step: 1}", "and a grid may have 10,000"),
        ("sweep.space.data.test=[a.jsonl]", "data.test: can't be swept over"),
        ("sweep.space.tracking.model=[a]", "tracking.model: can't be swept over"),
        ("sweep.metric=macrof1", "sweep.metric: 'macrof1' is not measured; did you mean macro_f1?"),
        ("sweep.metric=average_f1", "is not measured"),
        ("sweep.trials=3", "a grid tries every combination"),
        ("sweep.storage=sqlite:///here.db", "must be a PostgreSQL address"),
        ("sweep.samplr=tpe", "unknown key; did you mean 'sampler'?"),
    ],
)
def test_sweep_that_cannot_be_is_one_line_when_the_config_is_read(small_config, override, said):
    assert said in message(small_config, override)


def test_pruning_between_folds_needs_folds(small_config):
    assert "validation rows are measured once" in message(small_config, "sweep.over=validation", "sweep.pruner=median")


def test_fields_may_be_nested_dotted_or_given_on_the_command_line(small_config):
    dotted = load_config(str(small_config), ["sweep.space={classifier.C: [1], features.0.min_df: [1, 2]}"]).sweep
    nested = load_config(str(small_config), ["sweep.space={classifier: {C: [1]}, features: {0: {min_df: [1, 2]}}}"])
    assert (
        nested.sweep
        == dotted
        == load_config(
            str(small_config), ["sweep.space.classifier.C=[1]", "sweep.space.features.0.min_df=[1, 2]"]
        ).sweep
    )


def test_values_come_into_the_config_types_first(small_config):
    config = load_config(str(small_config), BASE)
    found = with_values(config, {"classifier.C": 3.0, "classifier.type": "svm", "thresholds.folds": 4})
    assert (found.classifier.type, found.classifier.C, found.thresholds.folds, found.sweep) == ("svm", 3.0, 4, None)


def test_config_without_a_sweep_says_nothing_of_one(small_config):
    assert "sweep" not in load_config(str(small_config)).dump()


@pytest.mark.parametrize("command", ["train", "cross-validate", "learning-curve"])
def test_other_commands_do_not_take_a_sweep_for_its_base(small_config, command):
    result = CliRunner().invoke(app, [command, str(small_config), *BASE])
    assert result.exit_code == 2
    assert "framescope sweep" in result.stderr and "sweep=null" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_sweep_needs_a_sweep_and_a_grid_no_trials(small_config, in_workspace):
    for arguments, said in (([], "has no section sweep"), ([*BASE, "--trials", "3"], "--trials: a grid tries every")):
        result = CliRunner().invoke(app, ["sweep", str(small_config), *arguments])
        assert (result.exit_code, said in result.stderr) == (2, True)
        assert len(result.stderr.splitlines()) == 1
