#include "report/excerpt.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace rr {
namespace {

// Wider lines are cut, and this much is shown before the place.
constexpr size_t kMostColumns = 200;
constexpr size_t kColumnsBefore = 80;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kCut = "...";

// One character as it is printed, with the bytes that it stands for.
struct Glyph {
  std::string_view text;
  uint32_t code_point;
  size_t begin, end;
};

// Decodes leniently: a byte that starts no valid sequence is a glyph of its own.
Glyph ReadGlyph(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  const size_t length = lead < 0x80   ? 1
                        : lead < 0xC2 ? 0
                        : lead < 0xE0 ? 2
                        : lead < 0xF0 ? 3
                        : lead < 0xF5 ? 4
                                      : 0;
  uint32_t code_point = length <= 1 ? lead : lead & (0xFF >> (length + 1));
  bool valid = length > 0 && at + length <= text.size();
  for (size_t i = 1; valid && i < length; ++i) {
    valid = (byte(at + i) & 0xC0) == 0x80;
    code_point = code_point << 6 | (byte(at + i) & 0x3F);
  }
  if (!valid) return {kReplacement, 0xFFFD, at, at + 1};
  const bool white = code_point == '\t' || code_point == '\n';
  const bool control = (code_point < 0x20 && !white) || (code_point >= 0x7F && code_point < 0xA0);
  if (control) return {kReplacement, 0xFFFD, at, at + length};
  return {text.substr(at, length), code_point, at, at + length};
}

std::vector<Glyph> ReadGlyphs(std::string_view text) {
  std::vector<Glyph> glyphs;
  for (size_t at = 0; at < text.size(); at = glyphs.back().end)
    glyphs.push_back(ReadGlyph(text, at));
  return glyphs;
}

// Terminal columns, after the blocks of Unicode that matter in practice: combining marks, East
// Asian wide text, emoji.
size_t WidthOf(uint32_t c) {
  static constexpr std::pair<uint32_t, uint32_t> kNone[] = {
      {0x0300, 0x036F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}};
  static constexpr std::pair<uint32_t, uint32_t> kWide[] = {
      {0x1100, 0x115F},   {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},  {0xF900, 0xFAFF},
      {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F},
      {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
  const auto holds = [c](const auto& range) { return c >= range.first && c <= range.second; };
  if (std::any_of(std::begin(kNone), std::end(kNone), holds)) return 0;
  return std::any_of(std::begin(kWide), std::end(kWide), holds) ? 2 : 1;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string out;
  for (const Glyph& glyph : ReadGlyphs(text)) out += glyph.text;
  return out;
}

Excerpt ExcerptOf(const Place& place) {
  const Source& source = *place.source;
  Excerpt excerpt;
  excerpt.line = source.PositionOf(place.begin).line;
  const std::string_view line = source.Line(excerpt.line);
  const auto offset =
      static_cast<size_t>(std::max<ptrdiff_t>(line.data() - source.text().data(), 0));
  const size_t begin = std::min(place.begin - std::min<size_t>(offset, place.begin), line.size());
  const size_t end = std::min(std::max<size_t>(place.end, place.begin) - offset, line.size());

  const std::vector<Glyph> glyphs = ReadGlyphs(line);
  const auto first_at =
      std::find_if(glyphs.begin(), glyphs.end(), [&](const Glyph& g) { return g.end > begin; });
  const auto first = static_cast<size_t>(first_at - glyphs.begin());
  size_t from = 0;
  size_t to = glyphs.size();
  if (glyphs.size() > kMostColumns) {
    from =
        std::min(first > kColumnsBefore ? first - kColumnsBefore : 0, glyphs.size() - kMostColumns);
    to = from + kMostColumns;
  }
  if (from > 0) {
    excerpt.text += kCut;
    excerpt.caret.append(kCut.size(), ' ');
  }
  size_t carets = 0;
  for (size_t i = from; i < to; ++i) {
    const Glyph& glyph = glyphs[i];
    excerpt.text += glyph.text;
    const size_t width = WidthOf(glyph.code_point);
    if (i < first) {
      // A tab under a tab keeps what follows in line, whatever the terminal's tab stops are.
      excerpt.caret += glyph.code_point == '\t' ? std::string(1, '\t') : std::string(width, ' ');
    } else if (glyph.begin < end) {
      carets += width;
    }
  }
  if (to < glyphs.size()) excerpt.text += kCut;
  excerpt.caret.append(std::max<size_t>(carets, 1), '^');
  return excerpt;
}

}  // namespace rr
