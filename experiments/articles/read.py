"""From files, folders, tables and standard input to articles."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from experiments.articles.html import decode_html, from_html
from experiments.articles.inputs import PLAIN, Columns, Document, read_documents
from experiments.articles.kinds import DOCUMENTS
from experiments.articles.markdown import from_markdown
from experiments.articles.sentences import Sentence, split_sentences
from experiments.encodings import decode
from experiments.errors import InputError
from experiments.files import read_bytes
from experiments.notices import Warn, to_stderr
from experiments.tables.cells import cell_text, mended

LONGEST = 20_000_000
"""Characters that an article may have: twenty long novels."""


@dataclass(frozen=True, slots=True)
class Article:
    """A text and its sentences.

    Attributes
    ----------
    id : str
        The file's path, or what the row of a table is called.
    text : str
        What the offsets of the sentences count in: a text file's content with its line ends as Python reads them,
        a row's cell as it is, Markdown without its marks, or what was extracted from HTML, Word, ODT or PDF.
    sentences : tuple of Sentence
        In the order of the text.
    kept : mapping of str to str
        Further columns of a table's row that are carried through to the output.
    """

    id: str
    text: str
    sentences: tuple[Sentence, ...]
    kept: Mapping[str, str] = field(default_factory=dict)


def read_articles(
    inputs: Sequence[str],
    columns: Columns = PLAIN,
    encoding: str | None = None,
    warn: Warn = to_stderr,
    input_format: str | None = None,
    skipped: list[str] | None = None,
) -> Iterator[Article]:
    """Read articles one after the other.

    Every input is looked for before the first is read, so that a typing error in the last one shows at once.

    Parameters
    ----------
    inputs : sequence of str
        Files (.txt, .md, .html, .docx, .odt, .pdf: one article each; .jsonl, .json, .csv, .tsv, .parquet: one article a
        row), folders, which are searched with their subfolders, and ``-`` for standard input.
    columns : Columns
        Where tables have the text, the id and what is kept.
    encoding : str, optional
        Encoding of all files; by default UTF-8, and what is detected where a file isn't.
    warn : callable
        Called with a line for everything the user should know: a detected encoding, rows without text, a file in a
        folder that can't be used, what standard input was taken for.
    input_format : str, optional
        What files that are named, and standard input, are read as: text, markdown, html, jsonl, json, csv, tsv,
        parquet, docx, odt or pdf. By default what the ending says, and what standard input looks like.
    skipped : list of str, optional
        Gets, while articles are read, the line of each file in a folder that can't be used.

    Returns
    -------
    iterator of Article
        Lazy; tables are streamed, so memory holds one article at a time.

    Raises
    ------
    InputError
        If an input is missing, empty, binary or not what its ending says. Inside a folder that is a warning.
    """

    def skip(line: str) -> None:
        warn(f"{line}; skipped")
        if skipped is not None:
            skipped.append(line)

    documents = read_documents(inputs, columns, encoding, warn, input_format, skip)

    def articles() -> Iterator[Article]:
        for document in documents:
            try:
                yield article_of(document, warn)
            except InputError as error:
                if not document.in_folder:
                    raise
                skip(str(error).replace("\n", "\\n"))

    return articles()


def article_of(document: Document, warn: Warn = to_stderr) -> Article:
    """Read a document and split it into sentences.

    Raises
    ------
    InputError
        As :func:`text_of` does.
    """
    return make_article(document.id, text_of(document, warn), document.kept)


def text_of(document: Document, warn: Warn = to_stderr) -> str:
    """Read the text of a document.

    Raises
    ------
    InputError
        If it is missing, empty, binary, not what its ending says, or longer than any article.
    """
    if document.path is None and not document.ending:
        text = cell_text(document.content)
    else:
        data = read_bytes(Path(document.path)) if document.path is not None else document.content
        assert isinstance(data, bytes)
        text = _document(data, document, warn)
    if len(text) > LONGEST:
        raise InputError(
            f"{document.name}: has {len(text):,} characters, and an article {LONGEST:,} at most; give its parts as "
            "files, or as rows of a table"
        )
    return text


def make_article(article_id: str, text: str, kept: Mapping[str, str] | None = None) -> Article:
    """Split a text into an article's sentences."""
    text = mended(text)
    return Article(article_id, text, split_sentences(text), kept or {})


def _document(data: bytes, document: Document, warn: Warn) -> str:
    name, ending, encoding = document.name, document.ending, document.encoding
    if not data.strip():
        raise InputError(f"{name}: is empty")
    if ending in DOCUMENTS:
        from experiments.articles.documents import read_document

        return read_document(data, name, ending)
    html = ending in (".html", ".htm", ".xhtml")
    text, note = decode_html(data, name, encoding, document.served) if html else decode(data, name, encoding)
    if note:
        warn(note)
    if html:
        return from_html(text, name)
    text = (from_markdown(text) if ending in (".md", ".markdown") else text).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise InputError(f"{name}: is empty")
    return text
