#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/text.h"
#include "client/render/graph_layout.h"
#include "client/render/render.h"

namespace drover::client {
namespace {

/// Where is a revision applied? The order of `kMarks`.
enum class Applied : std::uint8_t { kEverywhere, kInSome, kNowhere, kNowhereDraft };

struct Mark {
  std::string_view unicode;
  std::string_view ascii;
  Tone tone;
  std::string_view meaning;
  std::string_view meaning_alone;  // when there is one environment
};

constexpr std::array kMarks{
    Mark{"●", "*", Tone::kGreen, "applied everywhere", "applied"},
    Mark{"◐", "%", Tone::kYellow, "applied in some", "applied in some"},
    Mark{"○", "o", Tone::kPlain, "pending everywhere", "pending"},
    Mark{"◇", "~", Tone::kDim, "draft", "draft"},
};

constexpr std::size_t kWidestAligned = 16;  // a wider graph does not push all texts to the right
constexpr std::size_t kDateColumns = 10;
constexpr std::size_t kShortestMessage = 16;  // below it the dates go

const Mark& MarkOf(Applied applied) { return kMarks[static_cast<std::size_t>(applied)]; }

std::string_view Character(const Mark& mark, const Style& style) {
  return style.unicode ? mark.unicode : mark.ascii;
}

/// A document's revisions by id and by label.
class Index final {
 public:
  explicit Index(const RevisionsDocument& document) {
    for (std::size_t i = 0; i < document.revisions.size(); ++i) {
      const RevisionEntry& entry = document.revisions[i];
      places_.emplace(entry.revision, i);
      for (const std::string& label : entry.branch_labels) places_.emplace(label, i);
    }
  }

  [[nodiscard]] std::optional<std::size_t> Find(std::string_view name) const {
    const auto found = places_.find(name);
    return found == places_.end() ? std::nullopt : std::optional(found->second);
  }

  /// The places of the names that are in the document.
  [[nodiscard]] std::vector<std::size_t> Places(const std::vector<std::string>& names) const {
    std::vector<std::size_t> places;
    for (const std::string& name : names) {
      if (const auto place = Find(name)) places.push_back(*place);
    }
    return places;
  }

 private:
  std::unordered_map<std::string_view, std::size_t> places_;
};

/// In how many environments is each revision of the whole history applied?
std::vector<std::size_t> CountApplied(const RevisionsDocument& all, const Index& index,
                                      const CurrentDocument& current) {
  std::vector<std::size_t> counts(all.revisions.size(), 0);
  std::vector<std::size_t> seen_by(all.revisions.size(), 0);  // the last environment, from 1
  std::size_t number = 0;
  for (const EnvironmentCurrent& environment : current.environments) {
    ++number;
    std::vector<std::size_t> open;
    const auto reach = [&](std::string_view name) {
      const auto place = index.Find(name);
      if (!place || seen_by[*place] == number) return;
      seen_by[*place] = number;
      ++counts[*place];
      open.push_back(*place);
    };
    for (const CurrentRevision& row : environment.current) reach(row.revision);
    while (!open.empty()) {
      const RevisionEntry& entry = all.revisions[open.back()];
      open.pop_back();
      std::ranges::for_each(entry.down_revision, reach);
      std::ranges::for_each(entry.depends_on, reach);
    }
  }
  return counts;
}

/// "2026-02-12" of a time; nothing when it is written in another way.
std::string_view Date(std::string_view created) {
  constexpr std::string_view kShape = "dddd-dd-dd";
  if (created.size() < kShape.size()) return {};
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = created[i] >= '0' && created[i] <= '9';
    if (kShape[i] == 'd' ? !digit : created[i] != kShape[i]) return {};
  }
  return created.substr(0, kShape.size());
}

/// A revision as words, in pieces that are aligned and shortened separately.
struct GraphWords {
  std::string id;
  std::string_view date;
  std::string plain_badges;  // what `badges` looks like without colour, for its width
  std::string badges;
  std::string dependencies;
};

GraphWords WordsOf(const RevisionEntry& entry, const Style& style) {
  GraphWords words;
  words.id = Clean(entry.revision);
  words.date = Date(entry.created);
  const auto badge = [&](Tone tone, const std::string& text) {
    words.plain_badges += Concat(Clean(text), " ");
    words.badges += Concat(Paint(style, tone, text), " ");
  };
  if (!entry.environments.empty()) {
    badge(Tone::kCyan, Concat("[", Join(entry.environments, ", "), "]"));
  }
  if (!entry.branch_labels.empty()) {
    badge(Tone::kPlain, Concat("(", Join(entry.branch_labels, ", "), ")"));
  }
  if (entry.head) badge(Tone::kGreen, "(head)");
  if (entry.draft) badge(Tone::kYellow, "(draft)");
  if (!entry.depends_on.empty()) {
    words.dependencies = Clean(Concat("depends on ", Join(entry.depends_on, ", ")));
  }
  return words;
}

class HistoryGraph final {
 public:
  HistoryGraph(const RevisionsDocument& shown, const RevisionsDocument& all,
               const CurrentDocument& current, const Style& style)
      : shown_(shown), current_(current), style_(style), index_(all) {
    ReadMarks(all);
    Arrange();
    for (const RevisionEntry& entry : shown.revisions) words_.push_back(WordsOf(entry, style));
    Measure();
  }

