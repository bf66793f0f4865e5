# How nbconvert executes the project's notebooks: a line a cell with its time, no
# limit on how long a cell may take (training takes minutes), and an open limit on
# how long the kernel takes to start.
import time

c = get_config()  # noqa: F821  (nbconvert provides it)

total = 0
began = {}


def count(notebook):
    global total
    total = sum(cell.cell_type == "code" for cell in notebook.cells)


def start(cell, cell_index):
    if cell.cell_type == "code":
        began[cell_index] = time.monotonic()


def done(cell, cell_index, execute_reply):
    if cell_index in began:
        first = cell.source.strip().splitlines()[:1]
        seconds = time.monotonic() - began[cell_index]
        print(f"  cell {len(began)} of {total}: {seconds:5.1f} s  {''.join(first)[:60]}", flush=True)


c.ExecutePreprocessor.kernel_name = "gonb"
c.ExecutePreprocessor.timeout = -1
c.ExecutePreprocessor.startup_timeout = 300
c.ExecutePreprocessor.on_notebook_start = count
c.ExecutePreprocessor.on_cell_start = start
c.ExecutePreprocessor.on_cell_executed = done
