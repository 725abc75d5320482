import hashlib

import numpy as np
import pandas as pd
import pytest

from experiments.config.files import load_config
from experiments.config.schema import Columns, Data, Task
from experiments.corpus.rows import Labelled, indicator, label_names, load_data, load_labelled, load_unlabelled
from experiments.errors import InputError
from experiments.tables.table import Table
from tests.conftest import write_jsonl

FRAMING = Task(name="framing", labels=["threat", "cooperation"])
QUAD = Task(name="quad", type="multiclass", labels=["verbal", "material"])


def load(path, task=FRAMING, **settings):
    lines = []
    data = load_labelled(str(path), task, Data(train="x", **settings), lines.append)
    return data, lines


def test_the_same_rows_from_every_form_of_labels(tmp_path):
    texts = ["They signed.", "They shot.", "They signed and shot.", "It rained."]
    expected = [[0, 1], [1, 0], [1, 1], [0, 0]]
    lists = [["cooperation"], ["threat"], ["cooperation", "threat"], []]
    files = {
        "lists": write_jsonl(
            tmp_path / "a.jsonl", [{"text": t, "labels": ls} for t, ls in zip(texts, lists, strict=True)]
        ),
        "string": tmp_path / "b.csv",
        "columns": tmp_path / "c.tsv",
        "codes": tmp_path / "d.csv",
        "parquet": tmp_path / "e.parquet",
    }
    pd.DataFrame({"text": texts, "labels": [";".join(ls) for ls in lists]}).to_csv(files["string"], index=False)
    flags = pd.DataFrame(expected, columns=["is_threat", "is_coop"])
    pd.concat([pd.Series(texts, name="text"), flags], axis=1).to_csv(files["columns"], index=False, sep="\t")
    pd.DataFrame({"text": texts, "labels": ["2", "1", "2;1", ""]}).to_csv(files["codes"], index=False)
    pd.DataFrame({"text": texts, "labels": lists}).to_parquet(files["parquet"])
    settings = {
        "columns": {"columns": {"labels": {"threat": "is_threat", "cooperation": "is_coop"}}},
        "codes": {"label_codes": {1: "threat", 2: "cooperation"}},
    }
    digests = set()
    for kind, path in files.items():
        data, _ = load(path, **settings.get(kind, {}))
        assert data.y.tolist() == expected, kind
        assert data.texts == texts
        digests.add(data.digest)
    assert len(digests) == 1


def test_multiclass_rows_take_a_single_label_column(tmp_path):
    path = tmp_path / "quad.csv"
    path.write_text("text,label\nThey talked.,1\nThey sent food.,2\n")
    data, _ = load(path, QUAD, label_codes={1: "verbal", 2: "material"})
    assert data.target.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"text": "x", "labels": []}\n{"text": ', "line 2: is not valid JSON"),
        ("a.jsonl", '["x"]\n', "must be an object"),
        ("a.jsonl", "", "is empty"),
        ("a.csv", "text,labels\n", "holds no rows"),
        ("a.csv", "sentence,labels\nx,threat\n", "no column 'text' for the text; it has sentence, labels"),
        ("a.csv", "text,labels\nx,threat\n ,threat\n", "1 row(s) without text in column 'text', the first is line 3"),
        ("a.csv", "text,labels\nx,thraet\n", "line 2: column 'labels' has the label 'thraet'"),
        ("a.csv", "text,frames\nx,threat\n", "no column 'labels'"),
        ("a.parquet", "not parquet", "is not a readable Parquet file"),
        ("a.xlsx", "x", ".xlsx is no table"),
    ],
)
def test_bad_file_gets_one_line_that_says_what_is_wrong(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        load(path)
    assert message in str(caught.value)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_flag_column_with_something_else_names_row_and_value(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,threat\nx,1\ny,maybe\n")
    with pytest.raises(InputError, match="line 3: column 'threat' has 'maybe'"):
        load(path, columns={"labels": ["threat"]})


def test_multiclass_row_with_two_labels_is_refused(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "x", "labels": ["verbal", "material"]}])
    with pytest.raises(InputError, match="line 1: has 2 labels"):
        load(path, QUAD)


