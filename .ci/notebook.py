"""Runs a notebook on Deno's Jupyter kernel and checks it against the outputs committed in it.

    /usr/bin/python3 .ci/notebook.py examples/tracing-101.ipynb            # check
    /usr/bin/python3 .ci/notebook.py examples/tracing-101.ipynb --write    # store the new outputs

A cell fails on an error output, and where it prints now and not in the committed notebook, or the other way round.
The text itself is not compared: it has ids and times. Needs Debian's python3-nbformat and
python3-jupyter-client, and npm's `deno`: looked for in DENO, then on PATH.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from queue import Empty

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

LATE = 0.4  # Seconds to go on reading after `idle`: Deno's kernel sends what was printed last after it.
CELL_TIMEOUT = 120


def main():
    write = "--write" in sys.argv
    paths = [Path(arg) for arg in sys.argv[1:] if not arg.startswith("--")]
    if not paths:
        sys.exit(__doc__)
    problems = [problem for path in paths for problem in run(path, write)]
    for problem in problems:
        print(f"  {problem}")
    sys.exit(1 if problems else 0)


def run(path, write):
    """Executes the notebook; returns what is wrong with it, one line each."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    problems, printed = [], 0
    with tempfile.TemporaryDirectory() as home, Kernel(home, path.parent) as kernel:
        for number, cell in enumerate(cells, 1):
            outputs = kernel.execute(cell.source)
            printed += bool(outputs)
            problems += [f"{path}, cell {number}: {text}" for text in complaints(cell.outputs, outputs, write)]
            cell.outputs, cell.execution_count = outputs, number
            if any(output.output_type == "error" for output in outputs):
                break
    if not problems and not printed:
        problems.append(f"{path}: none of its {len(cells)} cells printed anything")
    if write and not problems:
        save(notebook, path)
    print(f"{path}: {len(cells)} cells, {printed} with outputs, {len(problems)} problems")
    return problems


def complaints(before, now, write):
    """What is wrong with the outputs of one cell."""
    errors = [output for output in now if output.output_type == "error"]
    if errors:
        return ["\n".join([f"{error.ename}: {error.evalue}", *error.traceback]) for error in errors]
    if write or kinds(before) == kinds(now):
        return []
    return [f"the notebook has {shown(kinds(before))} here, running it gave {shown(kinds(now))}"]


def kinds(outputs):
    """How many outputs there are of each kind; a stream counts once, however many pieces it came in."""
    streams = Counter({f"stream {output.name}": 1 for output in outputs if output.output_type == "stream"})
    return streams + Counter(output.output_type for output in outputs if output.output_type != "stream")


def shown(counts):
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "no outputs"


def save(notebook, path):
    """Writes the notebook so that the same outputs give the same bytes."""
    deno = {"display_name": "Deno", "language": "typescript", "name": "deno"}
    notebook.metadata = {"kernelspec": deno, "language_info": {"file_extension": ".ts", "name": "typescript"}}
    for number, cell in enumerate(notebook.cells, 1):
        cell.metadata.pop("execution", None)
        cell.id = f"cell-{number:02}"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    path.write_text(nbformat.v4.writes(notebook) + "\n", "utf-8")


class Kernel:
    """Deno's kernel, started with a kernel description of its own, in the notebook's folder."""

    def __init__(self, home, folder):
        deno = os.environ.get("DENO") or shutil.which("deno") or sys.exit("notebook.py: no deno: set DENO")
        described = Path(home) / "kernels" / "deno"
        described.mkdir(parents=True)
        argv = [deno, "jupyter", "--kernel", "--conn", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Deno", "language": "typescript"}
        (described / "kernel.json").write_text(json.dumps(spec))
        specs = KernelSpecManager(kernel_dirs=[str(described.parent)])
        self.manager = KernelManager(kernel_name="deno", kernel_spec_manager=specs)
        self.home, self.folder = Path(home) / "deno", folder

    def __enter__(self):
        environment = {
            **os.environ,
            "NO_COLOR": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "DENO_DIR": str(self.home),
            "DENO_NO_UPDATE_CHECK": "1",
        }
        self.manager.start_kernel(cwd=str(self.folder), env=environment)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        return self

    def __exit__(self, *_):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def execute(self, code):
        """The outputs of one cell, also those that come after `idle`."""
        request = self.client.execute(code)
        outputs, deadline, idle = [], time.monotonic() + CELL_TIMEOUT, False
        while time.monotonic() < deadline:
            try:
                message = self.client.get_iopub_msg(timeout=LATE if idle else 1)
            except Empty:
                if idle:
                    return outputs
                if not self.manager.is_alive():
                    sys.exit("notebook.py: the kernel died")
                continue
            if message["msg_type"] == "status":
                ours = message["parent_header"].get("msg_id") == request
                idle = idle or (ours and message["content"]["execution_state"] == "idle")
            elif message["msg_type"] in ("stream", "display_data", "execute_result", "error"):
                add(outputs, nbformat.v4.output_from_msg(message))
        sys.exit(f"notebook.py: a cell ran for more than {CELL_TIMEOUT} s:\n{code}")


def add(outputs, output):
    """Appends an output; pieces of one stream become one text."""
    last = outputs[-1] if outputs else None
    if last and output.output_type == last.output_type == "stream" and last.name == output.name:
        last.text += output.text
    else:
        outputs.append(output)


if __name__ == "__main__":
    main()
