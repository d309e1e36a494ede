"""An output file that cannot be written ends the run before it began; those of a run that began are whole."""

import json
import os
import subprocess

from loading import BINARY, Origin, TemporaryFolder, answer_quickly, check, equal, main

FORMS = ("--json", "--csv", "--html", "--records")


def run(*words):
    return subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=60, check=False)


def test():
    with Origin(answer_quickly) as origin, TemporaryFolder() as folder:
        url = f"http://{origin.address}/"
        for form in FORMS:
            for path in ("/nowhere/at/all", folder.path):
                done = run(url, "-n", "5", "-c", "1", form, path)
                equal(done.returncode, 1, f"exit status of {form} {path}")
                equal(done.stderr.count("\n"), 1, f"lines: {done.stderr}")
                check(path in done.stderr and "cannot be written" in done.stderr, f"it says: {done.stderr}")
        equal(len(origin.connections), 0, "connections before the files were known to be good")
        kept = folder.file("kept.json", "what was there")
        run(url, "-n", "5", "--json", kept, "--csv", "/nowhere/at/all")
        with open(kept, encoding="utf-8") as text:
            equal(text.read(), "what was there", "a file of a run that did not begin")

        paths = {form: folder.file("out" + form) for form in FORMS}
        done = run(url, "-n", "50", "-c", "2", "-q", *(word for pair in paths.items() for word in pair))
        equal(done.returncode, 0, f"exit status: {done.stderr}")
        texts = {}
        for form, path in paths.items():
            with open(path, encoding="utf-8") as text:
                texts[form] = text.read()
        equal(json.loads(texts["--json"])["requests"]["answered"], 50, "answered in the JSON")
        equal(len(texts["--records"].splitlines()), 51, "lines of the records")
        check(texts["--csv"].startswith("at_s,"), "CSV")
        check("<html" in texts["--html"] and "</html>" in texts["--html"], "a whole page")
        done = run(url, "-n", "50", "-c", "2", "-q", "--json", "-")
        equal(json.loads(done.stdout)["requests"]["answered"], 50, "JSON on standard output, and nothing else")
        check(os.path.exists("/dev/full"), "/dev/full")
        done = run(url, "-n", "5", "-q", "--json", "/dev/full")
        equal(done.returncode, 1, "exit status with a full disk")
        check("/dev/full" in done.stderr, f"it says: {done.stderr}")


if __name__ == "__main__":
    main(test)
