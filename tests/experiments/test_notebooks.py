import doctest
import subprocess
import sys

import pytest

from experiments import notebooks
from experiments.errors import InputError


@pytest.mark.slow
def test_what_the_documentation_shows_is_what_comes_out(in_workspace):
    failed, tried = doctest.testmod(notebooks)
    assert (failed, tried > 4) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize("first", ["import experiments.train", ""])
def test_names_of_the_package_are_the_functions_whatever_was_imported_before(first):
    program = f"{first}\nfrom experiments import evaluate, load_model, train\nprint(train.__module__)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "experiments.notebooks"


def test_importing_the_package_loads_neither_mlflow_nor_scikit_learn():
    program = "import sys, experiments; print([name for name in ('mlflow', 'sklearn') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip() == "[]"


def test_score_yields_as_it_goes_and_reads_no_more_than_a_batch(trained, in_workspace):
    model = notebooks.load_model(trained.model_uri)
    read = []

    def texts():
        for number in range(10):
            read.append(number)
            yield f"Rebels shelled town {number}."

    scored = model.score(texts(), batch_size=3)
    first = next(scored)
    assert read == [0, 1, 2]
    assert first["text"] == "Rebels shelled town 0."
    assert set(first["scores"]) == {"threat", "cooperation", "denial"}
    assert len([first, *scored]) == 10


def test_too_few_targets_are_refused(small_stance_model):
    with pytest.raises(InputError, match="fewer targets than texts"):
        list(small_stance_model.score(["One.", "Two."], ["the arms embargo"]))
    (row,) = small_stance_model.score(["It starved the clinics."], ["the arms embargo"])
    assert set(row["labels"]) <= {"favor", "against", "none"}
