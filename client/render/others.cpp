#include <algorithm>

#include "base/text.h"
#include "client/render/render.h"

namespace drover::client {
namespace {

void AppendMount(std::string& out, const MountEntry& mount) {
  out += Concat(kIndent, "mount  ", Clean(mount.target), " is ");
  if (mount.host) {
    out += Clean(*mount.host);
  } else if (mount.volume) {
    out += Concat("volume ", Clean(*mount.volume));
  } else {
    out += "nowhere on this machine";
  }
  out += Concat(" (", Clean(mount.type), mount.read_only ? ", read-only" : "", ")\n");
}

void AppendShell(std::string& out, const ShellWhere& shell, std::string_view cwd,
                 std::string_view root) {
  out +=
      Concat(kIndent, "this shell sets ", Clean(Join(shell.variables, ", ")), ", which leads to ");
  if (shell.same) {
    out += "the same file\n";
  } else {
    out += Concat(shell.path ? FormatPath(*shell.path, cwd, root) : "another database", "\n");
  }
}

void AppendWhere(std::string& out, const EnvironmentWhere& where, std::string_view cwd,
                 std::string_view root, const Style& style) {
  out += Concat(Paint(style, Tone::kBold, where.name), "  ",
                where.path ? Clean(*where.path) : std::string("(not found)"));
  if (!where.same_as.empty())
    out += Concat(" (same file as ", Clean(Join(where.same_as, ", ")), ")");
  out += Concat("\n", kIndent, where.exists ? "exists" : "no file yet");
  if (where.exists && where.device && where.inode) {
    out += Concat(", device ", *where.device, ", inode ", *where.inode);
  }
  if (!where.confidence.empty()) out += Concat(", ", Clean(where.confidence));
  out += "\n";
  std::size_t widest = 0;
  for (const Provenance& step : where.provenance) {
    widest = std::max(widest, DisplayWidth(Clean(step.value)));
  }
  widest = std::min<std::size_t>(widest, 60);
  for (const Provenance& step : where.provenance) {
    const std::string value = Clean(step.value);
    out += Concat(kIndent, value, Pad(value, widest), "  ",
                  Paint(style, Tone::kDim, FormatPath(step.from, cwd, root)), "\n");
  }
  if (where.shell) AppendShell(out, *where.shell, cwd, root);
  for (const MountEntry& mount : where.mounts) AppendMount(out, mount);
  for (const Finding& finding : where.findings) {
    const std::string text = RenderFinding(finding, cwd, root, style);
    for (const std::string_view line : SplitLines(text)) {
      out += Concat(kIndent, line, "\n");
    }
  }
}

}  // namespace

std::string RenderWhere(const WhereDocument& where, std::string_view cwd, std::string_view root,
                        const Style& style) {
  std::string out;
  for (const EnvironmentWhere& one : where.environments) AppendWhere(out, one, cwd, root, style);
  return out;
}

std::string RenderTrust(const TrustDocument& trust, const Style& style) {
  return Concat(
      trust.trusted ? "trusted " : "not trusted: ", Paint(style, Tone::kBold, trust.config), "\n",
      trust.trusted ? "This holds until the file changes.\n" : "");
}

std::string RenderHello(const HelloDocument& hello, const Style& style) {
  std::string out = Concat(Paint(style, Tone::kBold, hello.server), "  pid ", hello.pid, "\n",
                           "socket   ", Clean(hello.socket), "\n", "since    ",
                           Clean(hello.started_at), "\n", "clients  ", hello.clients, "\n");
  for (const std::string& project : hello.projects)
    out += Concat("project  ", Clean(project), "\n");
  return out;
}

std::string RenderError(const Error& error, const Style& style) {
  std::string out = Concat(Paint(style, Tone::kRed, "error:"), " ");
  bool first = true;
  for (const std::string_view line : SplitLines(error.message)) {
    out += Concat(first ? "" : "  ", Clean(line), "\n");
    first = false;
  }
  if (first) out += Concat(Clean(error.kind), "\n");
  if (!error.where.empty() && error.message.find(error.where) == std::string::npos) {
    out += Concat("  at ", Paint(style, Tone::kBold, error.where), "\n");
  }
  if (!error.hint.empty()) out += Concat("  try: ", Paint(style, Tone::kCyan, error.hint), "\n");
  return out;
}

}  // namespace drover::client