def test_latin_1_file_is_read_and_said_so(tmp_path):
    path = tmp_path / "a.csv"
    words = "Le ministre a été prévenu à Genève; la délégation française a signé l'accord préliminaire.\n"
    path.write_bytes(("text,labels\n" + ('"' + words.strip() + '",threat\n') * 5).encode("cp1252"))
    data, lines = load(path)
    assert "été prévenu" in data.texts[0]
    assert any("is not UTF-8; read as" in line for line in lines)


def test_declared_encoding_that_does_not_fit_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,labels\n\xff\xfe,threat\n")
    with pytest.raises(InputError, match="is not utf-8"):
        load(path, encoding="utf-8")
    with pytest.raises(InputError, match="no encoding called 'klingon'"):
        load(path, encoding="klingon")


def test_several_files_are_joined_and_every_column_kept(tmp_path):
    one = write_jsonl(tmp_path / "1.jsonl", [{"text": "a", "labels": ["threat"], "register": "wire"}])
    two = write_jsonl(tmp_path / "2.jsonl", [{"text": "b", "labels": [], "region": "africa"}])
    data = load_labelled([str(one), str(two)], FRAMING, Data(train="x"), print)
    assert data.ids == ["1-1", "2-1"]
    assert data.targets is None
    assert {"register", "region"} <= set(data.rows.column_names)


def test_hub_without_network_is_one_line():
    with pytest.raises(InputError, match="hub:nobody/nothing"):
        load("hub:nobody/nothing")


def test_misnamed_group_or_id_column_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,labels,article\nx,threat,a1\n")
    for field in ("group", "id"):
        with pytest.raises(InputError, match="no column 'artcle'"):
            load(path, columns={field: "artcle"})
    assert load(path, columns={"group": "article"})[0].groups == ["a1"]


def test_files_that_number_their_rows_share_no_group_and_no_id(tmp_path):
    for name in ("1.csv", "2.csv"):
        (tmp_path / name).write_text(f"id,text,labels\n1,text of {name},threat\n2,other text of {name},\n")
    paths = [str(tmp_path / "1.csv"), str(tmp_path / "2.csv")]
    data = load_labelled(paths, FRAMING, Data(train="x"), print)
    assert len(set(data.ids)) == len(set(data.groups)) == 4


def test_spreadsheet_csv_with_semicolons_and_a_mark_is_read(tmp_path):
    path = tmp_path / "excel.csv"
    path.write_bytes(b"\xef\xbb\xbf" + b'text;labels\n"They met, and signed.";cooperation\n')
    assert load(path)[0].texts == ["They met, and signed."]


def test_integer_codes_survive_a_missing_value(tmp_path):
    rows = [{"text": "a", "labels": 1}, {"text": "b", "labels": None}]
    data, _ = load(write_jsonl(tmp_path / "a.jsonl", rows), label_codes={1: "threat"})
    assert data.y.tolist() == [[1, 0]]
    assert data.undecided == 1


