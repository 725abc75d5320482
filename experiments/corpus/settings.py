"""How the command line says which column of a table holds what, alike for every command."""

from experiments.config.files import load_config
from experiments.config.schema import Config, Data
from experiments.errors import InputError


def data_settings(
    config: Config | str | None = None,
    text: str | None = None,
    labels: str | None = None,
    id: str | None = None,
    group: str | None = None,
    target: str | None = None,
    codes: str | None = None,
    encoding: str | None = None,
    header: bool = True,
) -> Data:
    """Return the settings for reading a table: those of a config, with what is named here in their place.

    Parameters
    ----------
    config : Config or str, optional
        A config, or its name; without one the defaults of :class:`experiments.config.schema.Columns` count.
    text, id, group, target : str, optional
        Columns.
    labels : str, optional
        A column, or 0/1 columns as ``label=column,label=column``.
    codes : str, optional
        What codes mean, as ``1=cooperation,2=threat``.
    encoding : str, optional
        Detected when left out.
    header : bool, default True
        Whether the first line of a CSV or TSV names the columns.

    Raises
    ------
    InputError
        If labels or codes are not written so, or the config can't be read.
    """
    loaded = load_config(config, []) if isinstance(config, str) else config
    data = loaded.data if loaded else Data(train="")
    named = {"text": text, "id": id, "group": group, "target": target}
    columns = {name: column for name, column in named.items() if column is not None}
    if labels is not None:
        columns["labels"] = _pairs("--labels", labels) if "=" in labels else labels  # type: ignore[assignment]
    changed: dict[str, object] = {"columns": data.columns.model_copy(update=columns)}
    if codes is not None:
        changed["label_codes"] = _pairs("--codes", codes)
    if encoding is not None:
        changed["encoding"] = encoding
    if not header:
        changed["header"] = False
    return data.model_copy(update=changed)


def _pairs(option: str, value: str) -> dict[str, str]:
    pairs = {}
    for part in value.split(","):
        key, equals, name = part.partition("=")
        if not (key.strip() and equals and name.strip()):
            raise InputError(f"{option} {value}: write it as a=b,c=d; {part!r} is no such pair")
        pairs[key.strip()] = name.strip()
    return pairs
