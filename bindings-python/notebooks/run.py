"""Runs the notebooks with this interpreter and keeps what they print and show: `python notebooks/run.py`.

Needs nbclient, nbformat and ipykernel. What depends on the machine is not written: versions, and where a kernel was.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, List

import nbclient
import nbformat

FOLDER = Path(__file__).resolve().parent


def notebooks() -> List[Path]:
    """Every notebook."""
    return sorted(FOLDER.glob("*.ipynb"))


def executed(path: Path) -> Any:
    """A notebook, run from its first cell to its last. Raises what a cell raises."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        kernels = Path(folder) / "kernels" / "python3"
        kernels.mkdir(parents=True)
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (kernels / "kernel.json").write_text(
            json.dumps({"argv": command, "display_name": "Python 3", "language": "python"})
        )
        os.environ.update(
            JUPYTER_PATH=folder, IPYTHONDIR=folder, MPLBACKEND="module://matplotlib_inline.backend_inline"
        )
        client = nbclient.NotebookClient(
            notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
        )
        client.execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata.pop("language_info", None)
    return notebook


def shown(notebook: Any, is_all: bool = True) -> List[str]:
    """What the cells of a notebook print and show, as text and HTML; not that of cells with the tag `varies` unless all is wanted.
    Pictures of a plotting library are left out, as another release draws others. What a cell prints is one text, in however many
    pieces it came."""
    texts = []
    for cell in notebook.cells:
        if is_all or "varies" not in cell.metadata.get("tags", []):
            printed = False
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                if "image/png" in data:
                    continue
                text = "".join(output.get("text") or data.get("text/html") or data.get("text/plain") or "")
                if printed and "text" in output:
                    texts[-1] += text
                else:
                    texts.append(text)
                printed = "text" in output
    return texts


if __name__ == "__main__":
    for each in notebooks():
        nbformat.write(executed(each), each)
        print(f"{each.name} has run")