def test_list_in_a_cell_may_hold_apostrophes(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('text,labels\nx,"[""Israel\'s threat"", \'b\']"\n')
    data, _ = load(path, Task(name="t", labels=["Israel's threat", "b"]))
    assert data.y.tolist() == [[1, 1]]


STANCE = Task(name="stance", type="multiclass", labels=["favor", "against"])
TWEETS = [
    '"All of them" is a lie. #NoTolls',
    '"No tolls, ever',
    'He said "maybe", she said ""never""',
    '"Free the bridge!"',
    "Pas d\u2019été sans péage \u2013 \u201cjamais\u201d",
    "It\x85s the last row",  # a line break to some, and not to a TSV file
]


def tab_separated(path, cells, encoding="utf-8"):
    lines = ["ID\tTarget\tTweet\tStance", *(f"{n}\ttolls\t{cell}\tFAVOR" for n, cell in enumerate(cells, 1))]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    columns = {"text": "Tweet", "labels": "Stance", "id": "ID", "target": "Target"}
    return load(path, STANCE, columns=columns, label_codes={"FAVOR": "favor"})


def test_stray_quotes_in_tab_separated_text_swallow_no_rows(tmp_path):
    data, _ = tab_separated(tmp_path / "tweets.tsv", TWEETS)
    assert data.texts == TWEETS
    assert data.ids == [str(n) for n in range(1, len(TWEETS) + 1)]


def test_windows_1252_in_tab_separated_text_arrives(tmp_path):
    tweets = TWEETS[:5]
    data, lines = tab_separated(tmp_path / "tweets.tsv", tweets, "cp1252")
    assert data.texts == tweets
    assert lines == [f"{tmp_path / 'tweets.tsv'}: is not UTF-8; read as cp1252"]


def test_quotes_around_cells_of_tab_separated_text_are_taken_off(tmp_path):
    cells = ['"He said ""no"", and\tleft"', "plain", '"two\nlines"']
    assert tab_separated(tmp_path / "a.tsv", cells)[0].texts == ['He said "no", and\tleft', "plain", "two\nlines"]
    cells = ['"He said ""no"""', "plain"]
    assert tab_separated(tmp_path / "b.tsv", cells)[0].texts == ['He said "no"', "plain"]


def in_hand(targets=None, order=(0, 1, 2, 3)):
    """Return four labelled rows, in an order."""
    columns = {
        "ids": ["r0", "r1", "r2", "r3"],
        "texts": ["They signed.", "They shot.", "Both.", "It rained."],
        "groups": ["a", "b", "b", "c"],
    }
    picked = {name: [values[i] for i in order] for name, values in columns.items()}
    y = np.array([[0, 1], [1, 0], [1, 1], [0, 0]], dtype=np.int8)[list(order)]
    rows = Table("rows", {"id": picked["ids"]})
    return Labelled("rows.csv", rows, **picked, y=y, targets=targets and [targets[i] for i in order])


@pytest.mark.parametrize("targets", [None, ["tolls", "bridges", "dams", "roads"]])
def test_labels_groups_targets_and_ids_are_taken_along_with_their_rows(targets):
    taken = in_hand(targets).take(np.array([3, 1, 1]))
    assert taken.name == "rows.csv"
    assert taken.ids == taken.rows["id"] == ["r3", "r1", "r1"]
    assert taken.texts == ["It rained.", "They shot.", "They shot."]
    assert taken.groups == ["c", "b", "b"]
    assert taken.y.tolist() == [[0, 0], [1, 0], [1, 0]]
    assert taken.targets == (targets and ["roads", "bridges", "bridges"])
    assert len(taken) == 3


def test_inputs_are_texts_and_with_targets_pairs():
    assert in_hand().inputs == ["They signed.", "They shot.", "Both.", "It rained."]
    assert in_hand(["w", "x", "y", "z"]).inputs[1] == ("They shot.", "x")


def test_digest_is_of_texts_targets_and_labels_in_any_order():
    data, shuffled = in_hand(), in_hand(order=[2, 0, 3, 1])
    assert data.digest == shuffled.digest
    lines = ["Both.\t[1, 1]", "It rained.\t[0, 0]", "They shot.\t[1, 0]", "They signed.\t[0, 1]"]
    assert data.digest == hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]  # what former runs have kept
    others = [data.take([0, 1, 2]), in_hand(["w", "x", "y", "z"]), in_hand(["x", "w", "y", "z"])]
    relabelled = data.take([0, 1, 2, 3])
    relabelled.y[0] = [1, 1]
    assert len({each.digest for each in [data, relabelled, *others]}) == 5


