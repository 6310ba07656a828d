"""The archive and the Debian package: complete, relocatable, and of few needs."""

import os
import re
import shutil
import subprocess
import unittest

from package_case import BUILT, ROOT, Case, the_only, unpack_archive

VERSION = re.search(r"project\(bpf_assay VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
# What every system with apt has; libfmt is in the archive itself.
NEEDED = r"lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s|z|zstd|fmt)\.so\.\d+|ld-linux[\w-]*\.so\.\d+"


def files_of(prefix):
    return sorted(path.relative_to(prefix) for path in prefix.rglob("*") if not path.is_dir())


def is_elf(path):
    with path.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


class Archive(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prefix = unpack_archive(cls.folder / "some where/else")
        cls.program = cls.prefix / "bin/bpf-assay"

    def bpf_assay(self, *arguments, **options):
        return self.execute(self.program, *arguments, **options).stdout

    def test_name_and_version(self):
        self.assertEqual(self.bpf_assay("--version"), f"bpf-assay {VERSION}\n")
        self.assertEqual(self.prefix.name, f"bpf-assay-{VERSION}-linux-{os.uname().machine}")
        self.assertEqual(the_only("*.tar.gz").name, self.prefix.name + ".tar.gz")

    def test_no_file_knows_where_it_was_built(self):
        for path in files_of(self.prefix):
            data = (self.prefix / path).read_bytes()
            self.assertNotIn(os.fsencode(ROOT), data, path)
            self.assertNotIn(os.fsencode(BUILT), data, path)

    def test_libraries_that_programs_need(self):
        programs = [path for path in files_of(self.prefix) if is_elf(self.prefix / path)]
        self.assertIn("bin/bpf-assay", map(str, programs))
        for path in programs:
            listing = subprocess.run(["readelf", "-d", self.prefix / path], check=True,
                                     capture_output=True, text=True).stdout
            for library in re.findall(r"\(NEEDED\).*\[(.*)\]", listing):
                if not str(path).startswith("lib/"):
                    self.assertRegex(library, f"^({NEEDED})$", path)
        listing = self.execute("ldd", self.program).stdout
        self.assertIn(str(self.prefix.resolve() / "lib/bpf-assay/libfmt.so."),
                      os.path.normpath(re.search(r"libfmt\S+ => (.*) \(", listing)[1]))

    def test_the_same_vectors_as_in_the_source_tree(self):
        for folder, pattern in (("vectors", "*.yaml"), ("plugins", "*.yaml"),
                                ("conformance", "*.yaml"), ("plugins/sdk", "*.*"),
                                ("", "*.schema.json")):
            tracked = subprocess.run(["git", "ls-files", f"{folder}/**/{pattern}".lstrip("/"),
                                      f"{folder}/{pattern}".lstrip("/")], cwd=ROOT, check=True,
                                     capture_output=True, text=True).stdout.split()
            tracked = {path for path in tracked if "/tests/" not in path and "ci/" not in path}
            self.assertTrue(tracked)
            for path in tracked:
                installed = self.prefix / "share/bpf-assay" / path
                self.assertTrue(installed.exists(), path)
                self.assertEqual(installed.read_bytes(), (ROOT / path).read_bytes(), path)
                self.assertEqual(os.access(installed, os.X_OK), os.access(ROOT / path, os.X_OK), path)

    def test_runs_vectors(self):
        text = self.bpf_assay("run", "--profile", "smoke", "-o", "results.json")
        self.assertRegex(text, r"base32 +(\d+) +\d+ +\1 +\. ")
        text = self.bpf_assay("run", "--runtime", "reference_vm:big", "add64-*", "--profile", "smoke")
        self.assertIn("reference_vm ", text)
        text = self.bpf_assay("run", "--runtime", "dpdk", "add64-reg/*", status=2)
        self.assertIn("not available: cannot start 'dpdk'", text)
        self.bpf_assay("report", "results.json", "-o", "page.html", "--junit", "junit.xml",
                       "--markdown", "summary.md")
        self.assertGreater((self.work / "page.html").stat().st_size, 100_000)
        self.bpf_assay("compare", "results.json", "results.json")

    def test_reads_what_lies_beside_it(self):
        self.assertRegex(self.bpf_assay("coverage"), r"\nall .* (\d+)/\1\n")
        text = self.bpf_assay("mutants", "--bugs", "--profile", "smoke", "--list")
        self.assertIn("/", text)
        self.bpf_assay("show", "div64-reg/r4-by-r7")
        self.bpf_assay("explain", "div64-reg/r4-by-r7")
        (self.work / "p.s").write_text("r0 = 1\nexit\n")

    def test_new_plugins(self):
        for language, build, program in (
                ("c", ["sh", "-c", "cmake -S c -B c/build && cmake --build c/build"], "build/plugin"),
                ("python", ["true"], "plugin.py")):
            self.bpf_assay("plugin", "new", language, "-l", language)
            self.execute(*build)
            text = self.bpf_assay("plugin", "check", f"./{language}/{program}", "--timeout", "60")
            self.assertIn("The plugin speaks the protocol.\n", text)
        self.bpf_assay("plugin", "new", "rust", "-l", "rust")

    def test_the_sdk_is_where_compilers_look(self):
        (self.work / "empty.c").write_text("#include <bpf_assay_plugin.h>\n"
                                           "#include <bpf_assay_threads.h>\n")
        self.execute("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function",
                     "-I", self.prefix / "include", "-c", "empty.c")

    def test_the_kernel_plugin_is_there_and_static(self):
        plugin = self.prefix / "libexec/bpf-assay/linux_kernel"
        self.assertTrue(os.access(plugin, os.X_OK))
        self.assertIn("statically linked", self.execute("file", plugin).stdout)

    def test_it_can_be_moved_and_linked_to(self):
        moved = self.folder / "moved"
        shutil.copytree(self.prefix, moved, symlinks=True)
        link = self.folder / "link"
        link.symlink_to(moved / "bin/bpf-assay")
        self.execute(link, "run", "add64-reg/*", "--profile", "smoke")

    def test_the_program_alone_says_what_is_missing(self):
        alone = self.folder / "alone/bin/bpf-assay"
        shutil.copytree(self.prefix / "lib", self.folder / "alone/lib")
        alone.parent.mkdir()
        shutil.copy(self.program, alone)
        error = self.execute(alone, "run", status=2).stderr
        self.assertEqual(error, f"bpf-assay: {self.folder}/alone/share/bpf-assay: no such folder; the "
                                "program has to stay in the tree that it was installed with\n")


class Package(Case):
    def test_fields(self):
        package = the_only("*.deb")
        shown = self.execute("dpkg-deb", "-f", package, hide=False).stdout
        fields = dict(re.findall(r"(?m)^(\S+): (.*)$", shown))
        self.assertEqual((fields["Package"], fields["Version"]), ("bpf-assay", VERSION))
        self.assertEqual(package.name, f"bpf-assay_{VERSION}_{fields['Architecture']}.deb")
        needed = {word.split()[0] for word in fields["Depends"].split(", ")}
        self.assertLessEqual(needed, {"libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libzstd1"})
        self.assertIn("libc6", needed)

    def test_it_is_the_archive_below_usr(self):
        subprocess.run(["dpkg-deb", "-x", the_only("*.deb"), self.folder / "deb"], check=True)
        prefix = self.folder / "deb/usr"
        self.assertEqual(files_of(self.folder / "deb"),
                         [("usr" / path) for path in files_of(unpack_archive(self.folder / "tar"))])
        text = self.execute(prefix / "bin/bpf-assay", "run", "--profile", "smoke").stdout
        self.assertRegex(text, r"atomic64 +(\d+) +\d+ +\1 +\. ")


if __name__ == "__main__":
    unittest.main()
