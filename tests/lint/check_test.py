#!/usr/bin/env python3
"""The rules of check.py find what they are for: each is shown a violation and its correction."""

import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import check  # noqa: E402  the path above must be set first


def in_file(rule, path, text):
    return list(rule(check.Tree({path: text})))


class IncludeRule(unittest.TestCase):
    def test_every_forbidden_edge_is_found(self):
        edges = [(a, b) for a in check.LAYERS for b in check.LAYERS if b not in check.ALLOWED[a]]
        self.assertEqual(len(edges), 13)
        for source, target in edges:
            with self.subTest(source=source, target=target):
                found = in_file(check.includes, f"{source}/a.cpp", f'#include "{target}/b.h"\n')
                self.assertEqual(found, [f"{source}/a.cpp:1: {source}/ must not include {target}/b.h"])

    def test_allowed_edges_pass(self):
        text = '#include "base/error.h"\n#include "environments/target.h"\n#include <vector>\n'
        self.assertEqual(in_file(check.includes, "daemon/a.cpp", text), [])

    def test_a_unit_test_obeys_the_folder_it_mirrors(self):
        path = "tests/unit/base/a_test.cpp"
        self.assertEqual(len(in_file(check.includes, path, '#include "daemon/log.h"\n')), 1)

    def test_libraries_stay_in_their_folders(self):
        for path, header in (("environments/a.cpp", "sqlite3.h"), ("client/a.cpp", "sqlite3.h"),
                             ("migrations/a.h", "yaml-cpp/yaml.h"), ("daemon/a.cpp", "asio/post.hpp"),
                             ("client/a.cpp", "spdlog/spdlog.h"), ("base/a.cpp", "CLI/CLI.hpp")):
            with self.subTest(path=path, header=header):
                found = in_file(check.includes, path, f"#include <{header}>\n")
                self.assertEqual(len(found), 1)
                self.assertIn("belongs in", found[0])

    def test_libraries_pass_at_home(self):
        for path, header in (("migrations/a.cpp", "sqlite3.h"), ("environments/a.cpp", "yaml-cpp/yaml.h"),
                             ("daemon/net/a.cpp", "asio/post.hpp"), ("client/a.cpp", "CLI/App.hpp")):
            self.assertEqual(in_file(check.includes, path, f"#include <{header}>\n"), [])

    def test_expensive_headers_are_never_included(self):
        for header in ("iostream", "regex", "asio.hpp", "asio/experimental/awaitable_operators.hpp"):
            self.assertEqual(len(in_file(check.includes, "daemon/net/a.cpp", f"#include <{header}>\n")), 1)

    def test_spaces_do_not_hide_an_include(self):
        self.assertEqual(len(in_file(check.includes, "base/a.cpp", '  #  include "daemon/log.h"\n')), 1)


class CoroutineRule(unittest.TestCase):
    def test_an_inline_lambda_is_found_with_its_line(self):
        text = "Task F() {\n  co_await Wait([&] { return 1; });\n}\n"
        self.assertEqual(len(in_file(check.coroutines, "daemon/net/a.cpp", text)), 1)
        self.assertIn("a.cpp:2:", in_file(check.coroutines, "daemon/net/a.cpp", text)[0])

    def test_an_inline_aggregate_on_the_next_line_is_found(self):
        text = "co_await Send(socket,\n              Message{1, 2});\n"
        self.assertEqual(len(in_file(check.coroutines, "daemon/net/a.cpp", text)), 1)

    def test_names_and_comments_pass(self):
        text = "co_await Send(std::move(message));  // not {this}\n"
        self.assertEqual(in_file(check.coroutines, "daemon/net/a.cpp", text), [])

    def test_coroutines_stay_in_net(self):
        self.assertEqual(len(in_file(check.coroutines, "daemon/a.cpp", "co_await x;\n")), 1)


class ViewRule(unittest.TestCase):
    def problems(self, text):
        return list(check.views(check.Tree({"base/a.h": "std::string NameOf(int x);\nstd::string_view Known();\n",
                                            "base/a.cpp": text})))

    def test_a_view_of_a_result_is_found_with_its_line(self):
        found = self.problems("void F() {\n  const std::string_view name = NameOf(1);\n}\n")
        self.assertEqual(len(found), 1)
        self.assertIn("base/a.cpp:2: NameOf()", found[0])

    def test_strings_and_views_of_views_pass(self):
        self.assertEqual(self.problems("const std::string name = NameOf(1);\n"
                                       "const std::string_view known = Known();\n"), [])


