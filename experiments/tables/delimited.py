"""Comma-, semicolon- and tab-separated text: read rightly where there is one right reading, else refused by line.

Files are written by R, pandas, spreadsheets of many countries, exports and hands. What they do differently (the
separator, how quotes are written, row names, separators at the ends of lines) is found out from the beginning of the
file and then held to: a line that doesn't fit is an error that names it, and never shifted, cut or padded.
"""

import csv
import io
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TextIO

from experiments.errors import InputError
from experiments.notices import Warn

SAMPLE = 32_000_000
"""Characters from which a file's form is found out; most files are read whole for it."""

Record = tuple[int, list[str]]
"""The number of the line on which a row begins, and its cells."""

_NOTHING = "\x1f"  # separates the cells of a file with one column: in no text
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


class _MisfitError(Exception):
    """A line that doesn't fit a form; how far the form went tells which one is likely meant."""

    def __init__(self, line: int, fault: str) -> None:
        super().__init__(fault)
        self.line, self.fault = line, fault


@dataclass(frozen=True)
class Form:
    """How a file writes its rows.

    Attributes
    ----------
    separator : str or None
        Between cells; None where each line is one cell.
    quotes : {"doubled", "escaped", "plain"}
        A quotation mark inside quotes is written twice (the standard, spreadsheets, pandas, ``write.csv``), behind a
        backslash (R's ``write.table``), or is a character like any other (tweets in TSV).
    skipped : int
        Lines before the header (``sep=;``).
    header : bool
        Whether the first row names the columns.
    row_names : bool
        Whether rows have one cell more than the header, in front (R's ``write.table``).
    trailing : bool
        Whether every row ends in a separator that the header may lack.
    """

    separator: str | None
    quotes: str = "doubled"
    skipped: int = 0
    header: bool = True
    row_names: bool = False
    trailing: bool = False


