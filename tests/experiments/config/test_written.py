"""Where YAML reads more into a name than its letters, the config says so and doesn't go on with something else."""

import pytest

from tests.experiments.config.test_names import config, refusal  # noqa: F401  # a fixture

QUOTES = 'put quotes around {0}: without them YAML reads {1}; write "{0}"'


@pytest.mark.parametrize(
    ("written", "meaning"),
    [
        ("yes", "true"),
        ("No", "false"),
        ("NO", "false"),
        ("on", "true"),
        ("off", "false"),
        ("true", "true"),
        ("null", "nothing"),
        ("3", "the number 3"),
        ("010", "the number 8"),
        ("0x1F", "the number 31"),
        ("1_000", "the number 1000"),
        ("1:30", "the number 90"),
        ("1.0", "the number 1.0"),
        ("2024-01-01", "a date"),
    ],
)
def test_label_that_yaml_reads_as_something_else_needs_quotes(config, written, meaning):  # noqa: F811
    line = refusal(config, labels=f"[{written}, other]")
    assert line.startswith("task.labels.0: ")
    assert QUOTES.format(written, meaning) in line
    assert config(labels=f'["{written}", other]').task.labels == [written, "other"]


@pytest.mark.parametrize(
    ("written", "meaning"),
    [
        ("yes", "true"),
        ("NO", "false"),
        ("010", "the number 8"),
        ("1_000", "the number 1000"),
        ("1:30", "the number 90"),
        ("2024-01-01", "a date"),
        ("~", "nothing"),
        ("null", "nothing"),
        ("+1", "the number 1"),
        ("1.0e+3", "the number 1000.0"),
    ],
)
def test_code_that_yaml_reads_as_something_else_needs_quotes(config, written, meaning):  # noqa: F811
    line = refusal(config, data=f", label_codes: {{{written}: threat}}")
    assert line.startswith("data.label_codes: ")
    assert QUOTES.format(written, meaning) in line
    assert config(data=f', label_codes: {{"{written}": threat}}').data.label_codes == {written: "threat"}


def test_codes_that_are_plain_need_no_quotes(config):  # noqa: F811
    codes = "{1: threat, 08: denial, 0o10: threat, A1: null, 2.5: denial}"
    assert list(config(data=f", label_codes: {codes}").data.label_codes) == ["1", "08", "0o10", "A1", "2.5"]


@pytest.mark.parametrize(
    ("data", "start"),
    [
        (", label_codes: {1: no}", "data.label_codes.1: "),
        (", label_codes: {1: 2}", "data.label_codes.1: "),
        (", columns: {text: yes}", "data.columns.text: "),
        (", columns: {labels: on}", "data.columns.labels: "),
        (", columns: {labels: [no, threat]}", "data.columns.labels.0: "),
        (", columns: {labels: {threat: no}}", "data.columns.labels.threat: "),
        (", columns: {labels: {yes: a}}", "data.columns.labels: "),
        (", columns: {text: 1.0}", "data.columns.text: "),
        (", columns: {auxiliary: [off]}", "data.columns.auxiliary.0: "),
    ],
)
def test_quotes_are_asked_for_wherever_a_name_stands(config, data, start):  # noqa: F811
    line = refusal(config, data=data)
    assert line.startswith(start)
    assert "put quotes around" in line


def test_column_called_by_a_number_is_called_as_it_is_written(config):  # noqa: F811
    assert config(data=", columns: {text: 3, id: 01}").data.columns.text == "3"
    assert config(data=", columns: {text: 3, id: 01}").data.columns.id == "01"


def test_other_settings_are_read_as_yaml_means_them(config):  # noqa: F811
    read = config(data=", allow_leaks: yes, test_size: 2.5e-1", overrides=["seed=0x10", "data.test="])
    assert (read.data.allow_leaks, read.data.test_size, read.seed, read.data.test) == (True, 0.25, 16, None)


@pytest.mark.parametrize(
    ("data", "key"), [(", train: other.csv", "train"), (', label_codes: {1: threat, "1": denial}', "1")]
)
def test_key_that_stands_twice_is_refused_with_its_line(config, data, key):  # noqa: F811
    assert refusal(config, data=data) == f"line 4: is not valid YAML: {key!r} stands twice; keep one"


def test_merged_keys_may_be_given_anew(tmp_path):
    from experiments.config.files import load_config

    path = tmp_path / "merged.yaml"
    path.write_text(
        "name: a\ntask: &task {name: framing, labels: [a, b]}\ndata: {train: x}\nclassifier: {type: logistic}\n"
        "features: [{type: words}]\n"
    )
    base = path.read_text()
    path.write_text(base.replace("&task {name", "{<<: {name: other}, <<: {type: multiclass}, name"))
    task = load_config(str(path)).task
    assert (task.name, task.type) == ("framing", "multiclass")


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("framing/2024 #1", "framing/2024 #1"),
        ("#1", "#1"),
        ("yes we can #1", "yes we can #1"),
        ('"a #1"', "a #1"),
        ('"a" # note', "a"),
        ("&a b", "&a b"),
        ("@work", "@work"),
        ("%2e", "%2e"),
        ("a%2Fb", "a%2Fb"),
        (" framing ", "framing"),
    ],
)
def test_override_that_is_a_plain_string_is_kept_whole(config, value, kept):  # noqa: F811
    assert config(overrides=[f"tracking.experiment={value}"]).tracking.experiment == kept


def test_override_that_is_a_number_may_have_a_comment(config):  # noqa: F811
    assert config(overrides=["seed=7 # as before"]).seed == 7
    line = refusal(config, overrides=["tracking.experiment=2024 #1"])
    assert 'write "2024 #1"' in line


@pytest.mark.parametrize("override", ["data.label_codes={yes: threat}", "thresholds.where={on: a}"])
def test_keys_of_an_override_need_quotes_too(tmp_path, override):
    from experiments.config.files import load_config
    from experiments.errors import InputError

    with pytest.raises(InputError, match=r"put quotes around (yes|on): without them YAML reads true"):
        load_config("framing/default", [override])