def small(tmp_path, *overrides):
    path = tmp_path / "small.yaml"
    path.write_text(
        "{name: small, task: {name: framing, labels: [threat, cooperation]}, data: {train: train.csv}, "
        "features: [{type: words}], classifier: {type: logistic}}"
    )
    return load_config(str(path), list(overrides))


def test_training_rows_and_the_test_rows_that_the_config_names_are_read(tmp_path):
    for name, encoding in (("train", "cp1252"), ("test", "utf-8")):
        (tmp_path / f"{name}.csv").write_text(f"text,labels\nThe {name} café reopened.,threat\n", encoding=encoding)
    files = [f"data.train={tmp_path}/train.csv", "data.encoding=cp1252"]
    lines = []
    train, test = load_data(small(tmp_path, *files), lines.append)
    assert (train.texts, test) == (["The train café reopened."], None)
    files = [f"data.train={tmp_path}/test.csv", f"data.test={tmp_path}/train.csv"]
    train, test = load_data(small(tmp_path, *files), lines.append)
    assert train.texts == ["The test café reopened."] and train.y.tolist() == [[1, 0]]
    assert test.y.tolist() == [[1, 0]]
    load_data(small(tmp_path, files[1].replace("data.test", "data.train")), lines.append)
    assert len(lines) == 2 and all("train.csv: is not UTF-8" in line for line in lines)  # said of either part


def test_joined_files_keep_ids_groups_labels_and_targets_in_step(tmp_path):
    for name, target in (("1.csv", "tolls"), ("2.csv", "dams")):
        (tmp_path / name).write_text(f"id,text,label,about,group\n1,in {name},favor,{target},g{name}\n")
    data = load_labelled(
        [str(tmp_path / "1.csv"), str(tmp_path / "2.csv")],
        STANCE,
        Data(train="x", columns={"target": "about"}),
        print,
    )
    assert data.name == f"{tmp_path}/1.csv, {tmp_path}/2.csv"
    assert data.ids == ["1:1", "2:1"]
    assert data.texts == ["in 1.csv", "in 2.csv"] == data.rows["text"]
    assert data.groups == ["g1.csv", "g2.csv"]
    assert data.targets == ["tolls", "dams"]
    assert data.y.tolist() == [[1, 0], [1, 0]]
    assert data.rows.column_names == ["id", "text", "label", "about", "group"]


def test_no_file_is_refused():
    with pytest.raises(InputError, match=r"^data: names no file$"):
        load_labelled([], FRAMING, Data(train="x"), print)


def test_rows_without_id_or_group_are_numbered_and_each_a_group_of_its_own(tmp_path):
    rows = [{"id": None, "group": "g", "text": "a"}, {"id": "7", "group": None, "text": "b"}, {"id": " ", "text": "c"}]
    path = write_jsonl(tmp_path / "a.jsonl", [{**row, "labels": []} for row in rows])
    data, _ = load(path)
    assert data.name == str(path)
    assert data.ids == ["a-1", "7", "a-3"]
    assert data.groups == ["g", f"{path}#2", f"{path}#3"]


def test_columns_that_were_named_must_be_there_and_targets_filled_in(tmp_path):
    (tmp_path / "a.csv").write_text("text,label,about\nx,favor,tolls\ny,favor,\nz,favor, \n")

    def read(**columns):
        load(tmp_path / "a.csv", STANCE, columns=columns)

    with pytest.raises(
        InputError,
        match=r"a\.csv: has no column 'nr' for the id; it has text, label, about \(name one with --id, or set",
    ):
        read(id="nr")
    with pytest.raises(InputError, match=r"a\.csv: has no column 'article' for the group; it has"):
        read(group="article")
    with pytest.raises(InputError, match=r"a\.csv: has no column 'aim' for the target; it has"):
        read(target="aim")
    with pytest.raises(InputError, match=r"a\.csv: 2 row\(s\) without a target in column 'about', .* is line 3; fill"):
        read(target="about")


