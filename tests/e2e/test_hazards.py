"""docs/hazards.md tells the truth: every reproduction in it is run, and drover finds what it says.

A block of shell code is run in an empty directory after the first block of the page, with `drover`
working without a daemon. The comment above it names what `drover doctor` must find:

    <!-- finds: CODE SEVERITY ENVIRONMENT GROUND -->
"""

import json
import re
import stat

import harness

PAGE = harness.ROOT / "docs/hazards.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXPECTED = re.compile(r"<!-- finds: (\S+) (\S+) (\S+) (\S+) -->\n```sh\n(.*?)^```$",
                      re.MULTILINE | re.DOTALL)

# Records what `drover doctor` finds, whatever the block prints.
WRAPPER = """\
#!/bin/sh
[ "$*" != doctor ] || "{drover}" --local doctor --json >> "{log}" || true
exec "{drover}" --local "$@"
"""


def reproductions():
    return [match.groups() for match in EXPECTED.finditer(PAGE.read_text())]


class Hazards(harness.Case):
    def run_block(self, number, code, block):
        """The documents that `drover doctor` has answered with, and the directory."""
        start = BLOCK.search(PAGE.read_text()).group(1)
        base = self.project.base / f"case-{number}"
        tools = base / "bin"
        tools.mkdir(parents=True)
        log = base / "found.jsonl"
        wrapper = tools / "drover"
        wrapper.write_text(WRAPPER.format(drover=harness.DROVER, log=log))
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
        script = "set -eu\n" + start + block
        env = {"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(base)}
        result = self.project.run(["/bin/sh", "-c", script], cwd=base, env=env, check=None)
        self.assertEqual(result.code, 0, f"{code}: {result}")
        found = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertTrue(found, f"{code}: the block does not ask drover doctor")
        return found, base / "shop", env

    def test_every_reproduction(self):
        cases = reproductions()
        self.assertGreater(len(cases), 40)
        for number, (code, severity, environment, ground, block) in enumerate(cases):
            with self.subTest(code=code):
                found, root, env = self.run_block(number, code, block)
                findings = [f for f in found[-1]["findings"] if f["code"] == code]
                codes = [f["code"] for f in found[-1]["findings"]]
                self.assertEqual(len(findings), 1, codes)
                finding = findings[0]
                self.assertEqual(finding["severity"], severity)
                self.assertEqual(finding["environment"] or "-", environment)
                self.assertEqual(finding["ground"], ground)
                wrong = any(f["severity"] in ("fatal", "error") for f in found[-1]["findings"])
                self.assertEqual(found[-1]["healthy"], not wrong)
                again = self.project.drover("--local", "doctor", "--json", cwd=root, env=env,
                                            check=None)
                self.assertEqual(again.code, 0 if again.json["healthy"] else 1)
                left = [f["code"] for f in again.json["findings"]]
                if "--fix" in block:
                    self.assertNotIn(code, left)


if __name__ == "__main__":
    harness.main()
