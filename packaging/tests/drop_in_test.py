"""ci/example as a project of its own: what its GitHub workflow and its GitLab job run, in a clean folder.

The YAML files are read as the two services do, and their commands run by bash; only the address of the
archive is replaced by that of the archive that was built.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import unittest

from package_case import ENVIRONMENT, ROOT, Case, hiding, the_only, unpack_archive

sys.path.append(str(ROOT / "conformance/tests"))
from missing_modules import require

(yaml,) = require("yaml")

# The one line of the VM that is broken: MOVSX extends by zeros.
RIGHT = "result = i->offset ? sign_extend(b, (unsigned)i->offset) : b;"
BROKEN = "result = i->offset ? b & ((1ull << i->offset) - 1) : b;"


def load(path):
    return yaml.safe_load(path.read_text())


class DropIn(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.archive = the_only("*.tar.gz")
        # The action's checkout, as far as it is needed where there is an archive.
        cls.action = cls.folder / "action"
        (cls.action / "ci").mkdir(parents=True)
        shutil.copy(ROOT / "action.yml", cls.action)
        shutil.copy(ROOT / "ci/gate.sh", cls.action / "ci")
        shutil.copy(ROOT / "ci/gitlab.yml", cls.action / "ci")
        cls.local_archive = cls.folder / cls.archive.name
        shutil.copy(cls.archive, cls.local_archive)

    def setUp(self):
        self.project = self.work / self.id().split(".")[-1]
        shutil.copytree(ROOT / "ci/example", self.project,
                        ignore=shutil.ignore_patterns("plugin", "bpf-assay-results"))
        self.summary = self.project.parent / f"{self.project.name}-summary.md"
        self.seconds = 0.0

    def break_vm(self):
        source = self.project / "vm.c"
        text = source.read_text()
        self.assertEqual(text.count(RIGHT), 1)
        source.write_text(text.replace(RIGHT, BROKEN))

    def keep_baseline(self):
        """What the first run, which has none, asks for."""
        shutil.copy(self.project / "bpf-assay-results/new-baseline.json",
                    self.project / "bpf-assay-baseline.json")

    def bash(self, script, environment):
        begin = time.monotonic()
        result = subprocess.run(
            [*hiding(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.project, env={**ENVIRONMENT, **environment}, timeout=600,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.seconds += time.monotonic() - begin
        return result.returncode, result.stdout

    def built_archive(self, address):
        """The archive of this address is the one that is built here."""
        self.assertEqual(os.path.basename(address), self.archive.name)
        self.assertIn(f"/v{self.archive.name.split('-')[2]}/", address)
        return self.local_archive

    # ---- GitHub ----

    def github(self, **inputs):
        """The status and the output of the workflow; self.uploads: paths of its artifacts."""
        (workflow,) = (self.project / ".github/workflows").iterdir()
        (job,) = load(workflow)["jobs"].values()
        self.uploads = []
        environment = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(self.project),
                       "GITHUB_STEP_SUMMARY": str(self.summary), "RUNNER_TEMP": str(self.folder)}
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                continue  # the project is here
            if "run" in step:
                status, output = self.bash(step["run"], environment)
                self.assertEqual(status, 0, output)
            else:
                self.assertRegex(step["uses"], r"^[\w-]+/bpf-assay@v[\d.]+$")
                return self.run_action({**step["with"], **inputs}, environment)
        self.fail("the workflow does not use the action")

    def run_action(self, given, environment):
        action = load(self.action / "action.yml")
        self.assertLessEqual(given.keys(), action["inputs"].keys())
        for name, described in action["inputs"].items():
            if described.get("required"):
                self.assertIn(name, given)
            given.setdefault(name, described.get("default", ""))
        if "://" in given["archive"]:
            given["archive"] = str(self.built_archive(given["archive"]))

        def expand(text):
            return re.sub(r"\$\{\{ *inputs\.(\w+) *\}\}", lambda match: given[match[1]], text)

        environment = {**environment, "GITHUB_ACTION_PATH": str(self.action)}
        status, printed = 0, ""
        self.assertEqual(action["runs"]["using"], "composite")
        for step in action["runs"]["steps"]:
            if status and "always()" not in step.get("if", ""):
                continue
            if "run" in step:
                self.assertEqual(step["shell"], "bash")
                own = {name: expand(value) for name, value in step["env"].items()}
                status, output = self.bash(step["run"], {**environment, **own})
                printed += output
            else:
                self.assertTrue(step["uses"].startswith("actions/upload-artifact@"))
                self.uploads.append(self.project / expand(step["with"]["path"]))
        return status, printed

    def test_github(self):
        status, output = self.github()
        self.assertEqual(status, 2, output)
        self.assertIn("there is no baseline, so nothing was compared", output)
        self.keep_baseline()

        self.seconds = 0
        self.summary.unlink()
        status, output = self.github()
        self.assertEqual(status, 0, output)
        self.assertNotIn("::error", output)
        self.assertIn("The gate is open", self.summary.read_text())
        (uploaded,) = self.uploads
        results = json.loads((uploaded / "results.json").read_text())
        self.assertEqual(len(results["runtimes"]), 1)
        self.assertIn("<testsuite", (uploaded / "junit.xml").read_text())
        print(f"ci/example, GitHub workflow: {self.seconds:.1f} s", file=sys.stderr)

        self.break_vm()
        self.summary.unlink()
        self.seconds = 0
        status, output = self.github()
        self.assertEqual(status, 1, output)
        self.assertRegex(output, r"regressed: movsx64-\S+")
        self.assertRegex(output, r"(?m)^::error .*movsx")
        self.assertIn("RFC9669-4.1-", output)
        self.assertIn("movsx32", self.summary.read_text())
        self.assertIn("movsx32", (self.uploads[0] / "junit.xml").read_text())
        print(f"ci/example, with a VM that is broken: {self.seconds:.1f} s", file=sys.stderr)

    def test_github_with_arguments(self):
        status, output = self.github(arguments="--group base32\n--kind sweep", baseline="other.json",
                                     profile="smoke", output="o ut", policy="")
        self.assertEqual(status, 2, output)
        run = json.loads((self.project / "o ut/results.json").read_text())["runs"][0]
        self.assertIn("--group", json.dumps(run))

    # ---- GitLab ----

    def gitlab(self):
        pipeline = load(self.project / ".gitlab-ci.yml")
        self.assertTrue(pipeline.pop("include").endswith("/ci/gitlab.yml"))
        template = load(self.action / "ci/gitlab.yml")
        (job,) = pipeline.values()
        base = template[job["extends"]]
        variables = {**base["variables"], **job["variables"]}
        self.job = {**base, **job, "variables": variables}
        variables["BPF_ASSAY_ARCHIVE"] = self.built_archive(variables["BPF_ASSAY_ARCHIVE"]).as_uri()
        script = "\n".join([*self.job.get("before_script", []), *self.job["script"]])
        return self.bash(script, {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(self.project),
                                  **variables})

    def test_gitlab(self):
        status, output = self.gitlab()
        self.assertEqual(status, 2, output)
        self.keep_baseline()
        self.seconds = 0
        status, output = self.gitlab()
        self.assertEqual(status, 0, output)
        print(f"ci/example, GitLab job: {self.seconds:.1f} s", file=sys.stderr)
        self.break_vm()
        status, output = self.gitlab()
        self.assertEqual(status, 1, output)
        self.assertRegex(output, r"regressed: movsx64-\S+")
        artifacts = self.job["artifacts"]
        for path in [*artifacts["paths"], artifacts["reports"]["junit"]]:
            path = path.replace("$BPF_ASSAY_OUTPUT", self.job["variables"]["BPF_ASSAY_OUTPUT"])
            self.assertTrue((self.project / path).exists(), path)
        self.assertEqual(artifacts["when"], "always")

    # ---- By hand ----

    def test_by_hand_from_the_archive(self):
        prefix = unpack_archive(self.folder / "by hand")
        self.bash("make", {})
        gate = prefix / "share/bpf-assay/ci/gate.sh"
        command = f"bash '{gate}' --plugin ./plugin --baseline b.json --output out -- 'add64-*' sub64-imm/*"
        status, output = self.bash(command, {})
        self.assertEqual(status, 2, output)
        shutil.copy(self.project / "out/new-baseline.json", self.project / "b.json")
        status, output = self.bash(command, {})
        self.assertEqual(status, 0, output)
        self.assertFalse(self.summary.exists())
        self.assertIn("Usage: ", self.bash(f"bash '{gate}' --help", {})[1])

    def test_mistakes(self):
        """Each is named, with status 2, and nothing is left behind."""
        self.bash("make", {})
        scratch = self.folder / "scratch"
        scratch.mkdir()
        (self.folder / "bad.tar.gz").write_text("no archive")
        given = {"plugin": "./plugin", "baseline": "none.json", "profile": "smoke",
                 "archive": str(self.local_archive)}
        for changed, said in (
                ({"plugin": None}, "no plugin"),
                ({}, "none.json: there is no baseline"),
                ({"policy": "none.yaml"}, "none.yaml: there is no such file"),
                ({"divergences": "none.yaml"}, "none.yaml: there is no such file"),
                ({"archive": "none.tar.gz"}, "none.tar.gz: there is no such archive"),
                ({"archive": "file:///none.tar.gz"}, "file:///none.tar.gz could not be fetched"),
                ({"archive": f"{self.folder}/bad.tar.gz"}, "bad.tar.gz is no archive"),
                ({"sha256": "sha256:" + "0" * 64}, "does not have the SHA-256 sha256:000"),
                ({"baseline": "bpf-assay-results/b.json"}, "keep the baseline elsewhere"),
                ({"output": "plugin"}, "plugin cannot be made a folder"),
                ({"profile": "fast"}, "--profile"),
                ({"plugin": "./none"}, "./none"),
                ({"oops": "1"}, "there is no option '--oops'")):
            words = [word for name, value in {**given, **changed}.items() if value
                     for word in (f"--{name}", value)]
            result = subprocess.run(["bash", self.action / "ci/gate.sh", *words], cwd=self.project,
                                    env={**ENVIRONMENT, "TMPDIR": str(scratch)},
                                    capture_output=True, text=True, timeout=100)
            self.assertEqual(result.returncode, 2, f"{changed}: {result.stdout}{result.stderr}")
            self.assertIn(said, result.stderr + result.stdout)
        self.assertEqual(list(scratch.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