def test_unlabelled_sentences_are_the_different_ones_of_all_files(tmp_path):
    (tmp_path / "1.csv").write_text("text\nThey met.\n \nThey left.\n", encoding="utf-8")
    (tmp_path / "2.csv").write_text("text\nThey left.\nThey dined at the café.\n", encoding="cp1252")
    lines = []
    several = f"data.unlabelled=[{tmp_path}/1.csv, {tmp_path}/2.csv]"
    found = load_unlabelled(small(tmp_path, several, "data.encoding=cp1252"), lines.append)
    assert found == ["They met.", "They left.", "They dined at the café."]
    one = small(tmp_path, f"data.unlabelled={tmp_path}/2.csv")
    assert load_unlabelled(one) == ["They left.", "They dined at the café."]
    load_unlabelled(one, lines.append)
    assert len(lines) == 1 and "is not UTF-8" in lines[0]
    with pytest.raises(InputError, match=r"2\.csv: has no column 'sentence' for the text"):
        load_unlabelled(small(tmp_path, f"data.unlabelled={tmp_path}/2.csv", "data.columns.text=sentence"))
    with pytest.raises(InputError, match=r"config small: the logistic classifier .* set data.unlabelled"):
        load_unlabelled(small(tmp_path))


def test_unlabelled_sentences_of_a_task_with_targets_are_pairs(tmp_path):
    (tmp_path / "1.csv").write_text("text,about\nNo more.,tolls\nNo more.,dams\nNo more.,tolls\n")
    found = load_unlabelled(small(tmp_path, f"data.unlabelled={tmp_path}/1.csv", "data.columns.target=about"))
    assert found == [("No more.", "tolls"), ("No more.", "dams")]
    with pytest.raises(InputError, match=r"1\.csv: has no column 'aim' for the target"):
        load_unlabelled(small(tmp_path, f"data.unlabelled={tmp_path}/1.csv", "data.columns.target=aim"))


def matrix(table, task=FRAMING, **settings):
    rows = Table("a.csv", table)
    return indicator(rows, task, Data(train="x", **settings))


def test_labels_are_a_matrix_whichever_form_they_have():
    expected = [[1, 1], [0, 1], [0, 0]]
    lists = matrix({"labels": [["cooperation", "threat"], ["cooperation"], []]})
    assert lists.tolist() == expected
    assert lists.dtype == np.int8
    assert matrix({"labels": ["threat; cooperation", "cooperation ", " "]}).tolist() == expected
    assert matrix({"label": ["threat;cooperation", "cooperation", ""]}).tolist() == expected
    flags = {"cooperation": ["yes", "1.0", "No"], "threat": ["true", "FALSE", "0"]}
    assert matrix(flags, columns={"labels": ["cooperation", "threat"]}).tolist() == expected
    named = {"c": [1, 1, 0], "t": ["TRUE", " 0 ", "0.0"]}
    assert matrix(named, columns={"labels": {"threat": "t", "cooperation": "c"}}).tolist() == expected
    codes = {"frames": ["9|5", "5", "7"]}
    settings = {"label_codes": {9: "threat", 5: "cooperation", 7: None}, "label_separator": "|"}
    assert matrix(codes, columns={"labels": "frames"}, **settings).tolist() == expected


@pytest.mark.parametrize(
    ("table", "settings", "message"),
    [
        ({"labels": ["threat", "war"]}, {}, "a.csv row 2: column 'labels' has the label 'war', .* are threat, coop"),
        ({"label": ["threat"]}, {"columns": {"labels": "frame"}}, "a.csv: has no column 'frame' for the labels"),
        ({"war": [1]}, {"columns": {"labels": ["war"]}}, "data.columns.labels: 'war' is not one of .* threat, coop"),
        ({"x": [1]}, {"columns": {"labels": ["threat"]}}, "a.csv: has no column 'threat' for the label 'threat'"),
        ({"threat": [1, 2]}, {"columns": {"labels": ["threat"]}}, "a.csv row 2: column 'threat' has 2"),
    ],
)
def test_labels_that_make_no_matrix_are_refused_by_place(table, settings, message):
    with pytest.raises(InputError, match=message):
        matrix(table, **settings)


