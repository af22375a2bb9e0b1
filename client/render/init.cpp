#include <algorithm>

#include "base/init_documents.h"
#include "base/posix.h"
#include "base/text.h"
#include "client/render/render.h"

namespace drover::client {
namespace {

class InitScreen final {
 public:
  InitScreen(const InitDocument& init, std::string_view cwd, const Style& style)
      : init_(init), cwd_(cwd), style_(style) {}

  std::string Render() {
    Head();
    Facts();
    Migrations();
    Environments();
    Landings();
    if (!init_.findings.empty()) {
      Heading("Findings");
      for (const Finding& each : init_.findings) {
        out_ += RenderFinding(each, cwd_, init_.root, style_);
      }
    }
    if (!init_.strays.empty()) {
      Heading("Strays");
      for (const StrayEntry& each : init_.strays) {
        out_ += RenderStray(each, cwd_, init_.root, style_);
      }
    }
    if (!init_.notes.empty()) {
      Heading("Notes");
      for (const std::string& each : init_.notes) out_ += Concat("  ", Clean(each), "\n");
    }
    if (init_.adopted) {
      Heading("Adopted");
      out_ += Concat("  ", Shown(AbsolutePath(init_.adopted->file.value_or(""), init_.root)), "  ",
                     Clean(init_.adopted->message), "\n");
    }
    if (init_.written) {
      out_ += Concat("\nNext: ", Paint(style_, Tone::kBold, "drover status"), "\n      ",
                     Paint(style_, Tone::kBold, "drover where"), "\n");
    }
    return std::move(out_);
  }

 private:
  void Heading(std::string_view text) {
    out_ += Concat("\n", Paint(style_, Tone::kBold, text), "\n");
  }

  [[nodiscard]] std::string Shown(const std::string& path) const {
    return FormatPath(path, cwd_, init_.root);
  }

  void Head() {
    out_ += Concat(init_.written ? "wrote " : "would write ", Clean(init_.config), "\n");
    out_ += Concat(kIndent, "the root is here: ", Clean(init_.reason), "\n");
    for (const std::string& directory : init_.create) {
      out_ += Concat(init_.written ? "made " : "would make ", Clean(directory), "/\n");
    }
  }

  void Facts() {
    if (init_.facts.empty()) return;
    Heading("Found");
    std::size_t widest = 0;
    for (const SurveyFact& each : init_.facts) {
      widest = std::max(widest, DisplayWidth(Clean(each.where)));
    }
    for (const SurveyFact& each : init_.facts) {
      const std::string where = Clean(each.where);
      out_ += Concat("  ", where, Pad(where, widest), "  ", Clean(each.what), "\n");
    }
  }

  void Migrations() {
    if (init_.migrations.empty()) return;
    Heading("Migrations");
    for (const SurveyMigrations& each : init_.migrations) {
      out_ += Concat("  ", Clean(each.directory), "/  ",
                     Count(static_cast<std::size_t>(each.files), "file"), " of ",
                     each.format == "native" ? "drover" : Clean(each.format),
                     each.usable ? "" : ": cannot be used yet", "\n");
    }
  }

  static std::string At(const std::vector<std::string>& revision) {
    return revision.empty() ? std::string() : Concat(", at ", Clean(Join(revision, ", ")));
  }

  void Environments() {
    Heading("Environments");
    std::size_t widest = 0;
    for (const ProposedEnvironment& each : init_.environments) {
      widest = std::max(widest, DisplayWidth(each.name));
    }
    for (const ProposedEnvironment& each : init_.environments) {
      out_ += Concat("  ", Paint(style_, Tone::kBold, each.name), Pad(each.name, widest), "  ");
      if (each.error) {
        out_ += Concat("unresolved: ", Clean(each.error->message), "\n");
        continue;
      }
      out_ += Concat(each.path ? Shown(*each.path) : std::string("in memory"), "  ",
                     each.exists ? "exists" : "no file yet", At(each.revision));
      if (!each.same_as.empty()) {
        out_ += Concat(" (same file as ", Clean(Join(each.same_as, ", ")), ")");
      }
      out_ += "\n";
    }
  }

  void Landings() {
    if (init_.landings.empty()) return;
    Heading(Concat("Where the URL of ", init_.landings.front().environment, " leads, started in"));
    std::size_t widest = 0;
    for (const Landing& each : init_.landings) {
      widest = std::max(widest, DisplayWidth(Folder(each)));
    }
    for (const Landing& each : init_.landings) {
      const std::string folder = Folder(each);
      const std::string mark = each.right ? StateMark("current", style_) : std::string("!");
      out_ += Concat(Paint(style_, each.right ? Tone::kGreen : Tone::kYellow, mark), " ", folder,
                     Pad(folder, widest), "  ", Shown(each.path), "  ",
                     each.exists ? "exists" : "would be made", At(each.revision), "\n");
    }
  }

  static std::string Folder(const Landing& landing) {
    return landing.directory == "." ? std::string("the root")
                                    : Concat(Clean(landing.directory), "/");
  }

  const InitDocument& init_;
  std::string_view cwd_;
  const Style& style_;
  std::string out_;
};

}  // namespace

std::string RenderInit(const InitDocument& init, std::string_view cwd, const Style& style) {
  return InitScreen(init, cwd, style).Render();
}

}  // namespace drover::client
