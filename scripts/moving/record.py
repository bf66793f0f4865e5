"""Records a real run of a notebook in JupyterLab, as the pictures of a headless Chromium.

    scripts/in-project.sh .venv/bin/python scripts/moving/record.py FOLDER

runs notebooks/00_walkthrough.ipynb cell after cell, from an empty run store, and writes
a picture whenever the page has changed: FOLDER/NNNN.png, and FOLDER/frames.jsonl with the
second, the cell and whether it still runs. `go run ./scripts/moving FOLDER` makes the moving
picture of README from them. It needs Chromium; INTERPLAY_CHROMIUM names another one.
"""
import base64, json, os, pathlib, shutil, signal, socket, subprocess, sys, tempfile, time, urllib.request

import websocket  # a package that JupyterLab brings

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAME = "00_walkthrough"
WIDTH, HEIGHT = 900, 640
VIEW = {"x": 32, "y": 0, "width": 836, "height": 616}  # without JupyterLab's side bars and status line
INTERVAL = 1.0  # seconds between pictures
PATIENCE = 600  # seconds for JupyterLab and its kernel to start
LIMIT = 60 * 60  # seconds for the whole run

# Runs the cells in their order; window.interplay says where it is.
RUN = """
(async () => {
  const app = window.jupyterapp, panel = app.shell.currentWidget, notebook = panel.content;
  window.interplay = {cell: 0, running: false, done: false};
  for (let i = 0; i < notebook.widgets.length; i++) {
    if (notebook.widgets[i].model.type !== 'code') continue;
    notebook.activeCellIndex = i;
    window.interplay.cell = i; window.interplay.running = true;
    await app.commands.execute('notebook:run-cell');
    window.interplay.running = false;
    await new Promise(r => setTimeout(r, 2500));
  }
  window.interplay.done = true;
})()
"""

# Shows the cell that runs: all of it where it fits, else its end.
SHOW = """
(() => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const cell = notebook.widgets[window.interplay.cell].node;
  const view = cell.closest('.jp-WindowedPanel-outer') || notebook.node;
  const above = cell.getBoundingClientRect().top - view.getBoundingClientRect().top + view.scrollTop;
  const fits = cell.offsetHeight + 24 <= view.clientHeight;
  view.scrollTop = fits ? above - Math.min(170, view.clientHeight - cell.offsetHeight - 12) : above + cell.offsetHeight - view.clientHeight + 12;
  return JSON.stringify(window.interplay);
})()
"""

PLAIN = """
(() => { const style = document.createElement('style');
  style.textContent = '.jp-cell-menu, .jp-Notebook-footer, .Toastify {display: none !important} * {transition: none !important; animation: none !important; caret-color: transparent !important}';
  document.head.appendChild(style); })()
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Page:
    """A page of Chromium, over its debugging protocol."""

    def __init__(self, port):
        for _ in range(100):
            try:
                pages = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json"))
                address = next(p["webSocketDebuggerUrl"] for p in pages if p["type"] == "page")
                break
            except (OSError, StopIteration):
                time.sleep(0.2)
        else:
            sys.exit("✗ Chromium does not answer\n  → see that it starts: chromium --headless --version")
        self.socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
        self.id = 0

    def call(self, method, **params):
        self.id += 1
        self.socket.send(json.dumps({"id": self.id, "method": method, "params": params}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def js(self, text):
        answer = self.call("Runtime.evaluate", expression=text, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait_for(self, condition, what):
        until = time.time() + PATIENCE
        while time.time() < until:
            if self.js(f"Boolean({condition})"):
                return
            time.sleep(0.5)
        sys.exit(f"✗ JupyterLab did not show {what} within {PATIENCE} s")

    def picture(self):
        answer = self.call("Page.captureScreenshot", format="png", clip={**VIEW, "scale": 1})
        return base64.b64decode(answer["data"])


def without_outputs(source, target):
    notebook = json.loads(source.read_text())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    target.write_text(json.dumps(notebook))


def record(page, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    page.js(PLAIN)
    page.js(RUN + "; 0")
    began, last, count = time.time(), b"", 0
    with open(folder / "frames.jsonl", "w") as log:
        while time.time() - began < LIMIT:
            at = json.loads(page.js(SHOW))
            picture = page.picture()
            if picture != last:
                name = f"{count:04}.png"
                (folder / name).write_bytes(picture)
                log.write(json.dumps({"file": name, "second": round(time.time() - began, 1), **at}) + "\n")
                log.flush()
                last, count = picture, count + 1
            if at["done"]:
                print(f"✓ {count} pictures in {folder}, of a run of {time.time() - began:.0f} s")
                return
            time.sleep(INTERVAL)
    sys.exit(f"✗ the run did not end within {LIMIT} s; its pictures so far are in {folder}")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what it started ends with it
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "moving")
    chromium = os.environ.get("INTERPLAY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("✗ no Chromium on PATH\n  → install one (Debian: apt install chromium), or name one with INTERPLAY_CHROMIUM")
    # The notebook's copy lies in the project, where cells find the laboratory.
    place = ROOT / "build" / "moving-notebook"
    place.mkdir(parents=True, exist_ok=True)
    without_outputs(ROOT / "notebooks" / f"{NAME}.ipynb", place / f"{NAME}.ipynb")
    with tempfile.TemporaryDirectory() as scratch:
        settings = pathlib.Path(scratch) / "settings" / "@jupyterlab" / "notebook-extension"
        settings.mkdir(parents=True)
        (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
        news = settings.parent / "apputils-extension"
        news.mkdir()
        (news / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
        port, debug = free_port(), free_port()
        environment = {**os.environ, "INTERPLAY_RUNS": str(pathlib.Path(scratch) / "runs")}
        lab = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", f"--notebook-dir={place}",
             "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True", f"--LabApp.user_settings_dir={scratch}/settings",
             "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"],
            env=environment, stdout=subprocess.DEVNULL, stderr=open(ROOT / "build" / "moving-lab.log", "w"))
        browser = None
        try:
            for _ in range(150):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/api").read()
                    break
                except OSError:
                    time.sleep(0.2)
            browser = subprocess.Popen(
                [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--remote-debugging-port={debug}",
                 "--remote-allow-origins=*", f"--user-data-dir={scratch}/chromium", f"--window-size={WIDTH},{HEIGHT}",
                 f"http://127.0.0.1:{port}/doc"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            page = Page(debug)
            page.call("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT, deviceScaleFactor=1, mobile=False)
            page.wait_for("window.jupyterapp?.commands?.hasCommand('docmanager:open')", "its page")
            time.sleep(5)
            page.js(f"window.jupyterapp.commands.execute('docmanager:open', {{path: '{NAME}.ipynb', factory: 'Notebook'}}); 0")
            kernel = "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel"
            page.wait_for(kernel, "the notebook with a kernel")
            time.sleep(2)
            record(page, folder)
        finally:
            for process in (browser, lab):
                if process:
                    process.terminate()
                    process.wait(30)


if __name__ == "__main__":
    main()