@pytest.mark.parametrize(("label", "count"), [("verbal;material", 2), ("", 0)])
def test_multiclass_rows_have_exactly_one_label(label, count):
    with pytest.raises(InputError, match=f"a.csv row 2: has {count} labels; .* exactly one of verbal, material"):
        matrix({"label": ["verbal", label, label]}, QUAD)


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("['threat', 'a;b']", ["threat", "a;b"]),  # a list as pandas writes it
        ("[draft] threat", ["[draft] threat"]),
        ("[threat", ["[threat"]),
        ("[threat;]", ["[threat;]"]),  # no list, and none that is separated
        (float("nan"), None),
        ("NA", None),
        (None, None),
        (" ", []),
        (3, ["3"]),
        (2.5, ["2.5"]),
        ("a;b", ["both"]),  # a code may hold the separator
        (np.array(["x", " y ", ""]), ["x", "y"]),
        (("x",), ["x"]),
    ],
)
def test_names_in_a_cell(cell, names):
    assert label_names(cell, Data(train="x", label_codes={"a;b": "both"} if names == ["both"] else {})) == names


def test_an_empty_cell_is_no_label_or_undecided_as_the_config_says_and_is_counted():
    cells = {"labels": ["threat", "", " ", "NA", None]}
    said = []
    y = indicator(Table("a.csv", cells), FRAMING, Data(train="x"), said.append)
    assert y.tolist() == [[1, 0], [0, 0], [0, 0], [-1, -1], [-1, -1]]
    assert said == ["note: a.csv: 2 empty cell(s) in column 'labels' taken as no label (data.empty_labels)"]
    said.clear()
    y = indicator(Table("a.csv", cells), FRAMING, Data(train="x", empty_labels="undecided"), said.append)
    assert y.tolist() == [[1, 0], *[[-1, -1]] * 4]
    assert said == ["note: a.csv: 2 empty cell(s) in column 'labels' taken as undecided (data.empty_labels)"]


def test_a_column_lists_the_labels_that_nobody_decided():
    cells = {"labels": [["threat"], [], [], None], "undecided": [["cooperation"], "cooperation;threat", None, []]}
    assert matrix(cells).tolist() == [[1, -1], [-1, -1], [0, 0], [-1, -1]]
    named = {"labels": [[]], "open": ["NA"]}
    task = Task(name="t", labels=["NA", "EU"])
    assert matrix(named, task, columns={"undecided": "open"}).tolist() == [[-1, 0]]
    with pytest.raises(InputError, match=r"a\.csv row 1: the label 'threat' is given and undecided"):
        matrix({"labels": [["threat"]], "undecided": [["threat"]]})
    with pytest.raises(InputError, match=r"row 2: column 'undecided' has the label 'war'"):
        matrix({"labels": [[], []], "undecided": [[], ["war"]]})
    with pytest.raises(InputError, match=r"has no column 'open' for the undecided labels"):
        matrix({"labels": [[]]}, columns={"undecided": "open"})


def test_a_label_that_is_called_na_is_no_missing_value():
    task = Task(name="t", labels=["NA", "EU"])
    assert matrix({"labels": ["NA", "EU", "NaN"]}, task).tolist() == [[1, 0], [0, 1], [-1, -1]]
    coded = matrix({"labels": ["NA", "7"]}, task, label_codes={"NA": "EU", 7: "NA"})
    assert coded.tolist() == [[0, 1], [1, 0]]


