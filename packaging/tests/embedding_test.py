"""find_package(bpf-assay): the example project, built with the archive and without the source tree."""

import concurrent.futures
import os
import shutil
import unittest

from package_case import ROOT, Case, unpack_archive


class Embedding(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prefix = unpack_archive(cls.folder / "prefix")
        shutil.copytree(ROOT / "packaging/example_embedding", cls.work / "example")

    def configure(self, build, *options, status=0, source="example"):
        return self.execute("cmake", "-S", source, "-B", build, "-DCMAKE_BUILD_TYPE=Release",
                            f"-DCMAKE_PREFIX_PATH={self.prefix}", *options, status=status)

    def test_reference_vm_and_runner(self):
        self.configure("all")
        self.execute("cmake", "--build", "all", "-j2")
        self.assertEqual(self.execute("all/run_program").stdout,
                         "returned 256\n"
                         "slot 0: access to an address that is not mapped, or store to a read-only one\n")
        lines = self.execute("all/run_vectors").stdout.splitlines()
        self.assertRegex(lines[0], r"^reference_vm .* \(interpreter\)$")
        self.assertGreater(len(lines), 10)
        self.assertEqual({line.split(": ")[1] for line in lines[1:]}, {"pass"})
        self.assertTrue(any(line.startswith("add64-reg/") for line in lines), lines)
        self.execute("all/run_vectors", "false", status=1)
        self.assertIn("run_vectors: ", self.execute("all/run_vectors", "'", status=2).stderr)

    def test_the_reference_vm_needs_nothing_else(self):
        off = [f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON"
               for name in ("LLVM", "yaml-cpp", "fmt", "OpenSSL", "nlohmann_json", "Threads")]
        self.configure("vm", "-DWITH_RUNNER=OFF", *off)
        self.execute("cmake", "--build", "vm")
        self.execute("vm/run_program")
        error = self.configure("without", "-DCMAKE_DISABLE_FIND_PACKAGE_LLVM=ON", status=1).stderr
        self.assertIn("LLVM", error)

    def test_another_version_and_an_unknown_component(self):
        for wanted, said in (("0.2", "0.2"), ("0.1 COMPONENTS jit", "no component 'jit'")):
            folder = self.work / wanted
            folder.mkdir()
            (folder / "CMakeLists.txt").write_text(
                "cmake_minimum_required(VERSION 3.22)\nproject(wants LANGUAGES CXX)\n"
                f"find_package(bpf-assay {wanted} REQUIRED)\n")
            self.assertIn(said, self.configure(folder / "build", source=folder, status=1).stderr)

    def test_an_optional_runner_may_be_missing(self):
        project = self.work / "optional"
        project.mkdir()
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.22)\nproject(wants LANGUAGES CXX)\n"
            "find_package(bpf-assay ${QUIET} REQUIRED COMPONENTS reference_vm\n"
            "             OPTIONAL_COMPONENTS conformance)\n"
            "foreach(library reference_vm conformance)\n"
            "    if(TARGET bpf_assay::${library})\n"
            "        message(STATUS \"there is ${library}\")\n"
            "    endif()\n"
            "endforeach()\n"
            "message(STATUS \"found: ${bpf-assay_conformance_FOUND}, \"\n"
            "               \"why: '${bpf-assay_conformance_NOT_FOUND_MESSAGE}'\")\n")
        both = self.configure(project / "both", source=project).stdout
        self.assertIn("there is reference_vm", both)
        self.assertIn("there is conformance", both)
        self.assertIn("found: TRUE, why: ''", both)
        self.assertNotIn("without its component", both)
        for missing in ("LLVM", "fmt", "Threads"):
            one = self.configure(project / missing, f"-DCMAKE_DISABLE_FIND_PACKAGE_{missing}=ON",
                                 source=project).stdout
            self.assertIn("there is reference_vm", one)
            self.assertNotIn("there is conformance", one)
            why = f"because dependency {missing} could not be found"
            self.assertRegex(one, f"-- bpf-assay without its component conformance: .* {why}")
            self.assertRegex(one, f"found: FALSE, why: '.* {why}")
        quiet = self.configure(project / "quiet", "-DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON",
                               "-DQUIET=QUIET", source=project).stdout
        self.assertNotIn("without its component", quiet)
        self.assertIn("because dependency fmt could not be found", quiet)

    def test_each_header_is_enough_by_itself(self):
        include = self.prefix / "include/bpf-assay"
        headers = sorted(path.relative_to(include) for path in include.rglob("*.hpp"))
        self.assertGreater(len(headers), 30)

        def compile_alone(header):
            source = self.work / f"{header.name}.cpp"
            source.write_text(f'#include "{header}"\n')
            self.execute("c++", "-std=c++20", "-fsyntax-only", "-I", include, source, hide=False)

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(compile_alone, headers))  # raises what failed


if __name__ == "__main__":
    unittest.main()
