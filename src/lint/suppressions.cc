#include "lint/suppressions.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "lint/lint_docs.h"

namespace rr {
namespace {

constexpr std::string_view kMark = "# rule-runner:";
constexpr std::string_view kAllow = "allow";
constexpr std::string_view kReason = "--";
constexpr std::string_view kBlank = " \t";

size_t SkipBlank(std::string_view text, size_t at) {
  return std::min(text.find_first_not_of(kBlank, at), text.size());
}

// Where a comment of ours begins in a line: at its start or behind a blank.
size_t FindMark(std::string_view line) {
  for (size_t at = line.find(kMark); at != std::string_view::npos; at = line.find(kMark, at + 1)) {
    if (at == 0 || kBlank.find(line[at - 1]) != std::string_view::npos) return at;
  }
  return std::string_view::npos;
}

bool IsAlone(std::string_view line) {
  const size_t first = line.find_first_not_of(kBlank);
  return first != std::string_view::npos && line[first] == '#';
}

}  // namespace

void Suppressions::Read(SourcePtr source, Diagnostics* diagnostics) {
  if (std::find(files_.begin(), files_.end(), source->name()) != files_.end()) return;
  files_.push_back(source->name());
  const std::string_view text = source->text();
  if (text.find(kMark) == std::string_view::npos) return;
  int line = 1;
  for (size_t begin = 0; begin < text.size(); ++line) {
    const size_t next = std::min(text.find('\n', begin), text.size());
    const std::string_view content = source->Line(line);
    if (const size_t mark = FindMark(content); mark != std::string_view::npos) {
      Comment comment;
      comment.file = source->name();
      comment.alone = IsAlone(content);
      comment.line = line;
      // Alone, it is about the next line that is no comment.
      while (comment.alone && IsAlone(source->Line(comment.line))) ++comment.line;
      ReadComment(source, static_cast<uint32_t>(begin + mark),
                  static_cast<uint32_t>(begin + content.size()), std::move(comment), diagnostics);
    }
    begin = next + 1;
  }
}

void Suppressions::ReadComment(SourcePtr source, uint32_t begin, uint32_t end, Comment comment,
                               Diagnostics* diagnostics) {
  comment.comment = {source, begin, end, {}};
  const std::string_view text = std::string_view(source->text()).substr(begin, end - begin);
  const auto place_of = [&](size_t from, size_t to) {
    return Place{
        source, begin + static_cast<uint32_t>(from), begin + static_cast<uint32_t>(to), {}};
  };
  size_t at = SkipBlank(text, kMark.size());
  if (!text.substr(at).starts_with(kAllow)) {
    diagnostics
        ->Add(Code::kBadSuppression, comment.comment, "a comment for rule-runner says `allow`")
        .help = "# rule-runner: allow RR209 -- reason";
    return;
  }
  at += kAllow.size();
  const size_t dashes = text.find(kReason, at);
  const std::string_view codes = text.substr(0, std::min(dashes, text.size()));
  while ((at = SkipBlank(codes, at)) < codes.size()) {
    size_t stop = std::min(codes.find(',', at), codes.size());
    const size_t next = stop + 1;
    while (stop > at && kBlank.find(codes[stop - 1]) != std::string_view::npos) --stop;
    const std::string word(codes.substr(at, stop - at));
    const std::vector<Code> found = CodesOf(word);
    if (found.size() == 1) {
      comment.codes.push_back({found[0], place_of(at, stop)});
    } else {
      diagnostics->Add(Code::kBadSuppression, place_of(at, stop),
                       fmt::format("`{}` is no code or name of a finding", word));
    }
    at = next;
  }
  if (comment.codes.empty()) {
    if (SkipBlank(codes, SkipBlank(text, kMark.size()) + kAllow.size()) >= codes.size()) {
      diagnostics->Add(Code::kBadSuppression, comment.comment, "this comment allows no code");
    }
    return;
  }
  if (dashes == std::string_view::npos || SkipBlank(text, dashes + kReason.size()) >= text.size()) {
    diagnostics->Add(Code::kSuppressionWithoutReason, comment.comment,
                     "this suppression does not say why");
  }
  comments_.push_back(std::move(comment));
}

bool Suppressions::Allows(const Diagnostic& finding) {
  if (finding.place.source == nullptr) return false;
  const std::string& file = finding.place.source->name();
  bool allows = false;
  for (Comment& comment : comments_) {
    if (comment.file != file) continue;
    if (comment.line != finding.place.source->PositionOf(finding.place.begin).line) continue;
    for (Allowed& allowed : comment.codes) {
      if (allowed.code != finding.code) continue;
      allowed.used = true;
      allows = true;
    }
  }
  return allows;
}

void Suppressions::ReportUnused(const std::string& file, Diagnostics* diagnostics) const {
  for (const Comment& comment : comments_) {
    if (comment.file != file) continue;
    const bool all = std::none_of(comment.codes.begin(), comment.codes.end(),
                                  [](const Allowed& allowed) { return allowed.used; });
    for (size_t i = 0; i < comment.codes.size(); ++i) {
      const Allowed& allowed = comment.codes[i];
      if (allowed.used) continue;
      Diagnostic& d =
          diagnostics->Add(Code::kUnusedSuppression, allowed.place,
                           fmt::format("there is no {} to allow here", InfoOf(allowed.code).Id()));
      SourcePtr source = comment.comment.source;
      const std::string& text = source->text();
      if (all) {
        // The first code takes the whole comment with it, and its line where it is alone.
        d.help = "remove the comment";
        if (i > 0) continue;
        Place whole = comment.comment;
        while (whole.begin > 0 && kBlank.find(text[whole.begin - 1]) != std::string_view::npos)
          --whole.begin;
        if (comment.alone && whole.end < text.size()) ++whole.end;
        d.fix = {{whole, ""}};
      } else {
        d.help = "remove the code";
        Place whole = allowed.place;
        if (i > 0) {
          whole.begin = comment.codes[i - 1].place.end;
        } else {
          whole.end = comment.codes[1].place.begin;
        }
        d.fix = {{whole, ""}};
      }
    }
  }
}

}  // namespace rr
