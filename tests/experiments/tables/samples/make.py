"""Makes the sample tables anew with R and LibreOffice: ``python -m tests.experiments.tables.samples.make``.

The rows are in ``rows.json``, whose oddities each trip some reader. What can't carry them all (tabs without quotes,
Windows-1252) gets those rows that it can.
"""

import csv
import json
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
COLUMNS = ["id", "text", "label", "date", "n"]


R_SCRIPT = r"""
args <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(args[1], colClasses = "character", na.strings = "\\N", encoding = "UTF-8", check.names = FALSE)
plain <- rows[!grepl("[\t\n\"]", rows$text), ]
out <- function(name) file.path(args[2], name)
write.csv(rows, out("r-write-csv.csv"), fileEncoding = "UTF-8")
write.csv(rows, out("r-write-csv-no-names.csv"), row.names = FALSE, fileEncoding = "UTF-8")
write.csv2(rows, out("r-write-csv2.csv"), row.names = FALSE, fileEncoding = "UTF-8")
write.table(rows, out("r-write-table.csv"), fileEncoding = "UTF-8")
write.table(rows, out("r-write-table-comma.csv"), sep = ",", fileEncoding = "UTF-8")
write.table(rows, out("r-write-table-tab.tsv"), sep = "\t", fileEncoding = "UTF-8")
write.table(rows, out("r-write-table-tab-double.tsv"), sep = "\t", qmethod = "double", row.names = FALSE,
            fileEncoding = "UTF-8")
write.table(plain, out("r-write-table-bare.tsv"), sep = "\t", quote = FALSE, fileEncoding = "UTF-8")
"""

CALC = {
    "calc-us.csv": "44,34,76,1,,1033,false,true,false",
    "calc-us-quoted.csv": "44,34,76,1,,1033,true,true,false",
    "calc-german.csv": "59,34,76,1,,1031,false,true,false",
    "calc-german-1252.csv": "59,34,1,1,,1031,false,true,false",
    "calc-french-tab.tsv": "9,34,76,1,,1036,false,true,false",
    "calc-utf16.csv": "9,34,65535,1,,1036,false,true,false",
}
"""Export filter options: separator, quote, character set, first line, formats, language, quote all, as shown."""


def main() -> None:
    """Write every sample."""
    rows = json.loads((HERE / "rows.json").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "rows.csv"
        for_r = Path(scratch) / "for-r.csv"
        for path, missing in ((source, ""), (for_r, "\\N")):
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, quoting=csv.QUOTE_ALL)
                writer.writerow(COLUMNS)
                writer.writerows([[missing if row[c] is None else row[c] for c in COLUMNS] for row in rows])
        script = Path(scratch) / "make.R"
        script.write_text(R_SCRIPT, encoding="utf-8")
        subprocess.run(["Rscript", "--vanilla", str(script), str(for_r), str(HERE)], check=True)
        as_text = "/".join(f"{number}/2" for number in range(1, len(COLUMNS) + 1))
        for name, options in CALC.items():
            subprocess.run(
                [
                    "soffice",
                    "--headless",
                    f"-env:UserInstallation=file://{scratch}/profile",
                    f"--infilter=Text - txt - csv (StarCalc):44,34,76,1,{as_text}",
                    "--convert-to",
                    f"csv:Text - txt - csv (StarCalc):{options}",
                    "--outdir",
                    scratch + "/out",
                    str(source),
                ],
                check=True,
                capture_output=True,
            )
            (HERE / name).write_bytes((Path(scratch) / "out" / "rows.csv").read_bytes())


if __name__ == "__main__":
    main()