def test_flags_that_are_empty_are_undecided_for_their_label_alone():
    flags = {"threat": ["1", "", "NA"], "cooperation": [None, "0", "yes"]}
    assert matrix(flags, columns={"labels": ["threat", "cooperation"]}).tolist() == [[1, -1], [-1, 0], [-1, 1]]


def test_rows_that_nobody_decided_are_left_out_and_the_others_keep_their_numbers(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,labels\none,threat\ntwo,NA\nthree,cooperation\n")
    rows = load_labelled(str(path), FRAMING, Data(train="x"), print)
    assert (rows.texts, rows.ids, rows.undecided) == (["one", "three"], ["a-1", "a-3"], 1)
    assert rows.groups == [f"{path}#1", f"{path}#3"]
    assert rows.rows.numbers == [2, 4]
    path.write_text("text,labels\none,NA\ntwo,NA\n")
    with pytest.raises(InputError, match="nobody decided any label of its 2 rows"):
        load_labelled(str(path), FRAMING, Data(train="x"), print)


def test_unlabelled_rows_without_text_are_passed_over_without_a_word(tmp_path):
    (tmp_path / "1.csv").write_text("n,text\n1,They met.\n2,NA\n3,They left.\n")
    lines = []
    assert load_unlabelled(small(tmp_path, f"data.unlabelled={tmp_path}/1.csv"), lines.append) == [
        "They met.",
        "They left.",
    ]
    assert lines == []


def test_a_multiclass_row_with_half_an_answer_is_undecided_and_with_none_refused():
    assert matrix({"label": ["verbal", "NA"]}, QUAD).tolist() == [[1, 0], [-1, -1]]
    assert matrix({"label": ["verbal", ""]}, QUAD, empty_labels="undecided").tolist() == [[1, 0], [-1, -1]]
    with pytest.raises(InputError, match=r"has 0 labels; .* or set data.empty_labels=undecided"):
        matrix({"label": ["verbal", ""]}, QUAD)


def test_a_number_in_the_place_of_a_text_is_refused_by_line(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "x", "labels": []}, {"text": 7, "labels": []}])
    with pytest.raises(InputError, match=r"a\.jsonl line 2: column 'text' has '7', which is no text$"):
        load_labelled(str(path), FRAMING, Data(train="x"), print)
    empty = write_jsonl(tmp_path / "b.jsonl", [{"text": None, "labels": []}, {"text": " ", "labels": []}])
    with pytest.raises(InputError, match=r"b\.jsonl: column 'text' holds no text in any of its 2 rows"):
        load_labelled(str(empty), FRAMING, Data(train="x", missing_text="skip"), print)


def test_rows_that_nobody_decided_are_counted_over_all_files(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f"text,labels\n{name} one,threat\n{name} two,NA\n")
    names = [str(tmp_path / f"{name}.csv") for name in "ab"]
    rows = load_labelled(names, FRAMING, Data(train="x"), print)
    assert (rows.texts, rows.undecided, rows.name) == (["a one", "b one"], 2, ", ".join(names))
    assert rows.rows.name == rows.name


def test_label_without_a_column_is_undecided_and_no_column_serves_two(tmp_path):
    path = tmp_path / "flags.csv"
    path.write_text("text,t,c\nThey will attack.,1,0\nThey met.,0,1\n", encoding="utf-8")
    three = Task(name="framing", labels=["threat", "cooperation", "denial"])
    data = Data(train=str(path), columns=Columns(labels={"threat": "t", "cooperation": "c"}))
    said = []
    rows = load_labelled(str(path), three, data, said.append)
    assert rows.y.tolist() == [[1, 0, -1], [0, 1, -1]]
    assert said == [f"note: {path}: no column is named for denial: undecided in all rows"]
    twice = Data(train=str(path), columns=Columns(labels={"threat": "t", "cooperation": "c", "denial": "c"}))
    with pytest.raises(InputError, match="'c' is named for two labels"):
        load_labelled(str(path), three, twice, said.append)