class HeaderRule(unittest.TestCase):
    def test_a_bare_header_has_two_problems(self):
        self.assertEqual(len(in_file(check.headers, "base/a.h", "#include <vector>\n")), 2)

    def test_a_good_header_passes(self):
        self.assertEqual(in_file(check.headers, "base/a.h", "// Time.\n#pragma once\n"), [])


class LeftoverRule(unittest.TestCase):
    def test_unfinished_work_is_found(self):
        self.assertEqual(len(in_file(check.leftovers, "a.cpp", "// TO" "DO: later\n")), 1)

    def test_a_placeholder_in_a_document_is_found(self):
        self.assertEqual(len(in_file(check.leftovers, "a.md", "## Figures\n\nFIGURES\n")), 1)
        self.assertEqual(in_file(check.leftovers, "a.md", "MIT\n\nThe word FIGURES\n"), [])

    def test_a_path_of_one_machine_is_found(self):
        for text in ("/wo" "rk/x", "see /ro" "ot/.bashrc", "/ho" "me/alice/project"):
            self.assertEqual(len(in_file(check.leftovers, "a.md", text)), 1, text)

    def test_ordinary_paths_pass(self):
        for text in ("<root>/x", "$root/build", "a/work/b", "/srv/idv", "/home/you/idv"):
            self.assertEqual(in_file(check.leftovers, "a.md", text), [], text)


class FormatRule(unittest.TestCase):
    @unittest.skipUnless(shutil.which("clang-format"), "clang-format is not installed")
    def test_a_badly_formatted_file_is_found(self):
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            shutil.copy(check.ROOT / ".clang-format", root)
            (root / "bad.cpp").write_text("int   f( ){return 1;}\n")
            (root / "good.cpp").write_text("int f() { return 1; }\n")
            found = list(check.format_(check.Tree(root=root)))
        self.assertEqual(found, ["bad.cpp:1: clang-format -i would change this file"])


class ScriptRule(unittest.TestCase):
    def test_a_broken_shell_script_is_found(self):
        self.assertEqual(len(in_file(check.scripts, "a.sh", "#!/bin/sh\nif true; then\n")), 1)

    def test_a_script_without_a_suffix_is_checked(self):
        self.assertEqual(len(in_file(check.scripts, ".ci/run", "#!/bin/sh\ndone\n")), 1)

    def test_a_broken_python_program_is_found(self):
        self.assertEqual(in_file(check.scripts, "a.py", "x = 1\ndef f(:\n"), ["a.py:2: invalid syntax"])


class LinkRule(unittest.TestCase):
    def test_a_dead_link_is_found(self):
        self.assertEqual(in_file(check.links, "docs/a.md", "[b](b.md)\n"),
                         ["docs/a.md:1: b.md does not exist"])

    def test_live_links_anchors_and_addresses_pass(self):
        files = {"docs/a.md": "[b](b.md#x) [c](../LICENSE) [d](https://example.org) [e](#f) [g](../docs)",
                 "docs/b.md": "", "LICENSE": ""}
        self.assertEqual(list(check.links(check.Tree(files))), [])


class HazardRule(unittest.TestCase):
    TABLE = '{.code = "a-b",\n  .severity = "fatal"}, {.code = "c",\n  .severity = "info"}'
    PAGE = ("| [`a-b`](#a-b) | fatal |\n| [`c`](#c) | info |\n"
            "### a-b\n\n*warning* to *fatal*, seen.\n### c\n\n*info*, seen.\n")

    def found(self, page):
        files = {"environments/hazard_table.cpp": self.TABLE, "docs/hazards.md": page}
        return list(check.hazards(check.Tree(files)))

    def test_a_page_with_every_code_passes(self):
        self.assertEqual(self.found(self.PAGE), [])

    def test_a_missing_section_and_one_too_many_are_found(self):
        self.assertEqual(len(self.found(self.PAGE.replace("### c", "### d"))), 2)

    def test_another_severity_and_a_missing_row_are_found(self):
        self.assertEqual(len(self.found(self.PAGE.replace("*info*", "*error*"))), 1)
        self.assertEqual(len(self.found(self.PAGE.replace("| [`c`](#c) | info |\n", ""))), 1)


if __name__ == "__main__":
    unittest.main()