  [[nodiscard]] std::string Picture() const {
    std::string out;
    for (const GraphRow& row : rows_) AppendRow(out, row);
    AppendLegend(out);
    AppendAbsent(out);
    return out;
  }

 private:
  void ReadMarks(const RevisionsDocument& all) {
    const std::vector<std::size_t> counts = CountApplied(all, index_, current_);
    for (const RevisionEntry& entry : shown_.revisions) {
      const auto place = index_.Find(entry.revision);
      const std::size_t count = place ? counts[*place] : 0;
      const bool everywhere = count > 0 && count == current_.environments.size();
      marks_.push_back(everywhere    ? Applied::kEverywhere
                       : count > 0   ? Applied::kInSome
                       : entry.draft ? Applied::kNowhereDraft
                                     : Applied::kNowhere);
    }
  }

  void Arrange() {
    const Index index(shown_);
    GraphParents parents;
    GraphParents dependencies;
    for (const RevisionEntry& entry : shown_.revisions) {
      parents.push_back(index.Places(entry.down_revision));
      dependencies.push_back(index.Places(entry.depends_on));
    }
    order_ = DrawingOrder(parents, dependencies);
    std::vector<std::size_t> position(order_.size());
    for (std::size_t i = 0; i < order_.size(); ++i) position[order_[i]] = i;
    GraphParents arranged;
    for (const std::size_t node : order_) {
      for (std::size_t& parent : parents[node]) parent = position[parent];
      arranged.push_back(std::move(parents[node]));
    }
    rows_ = LayOutGraph(arranged);
  }

  void Measure() {
    for (const GraphRow& row : rows_) graph_columns_ = std::max(graph_columns_, Columns(row));
    graph_columns_ = std::min(graph_columns_, kWidestAligned);
    std::size_t widest_fixed = 0;
    for (const GraphWords& words : words_) {
      id_columns_ = std::max(id_columns_, DisplayWidth(words.id));
      widest_fixed = std::max(widest_fixed, Fixed(words));
      has_dates_ = has_dates_ || !words.date.empty();
    }
    const std::size_t needed =
        graph_columns_ + 1 + id_columns_ + 2 + kDateColumns + 2 + widest_fixed + kShortestMessage;
    if (style_.width > 0 && needed > style_.width) has_dates_ = false;
  }

  /// The columns of what is never shortened, besides id and date.
  static std::size_t Fixed(const GraphWords& words) {
    const std::size_t trailer =
        words.dependencies.empty() ? 0 : DisplayWidth(words.dependencies) + 2;
    return DisplayWidth(words.plain_badges) + trailer;
  }

  /// The columns of a row up to its last character.
  static std::size_t Columns(const GraphRow& row) {
    std::size_t columns = row.node ? row.lane * 2 + 1 : 0;
    for (std::size_t cell = columns; cell < row.cells.size(); ++cell) {
      if (row.cells[cell] != 0) columns = cell + 1;
    }
    return columns;
  }