def read_delimited(
    file: TextIO,
    name: str,
    tabs: bool = False,
    header: bool = True,
    warn: Warn = lambda line: None,
    bad: Callable[[InputError], None] | None = None,
) -> tuple[list[str], Iterator[Record]]:
    """Read delimited text as the names of its columns and its rows.

    Parameters
    ----------
    file : text file, seekable, opened with ``newline=""``
        Streamed after its form is found out.
    name : str
        What to call the file in a message.
    tabs : bool, default False
        Whether it is called .tsv: tabs are then looked for first.
    header : bool, default True
        Whether the first row names the columns; else they are called 1, 2, 3 and so on.
    warn : callable
        Called with a line when rows without any content are left out.
    bad : callable, optional
        Called with the fault of a row that has too many cells or too few, which is then left out; by default it is
        raised. Quotation marks that don't go together are raised always: nobody knows where the next row begins.

    Returns
    -------
    tuple of (list of str, iterator of (int, list of str))
        The columns, and for each row the line on which it begins and its cells, as many as there are columns.

    Raises
    ------
    InputError
        If the lines don't fit each other or the header in any one way, two columns have one name, or there is no row;
        while rows are read, too, if a line further down doesn't fit.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # a cell may hold a whole article
    sample = file.read(SAMPLE)
    whole = len(sample) < SAMPLE
    if not whole:  # a row that the sample's end cuts through would not fit
        sample = sample[: sample.rfind("\n") + 1] or sample
    form = _form(sample, name, tabs, header, whole, bad is not None)
    file.seek(0)
    if file.read(1) != "\ufeff":
        file.seek(0)
    return _table(file, name, form, warn, bad)


def _form(sample: str, name: str, tabs: bool, header: bool, whole: bool, lenient: bool) -> Form:
    """Return the first form that all rows of the sample fit; the error is that of the likeliest one.

    To a lenient reader the likeliest is the form.
    """
    faults: list[tuple[bool, int, str, Form]] = []
    for form in _candidates(sample, tabs, header):
        try:
            fitted = _fitted(sample, form, whole)
            if form.quotes == "plain" and (line := _other_reading(sample, form, whole)):
                raise InputError(
                    f"{name} line {line}: can be read in two ways, since quotation marks may stand around a cell with "
                    "line breaks or be characters of the text; double those of the text and put quotes around all cells"
                )
            return fitted
        except _MisfitError as misfit:
            faults.append((form.separator is not None, misfit.line, misfit.fault, form))
    # quotes that are no pairs make nonsense of every form with quotes; the lines themselves then say more
    _, line, fault, likeliest = max(faults, key=lambda each: each[:2])
    if lenient:
        return likeliest
    raise InputError(f"{name} line {line}: {fault}")


def _candidates(sample: str, tabs: bool, header: bool) -> Iterator[Form]:
    first, skipped = _first_line(sample), 0
    separators: list[str] = []
    if told := _SEP.fullmatch(first):
        separators, skipped = [told[1]], 1
    else:
        bare = _QUOTED.sub("", first)
        counted = sorted(",;\t|", key=lambda mark: (-(mark == "\t" and tabs), -bare.count(mark)))
        separators = [mark for mark in counted if mark in bare]
        if not separators and re.fullmatch(r'"[^"]*"( "[^"]*")+', first.strip()):
            separators = [" "]  # write.table as it is
    for separator in separators:
        form = Form(separator, skipped=skipped, header=header)
        if separator == "\t" and _has_stray_quotes(sample):
            yield replace(form, quotes="plain")
        yield form
        yield replace(form, quotes="escaped")
        if separator == "\t":
            yield replace(form, quotes="plain")
    if not separators:
        yield Form(None, skipped=skipped, header=header)
        for separator in ",;\t ":  # one column under its name, and row names that the header doesn't count
            yield Form(separator, skipped=skipped, header=header)
            yield Form(separator, "escaped", skipped, header)


def _first_line(text: str) -> str:
    lines = io.StringIO(text.removeprefix("\ufeff")[:100_000], newline=None)
    return next((line.rstrip("\n") for line in lines if line.strip()), "")


def _has_stray_quotes(text: str) -> bool:
    """Return whether quotes are plain characters of tab-separated text, and not put around cells.

    Collections of tweets come as one row a line with whatever their authors typed. A cell that begins with a quote
    would then be read on to the next quote, lines further down. Whoever puts quotes around cells puts them around every
    cell that holds one, and doubles that.
    """
    lines = [line for line in text.splitlines() if line]
    if len({line.count("\t") for line in lines}) > 1:
        return False  # a cell holds a line break or a tab, which takes quotes around it
    return any('"' in cell and not _QUOTED.fullmatch(cell) for line in lines for cell in line.split("\t"))


def _other_reading(sample: str, form: Form, whole: bool) -> int | None:
    """Return the first line at which rows end elsewhere if quotation marks are put around cells, if all rows fit so."""
    quoted = replace(form, quotes="doubled")
    try:
        _fitted(sample, quoted, whole)
        here, there = (
            [line for line, _ in _records(io.StringIO(sample, newline=""), each, whole)] for each in (form, quoted)
        )
    except _MisfitError:
        return None
    return next((line for line, other in itertools.zip_longest(here, there) if line != other), None)


def _fitted(sample: str, form: Form, whole: bool) -> Form:
    """Return the form with what the rows tell of row names and trailing separators.

    Raises
    ------
    _MisfitError
        At the first row that fits no such form.
    """
    records = _records(io.StringIO(sample.removeprefix("\ufeff"), newline=""), form, whole)
    first = next(((line, cells) for line, cells in records if any(map(str.strip, cells))), None)
    if first is None:
        raise _MisfitError(1, "holds no rows")
    width = len(first[1])
    names: list[str] = []
    longer = shorter = 0
    ends_empty, unlike = True, None
    rows = 0
    for line, cells in records:
        if not any(map(str.strip, cells)):
            continue
        rows += 1
        if len(cells) == width + 1 and form.header:
            longer += 1
            ends_empty &= not cells[-1]
            names.append(cells[0])
        elif len(cells) != width:
            unlike = unlike or (line, cells)
            shorter += len(cells) < width
        if unlike and longer:
            break
    if longer and unlike is None and longer == rows:
        numbered = names == [str(number) for number in range(1, len(names) + 1)]
        named_by_r = _quoted_throughout(sample, form) or form.separator == "\t"
        if ends_empty and not (numbered and named_by_r):
            return replace(form, trailing=True)
        # a comma too many in every row looks the same, but who quotes all names and numbers is R
        if named_by_r and (numbered or len(set(names)) == len(names)):
            return replace(form, row_names=True)
    if longer or unlike:
        line, cells = _first_misfit(sample, form, width, whole)
        raise _MisfitError(line, _misfit(cells, first[1], form))
    return form


def _first_misfit(sample: str, form: Form, width: int, whole: bool) -> Record:
    records = _records(io.StringIO(sample.removeprefix("\ufeff"), newline=""), form, whole)
    return next((line, cells) for line, cells in records if any(map(str.strip, cells)) and len(cells) != width)


def _quoted_throughout(sample: str, form: Form) -> bool:
    """Return whether all names in the header and the first cell of the row below are in quotation marks."""
    lines = io.StringIO(sample.removeprefix("\ufeff"), newline=None)
    header, below = itertools.islice((line.strip() for line in lines if line.strip()), 2)
    cells = header.split(form.separator)
    return below.startswith('"') and all(_QUOTED.fullmatch(cell.strip()) for cell in cells)


def _misfit(cells: Sequence[str], header: Sequence[str], form: Form) -> str:
    n, wanted = len(cells), len(header)
    columns = ", ".join(name.strip() for name in header[:8]) + (", ..." if wanted > 8 else "")
    of = f"the header has {wanted} ({columns})" if form.header else f"the first line has {wanted}"
    cause = "separators" if n > wanted else "line breaks"
    return (
        f"has {n} cell{'s' * (n != 1)} where {of}: put quotes around cells that hold {cause}, and give every row all "
        "of its cells"
    )


def _records(lines: Iterable[str], form: Form, whole: bool = True) -> Iterator[Record]:
    """Yield the rows of lines in a form, those without any content left out.

    Raises
    ------
    _MisfitError
        If quotation marks don't go together.
    """
    counted = itertools.count(1)
    source: Iterator[str] = iter(lines)
    for _ in range(form.skipped):
        next(source, None)
        next(counted)
    if form.quotes == "escaped":
        source = (line.replace('\\"', '""') for line in source)
    reader = csv.reader(
        source,
        delimiter=form.separator or _NOTHING,
        quoting=csv.QUOTE_NONE if form.quotes == "plain" else csv.QUOTE_MINIMAL,
        strict=True,
    )
    begin = 1
    try:
        for cells in reader:
            yield form.skipped + begin, cells
            begin = reader.line_num + 1
    except csv.Error as error:
        if not whole and "unexpected end" in str(error):
            return  # the sample ends inside a cell
        raise _MisfitError(form.skipped + begin, _quote_fault(str(error))) from None


def _quote_fault(error: str) -> str:
    if "unexpected end" in error:
        return "a quotation mark opens a cell that is never closed; close it, or double quotation marks inside cells"
    if "expected after" in error:
        return "text follows the closing quotation mark of a cell; write quotation marks inside quoted cells twice"
    return f"can't be read: {error}"


def _table(
    file: TextIO, name: str, form: Form, warn: Warn, bad: Callable[[InputError], None] | None
) -> tuple[list[str], Iterator[Record]]:
    records = _records(file, form)
    try:
        line, first = next((line, cells) for line, cells in records if any(cell.strip() for cell in cells))
    except StopIteration:
        raise InputError(f"{name}: holds no rows") from None
    width = len(first) + form.row_names
    if form.header:
        columns = [cell.strip().strip("\ufeff") for cell in first]
        if form.row_names:
            columns = ["", *columns]
    else:
        columns = [str(number) for number in range(1, width + 1)]
        records = itertools.chain([(line, first)], records)
    named, used = _named(columns, name)
    rows = _checked(records, name, form, first, used, warn, bad)
    begun = next(rows, None)
    if begun is None:
        raise InputError(f"{name}: holds no rows under its header")
    return named, itertools.chain([begun], rows)


def _named(columns: Sequence[str], name: str) -> tuple[list[str], list[int]]:
    """Return the names of the columns, and which cells of a row they are; a nameless last one must stay empty."""
    named: list[str] = []
    used: list[int] = []
    for at, column in enumerate(columns):
        if not column and at == len(columns) - 1 and at > 0:
            continue
        given = column or ("row_names" if at == 0 else f"column {at + 1}")
        if given in named:
            raise InputError(
                f"{name}: columns {used[named.index(given)] + 1} and {at + 1} are both called {given!r}; rename one"
            )
        named.append(given)
        used.append(at)
    return named, used


def _checked(
    records: Iterator[Record],
    name: str,
    form: Form,
    first: Sequence[str],
    used: Sequence[int],
    warn: Warn,
    bad: Callable[[InputError], None] | None,
) -> Iterator[Record]:
    """Yield the rows' cells in the used columns; a row of another width, or with something left over, is an error."""
    width = len(first) + form.row_names + form.trailing
    empty = waiting = 0
    last = used[-1] + 1 if used else 0
    every = list(used) == list(range(last))
    try:
        for line, cells in records:
            if not cells or not any(map(str.strip, cells)):
                waiting += len(cells) > 1
                continue
            empty, waiting = empty + waiting, 0  # rows without content at the end of a file are not told of
            fault = ""
            if len(cells) != width:
                fault = _misfit(cells, first, form)
            elif any(cells[at].strip() for at in range(last, width)):
                fault = f"has {cells[-1]!r} in a last column without a name; name the column in the header"
            if fault and bad is not None:
                bad(InputError(f"{name} line {line}: {fault}"))
                continue
            if fault:
                raise _MisfitError(line, fault)
            yield line, cells[:last] if every else [cells[at] for at in used]
    except _MisfitError as misfit:
        raise InputError(f"{name} line {misfit.line}: {misfit.fault}") from None
    if empty:
        warn(f"{name}: {empty} row(s) without any content left out")
