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

/// "2026-02-12T23:20:18.042Z" as "23:20:18 ".
std::string ClockOf(std::string_view at) {
  return at.size() >= 19 && at[10] == 'T' ? Concat(Clean(at.substr(11, 8)), " ") : std::string();
}

Tone EventTone(std::string_view event) {
  if (event == "applied") return Tone::kGreen;
  if (event == "failed") return Tone::kRed;
  if (event == "pending" || event == "stray" || event == "finding") return Tone::kYellow;
  return Tone::kCyan;
}

std::string EventText(const EventDocument& event, std::string_view cwd, std::string_view root) {
  if (event.event == "overflow")
    return "some events were dropped: drover status tells where things are";
  std::string text;
  if (event.revision) {
    text = Concat(event.direction == "down" ? "reverted " : "", *event.revision);
    if (event.duration_ms) text += Concat(" in ", FormatDuration(*event.duration_ms));
  } else if (event.state) {
    text = *event.state;
  } else if (event.stray) {
    text = Concat(FormatPath(event.stray->path, cwd, root), " (", event.stray->kind, ", ",
                  FormatSize(event.stray->size), ")");
  }
  // The reason of a pending state names the number itself.
  const bool counted = event.state && !event.message.empty();
  if (event.pending && *event.pending > 0 && !event.revision && !counted) {
    text += Concat(text.empty() ? "" : ", ",
                   Count(static_cast<std::size_t>(*event.pending), "migration"), " pending");
  }
  const std::string_view message =
      event.message.empty() && event.error ? std::string_view(event.error->message) : event.message;
  if (!message.empty()) text += Concat(text.empty() ? "" : ": ", message);
  if (event.error && event.error->where && text.find(*event.error->where) == std::string::npos) {
    text += Concat(" at ", FormatPath(*event.error->where, cwd, root));
  }
  return text;
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

std::string RenderEvent(const EventDocument& event, std::string_view cwd, std::string_view root,
                        const Style& style) {
  std::string out = Paint(style, Tone::kDim, ClockOf(event.at));
  out += Concat(Paint(style, EventTone(event.event), event.event), Pad(event.event, 8));
  if (event.environment) out += Concat(" ", Paint(style, Tone::kBold, *event.environment));
  const std::string text = Clean(EventText(event, cwd, root));
  if (!text.empty()) out += Concat("  ", text);
  return out + "\n";
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