  [[nodiscard]] std::string Lines(const GraphRow& row, std::size_t from, std::size_t to) const {
    std::string text;
    for (std::size_t cell = from; cell < to; ++cell)
      text += GraphCharacter(row.cells[cell], style_);
    return Paint(style_, Tone::kDim, text);
  }

  void AppendRow(std::string& out, const GraphRow& row) const {
    const std::size_t columns = Columns(row);
    if (!row.node) {
      out += Concat(Lines(row, 0, columns), "\n");
      return;
    }
    const std::size_t node = order_[*row.node];
    const Mark& mark = MarkOf(marks_[node]);
    out += Concat(Lines(row, 0, row.lane * 2), Paint(style_, mark.tone, Character(mark, style_)),
                  Lines(row, row.lane * 2 + 1, columns));
    const std::size_t indent = std::max(columns, graph_columns_) + 1;
    out.append(indent - columns, ' ');
    AppendText(out, node, indent);
  }

  void AppendText(std::string& out, std::size_t node, std::size_t indent) const {
    const RevisionEntry& entry = shown_.revisions[node];
    const GraphWords& words = words_[node];
    std::string line =
        Concat(Paint(style_, Tone::kBold, words.id), Pad(words.id, id_columns_), "  ");
    std::size_t used = indent + id_columns_ + 2;
    if (has_dates_) {
      line += Concat(Paint(style_, Tone::kDim, words.date), Pad(words.date, kDateColumns + 2));
      used += kDateColumns + 2;
    }
    line += words.badges;
    used += Fixed(words);
    if (style_.width == 0) {
      line += Clean(entry.message);
    } else if (style_.width > used) {
      line += Shorten(style_, entry.message, style_.width - used);
    }
    if (!words.dependencies.empty()) {
      line += Concat("  ", Paint(style_, Tone::kDim, words.dependencies));
    }
    while (line.ends_with(' ')) line.pop_back();
    out += Concat(line, "\n");
  }

  /// What the marks in this picture mean.
  void AppendLegend(std::string& out) const {
    if (marks_.empty()) return;
    const bool alone = current_.environments.size() == 1;
    std::string legend;
    for (const Mark& mark : kMarks) {
      const auto is_this = [&](Applied applied) { return &MarkOf(applied) == &mark; };
      if (std::ranges::none_of(marks_, is_this)) continue;
      legend += Concat(legend.empty() ? "" : "   ", Character(mark, style_), " ",
                       alone ? mark.meaning_alone : mark.meaning);
    }
    out += Concat("\n", Paint(style_, Tone::kDim, legend), "\n");
  }

  /// The environments that the picture cannot show.
  void AppendAbsent(std::string& out) const {
    const Index index(shown_);
    for (const EnvironmentCurrent& environment : current_.environments) {
      const std::string name = Paint(style_, Tone::kCyan, Concat("[", environment.name, "]"));
      if (environment.current.empty()) out += Concat(name, " no revision is applied\n");
      for (const CurrentRevision& row : environment.current) {
        if (index.Find(row.revision)) continue;
        const bool known = index_.Find(row.revision).has_value();
        out += Concat(name, " at ", Clean(row.revision),
                      known ? ", which is not shown here\n" : ", which no file has\n");
      }
    }
  }

  const RevisionsDocument& shown_;
  const CurrentDocument& current_;
  const Style& style_;
  Index index_;                     // of the whole history
  std::vector<Applied> marks_;      // by place in shown_
  std::vector<GraphWords> words_;   // likewise
  std::vector<std::size_t> order_;  // places in shown_, as drawn
  std::vector<GraphRow> rows_;      // their nodes are places in order_
  std::size_t graph_columns_ = 0;   // where texts begin, at least
  std::size_t id_columns_ = 0;
  bool has_dates_ = false;
};

}  // namespace

std::string RenderHistoryGraph(const RevisionsDocument& shown, const RevisionsDocument& all,
                               const CurrentDocument& current, const Style& style) {
  return HistoryGraph(shown, all, current, style).Picture();
}

}  // namespace drover::client
